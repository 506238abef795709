//! Encryption with rustls: what the files say, and the encryption of a connection.

use crate::link::Cipher;
use crate::wire::Decoder;
use crate::{Error, Result};
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore};
use std::fmt::Display;
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// How connections are encrypted, and who is trusted. All files are PEM, and are read when the
/// client is made.
#[derive(Debug, Clone, Default)]
pub struct Tls {
    ca_file: Option<PathBuf>,
    server_name: Option<String>,
    identity: Option<(PathBuf, PathBuf)>,
}

impl Tls {
    /// Trusts the authorities that the system trusts, and expects the name of the host in the
    /// node's certificate.
    pub fn new() -> Tls {
        Tls::default()
    }

    /// Trusts the authorities in this file, and no others.
    #[must_use]
    pub fn ca_file(mut self, path: impl Into<PathBuf>) -> Tls {
        self.ca_file = Some(path.into());
        self
    }

    /// Expects this name or address in the node's certificate.
    #[must_use]
    pub fn server_name(mut self, name: impl Into<String>) -> Tls {
        self.server_name = Some(name.into());
        self
    }

    /// Shows the node this certificate, which belongs to this private key.
    #[must_use]
    pub fn identity(mut self, cert_file: impl Into<PathBuf>, key_file: impl Into<PathBuf>) -> Tls {
        self.identity = Some((cert_file.into(), key_file.into()));
        self
    }

    /// Reads the files.
    pub(crate) fn load(&self, host: &str) -> Result<Loaded> {
        let name = self.server_name.as_deref().unwrap_or(host);
        let server_name = ServerName::try_from(name.to_owned()).map_err(|_| {
            Error::argument(format!("{name:?} is no name that a certificate can have"))
        })?;
        let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| Error::argument(error.to_string()))?
            .with_root_certificates(self.trusted()?);
        let config = match &self.identity {
            None => builder.with_no_client_auth(),
            Some((cert_file, key_file)) => {
                let key = PrivateKeyDer::from_pem_file(key_file).map_err(|_| {
                    unreadable(key_file, "there is no private key to be read in it")
                })?;
                builder
                    .with_client_auth_cert(certificates(cert_file)?, key)
                    .map_err(|error| unreadable(cert_file, error))?
            }
        };
        Ok(Loaded { config: Arc::new(config), server_name })
    }

    fn trusted(&self) -> Result<RootCertStore> {
        let mut roots = RootCertStore::empty();
        match &self.ca_file {
            // Those that cannot be read are left out, as everybody does.
            None => {
                roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
            }
            Some(path) => {
                for certificate in certificates(path)? {
                    roots.add(certificate).map_err(|error| unreadable(path, error))?;
                }
            }
        }
        Ok(roots)
    }
}

/// The certificates of a file, at least one.
fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>> {
    let read = CertificateDer::pem_file_iter(path).and_then(|found| found.collect());
    let certificates: Vec<_> = read.map_err(|error| unreadable(path, error))?;
    if certificates.is_empty() {
        return Err(unreadable(path, "there is no certificate in it"));
    }
    Ok(certificates)
}

fn unreadable(path: &Path, why: impl Display) -> Error {
    Error::argument(format!("cannot use {} for TLS: {why}", path.display()))
}

/// What the files said, of which the encryption of each connection is made.
#[derive(Debug, Clone)]
pub(crate) struct Loaded {
    config: Arc<ClientConfig>,
    server_name: ServerName<'static>,
}

impl Loaded {
    pub(crate) fn cipher(&self) -> io::Result<Box<dyn Cipher>> {
        let connection = ClientConnection::new(self.config.clone(), self.server_name.clone());
        let mut connection = connection.map_err(io::Error::other)?;
        // A command may be longer than the default limit; it is all taken out again at once.
        connection.set_buffer_limit(None);
        Ok(Box::new(connection))
    }
}

impl Cipher for ClientConnection {
    fn seal(&mut self, plain: &[u8], sealed: &mut Vec<u8>) -> io::Result<()> {
        self.writer().write_all(plain)?;
        while self.wants_write() {
            self.write_tls(sealed)?;
        }
        Ok(())
    }

    fn open(&mut self, mut sealed: &[u8], decoder: &mut Decoder) -> io::Result<()> {
        while !sealed.is_empty() {
            self.read_tls(&mut sealed)?;
            let state = self.process_new_packets().map_err(|error| failed(&error))?;
            if state.peer_has_closed() && state.plaintext_bytes_to_read() == 0 {
                return Err(ErrorKind::UnexpectedEof.into());
            }
            let mut left = state.plaintext_bytes_to_read();
            while left > 0 {
                let count = self.reader().read(decoder.space())?;
                decoder.received(count);
                left -= count;
            }
        }
        Ok(())
    }

    fn is_handshaking(&self) -> bool {
        (**self).is_handshaking()
    }
}

/// What went wrong, and what to do where that is known.
fn failed(error: &rustls::Error) -> io::Error {
    let advice = match error {
        rustls::Error::InvalidCertificate(_) => {
            "; is the authority's file the right one, and the name that is expected?"
        }
        rustls::Error::InvalidMessage(_) => "; does this port speak TLS?",
        _ => "",
    };
    io::Error::new(ErrorKind::InvalidData, format!("TLS failed: {error}{advice}"))
}
