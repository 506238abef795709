//! A real Redis as a process on a free port, which keeps nothing on disk.

use super::resp::RespClient;
use super::wait::{free_port, wait_until};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tempfile::TempDir;

/// Killed when dropped.
pub(crate) struct RedisServer {
    address: SocketAddr,
    process: Child,
    _folder: TempDir,
}

impl RedisServer {
    pub(crate) fn start() -> RedisServer {
        let port = free_port();
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        let folder = tempfile::tempdir().unwrap();
        let mut redis = Command::new("redis-server");
        redis.args(["--bind", "127.0.0.1", "--port", &port.to_string()]);
        redis.args(["--save", "", "--appendonly", "no"]).current_dir(folder.path());
        let spawned = redis.stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let process = spawned.expect("redis-server is installed by scripts/install-test-tools.sh");
        let server = RedisServer { address, process, _folder: folder };
        wait_until(Duration::from_secs(20), "redis-server listens", || {
            TcpStream::connect(address).is_ok()
        });
        server
    }

    pub(crate) fn client(&self) -> RespClient {
        RespClient::connect(self.address)
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
