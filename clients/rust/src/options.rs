//! Options of a client, and the builder that takes them.

use crate::link::Cipher;
use crate::{Client, Error, Result};
use std::time::{Duration, Instant};
use std::{fmt, io};

const PORT: u16 = 7379;
const TIMEOUT: Duration = Duration::from_secs(5);
const CONNECT_ATTEMPTS: u32 = 4;
const REPLY_LIMIT: usize = 16 * 1024 * 1024;

/// Longer than anybody waits, and short enough to be added to any moment.
const LONGEST_TIMEOUT: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// Who logs in.
#[derive(Clone)]
pub(crate) struct Login {
    pub(crate) user: String,
    pub(crate) password: String,
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not the password.
        f.debug_struct("Login").field("user", &self.user).finish_non_exhaustive()
    }
}

/// What a client was made with.
#[derive(Debug, Clone)]
pub(crate) struct Options {
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) timeout: Duration,
    pub(crate) login: Option<Login>,
    pub(crate) connect_attempts: u32,
    pub(crate) reply_limit: usize,
    #[cfg(feature = "tls")]
    pub(crate) tls: Option<crate::tls::Loaded>,
}

impl Options {
    /// The node, as `host:port`.
    pub(crate) fn node(&self) -> String {
        let (host, port) = (&self.host, self.port);
        if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
    }

    /// When the reply to a command that is sent now has to be there.
    pub(crate) fn deadline(&self) -> Instant {
        Instant::now() + self.timeout
    }

    /// What a new connection is encrypted with, if it is.
    pub(crate) fn cipher(&self) -> io::Result<Option<Box<dyn Cipher>>> {
        #[cfg(feature = "tls")]
        return self.tls.as_ref().map(crate::tls::Loaded::cipher).transpose();
        #[cfg(not(feature = "tls"))]
        Ok(None)
    }
}

/// Takes options and makes a client.
///
/// ```no_run
/// use merklekv_client::Client;
/// use std::time::Duration;
///
/// let mut client = Client::builder()
///     .host("10.0.0.2")
///     .login("alice", "correct horse")
///     .timeout(Duration::from_secs(1))
///     .build()?;
/// client.set("greeting", "hello")?;
/// # Ok::<(), merklekv_client::Error>(())
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct Builder {
    options: Options,
    #[cfg(feature = "tls")]
    tls: Option<crate::Tls>,
}

impl Builder {
    pub(crate) fn new() -> Builder {
        Builder {
            options: Options {
                host: "localhost".to_owned(),
                port: PORT,
                timeout: TIMEOUT,
                login: None,
                connect_attempts: CONNECT_ATTEMPTS,
                reply_limit: REPLY_LIMIT,
                #[cfg(feature = "tls")]
                tls: None,
            },
            #[cfg(feature = "tls")]
            tls: None,
        }
    }

    /// The name or the address of the node; `localhost` without it.
    pub fn host(mut self, host: impl Into<String>) -> Builder {
        self.options.host = host.into();
        self
    }

    /// The port of the node; 7379 without it.
    pub fn port(mut self, port: u16) -> Builder {
        self.options.port = port;
        self
    }

    /// Host and port at once, such as `localhost:7379`, `[::1]:7379`, or a host alone.
    ///
    /// # Errors
    ///
    /// [`Error::Argument`] if it is no address.
    pub fn address(self, address: &str) -> Result<Builder> {
        let is_whole = |rest: &str| rest.starts_with('[') && rest.ends_with(']');
        let (host, port) = match address.rsplit_once(':') {
            Some((host, port)) if !host.contains(':') || is_whole(host) => {
                let port = port.parse().map_err(|_| not_an_address(address))?;
                (host, port)
            }
            _ => (address, self.options.port),
        };
        let host = host.trim_start_matches('[').trim_end_matches(']');
        if host.is_empty() { Err(not_an_address(address)) } else { Ok(self.host(host).port(port)) }
    }

    /// The longest that one reply may take, connecting included; 5 seconds without it.
    pub fn timeout(mut self, timeout: Duration) -> Builder {
        self.options.timeout = timeout.min(LONGEST_TIMEOUT);
        self
    }

    /// Who logs in, on every connection; nobody without it.
    pub fn login(mut self, user: impl Into<String>, password: impl Into<String>) -> Builder {
        self.options.login = Some(Login { user: user.into(), password: password.into() });
        self
    }

    /// Encrypts connections; they are not without it.
    #[cfg(feature = "tls")]
    pub fn tls(mut self, tls: crate::Tls) -> Builder {
        self.tls = Some(tls);
        self
    }

    /// How often connecting is tried before a call fails; 4 times without it.
    pub fn connect_attempts(mut self, attempts: u32) -> Builder {
        self.options.connect_attempts = attempts;
        self
    }

    /// The longest line of a reply, in bytes; 16 MiB without it. A longer one is a protocol error,
    /// and so are a page of keys and a report that take more memory as a whole. The legacy dialect
    /// gives all keys in one page.
    pub fn reply_limit(mut self, bytes: usize) -> Builder {
        self.options.reply_limit = bytes;
        self
    }

    /// Makes a client that connects with its first call.
    ///
    /// # Errors
    ///
    /// [`Error::Argument`] if an option is bad, or a file for TLS cannot be read.
    pub fn build(self) -> Result<Client> {
        self.checked().map(Client::new)
    }

    /// Makes an async client that connects with its first call.
    ///
    /// # Errors
    ///
    /// [`Error::Argument`] if an option is bad, or a file for TLS cannot be read.
    #[cfg(feature = "async")]
    pub fn build_async(self) -> Result<crate::AsyncClient> {
        self.checked().map(crate::AsyncClient::new)
    }

    fn checked(self) -> Result<Options> {
        #[cfg_attr(not(feature = "tls"), expect(unused_mut))]
        let mut options = self.options;
        if options.timeout.is_zero() || options.connect_attempts == 0 || options.reply_limit == 0 {
            return Err(Error::argument(
                "the timeout, the connect attempts and the reply limit have to be above zero",
            ));
        }
        #[cfg(feature = "tls")]
        {
            options.tls = self.tls.map(|tls| tls.load(&options.host)).transpose()?;
        }
        Ok(options)
    }
}

fn not_an_address(address: &str) -> Error {
    Error::argument(format!("{address:?} is no address: it has to be like localhost:7379"))
}
