//! Mosquitto as a process on a free port, with a configuration of its own, and the two kinds of
//! broker that the replication tests run against.

use super::wait::{free_port, wait_until};
use std::fs::{self, Permissions};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tempfile::TempDir;

/// What carries a cluster's updates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BrokerKind {
    /// The one inside the first node.
    Embedded,
    /// Debian's.
    Mosquitto,
}

/// A Mosquitto process. Killed when dropped.
pub(crate) struct Broker {
    port: u16,
    folder: TempDir,
    process: Option<Child>,
    /// Further lines of its configuration.
    settings: String,
}

impl BrokerKind {
    pub(crate) const BOTH: [BrokerKind; 2] = [BrokerKind::Embedded, BrokerKind::Mosquitto];
}

impl Broker {
    pub(crate) fn start() -> Broker {
        let mut broker = Broker::absent();
        broker.resume();
        broker
    }

    /// One that does not run before [`Broker::resume`].
    pub(crate) fn absent() -> Broker {
        let folder = tempfile::tempdir().unwrap();
        Broker {
            port: free_port(),
            folder,
            process: None,
            settings: "allow_anonymous true\n".to_owned(),
        }
    }

    /// One that breaks the connection over larger messages.
    pub(crate) fn with_packet_limit(bytes: usize) -> Broker {
        let mut broker = Broker::absent();
        broker.settings.push_str(&format!("max_packet_size {bytes}\n"));
        broker.resume();
        broker
    }

    /// One that knows a single user.
    pub(crate) fn with_user(name: &str, password: &str) -> Broker {
        let mut broker = Broker::absent();
        let file = broker.folder.path().join("passwords");
        let mut made = Command::new("mosquitto_passwd");
        made.args(["-b", "-c"]).arg(&file);
        assert!(made.args([name, password]).status().unwrap().success());
        // Mosquitto may give up root before it reads the file.
        fs::set_permissions(broker.folder.path(), Permissions::from_mode(0o755)).unwrap();
        fs::set_permissions(&file, Permissions::from_mode(0o644)).unwrap();
        broker.settings = format!("allow_anonymous false\npassword_file {}\n", file.display());
        broker.resume();
        broker
    }

    /// One that speaks TLS, and asks for a certificate of the same authority.
    pub(crate) fn with_tls(ca: &Path, cert: &Path, key: &Path) -> Broker {
        let mut broker = Broker::absent();
        // Mosquitto may give up root before it reads the file.
        fs::set_permissions(key, Permissions::from_mode(0o644)).unwrap();
        let (ca, cert, key) = (ca.display(), cert.display(), key.display());
        broker.settings.push_str(&format!(
            "cafile {ca}\ncertfile {cert}\nkeyfile {key}\nrequire_certificate true\n"
        ));
        broker.resume();
        broker
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Ends it like a power cut.
    pub(crate) fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().unwrap();
            process.wait().unwrap();
        }
    }

    /// Starts it again on the same port, with nothing remembered.
    pub(crate) fn resume(&mut self) {
        let settings = self.folder.path().join("mosquitto.conf");
        let text =
            format!("listener {} 127.0.0.1\nset_tcp_nodelay true\n{}", self.port, self.settings);
        fs::write(&settings, text).unwrap();
        let log = fs::File::create(self.folder.path().join("mosquitto.log")).unwrap();
        let process = Command::new(program("mosquitto"))
            .arg("-c")
            .arg(&settings)
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("mosquitto is installed by scripts/install-test-tools.sh");
        self.process = Some(process);
        wait_until(Duration::from_secs(10), "mosquitto listens", || {
            TcpStream::connect(("127.0.0.1", self.port)).is_ok()
        });
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Debian puts the broker where not every user looks.
pub(crate) fn program(name: &str) -> String {
    let path = format!("/usr/sbin/{name}");
    if fs::exists(&path).unwrap_or(false) { path } else { name.to_owned() }
}
