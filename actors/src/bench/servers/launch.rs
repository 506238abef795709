//! How each server is started: with which settings, on which processor.

use super::cores::Cores;
use super::durability::Durability;
use super::error::ServerError;
use super::server::{STOP_LIMIT, Server, free_address};
use super::site::{Process, Site};
use crate::bench::load::Protocol;
use std::ffi::OsStr;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Where Debian puts what only root is thought to need, Mosquitto among it.
const SYSTEM_PROGRAMS: &str = "/usr/sbin";

/// What memcached may take: more than any comparison gives it.
const MEMCACHED_MEGABYTES: &str = "65536";

/// The program to measure, and where.
pub(in crate::bench) struct Bench<'a> {
    pub(in crate::bench) site: &'a Site,
    /// This program.
    pub(in crate::bench) program: PathBuf,
    /// Where each process is to run, if that is to be chosen.
    pub(in crate::bench) cores: Option<Cores>,
}

/// What part of a comparison a process plays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::bench) enum Role {
    /// It is measured.
    Measured,
    /// It is needed: a broker or a peer.
    Needed,
}

impl Bench<'_> {
    /// Starts a node on its own that keeps its data in `data`.
    pub(in crate::bench) fn node(
        &self,
        durability: Durability,
        data: &Path,
    ) -> Result<Server, ServerError> {
        let data = data.display();
        let storage = match durability {
            Durability::Off => "persistence_enabled = false".to_owned(),
            Durability::Interval | Durability::Always => {
                format!("persistence_enabled = true\ndurability = \"{durability}\"")
            }
        };
        let sections = format!(
            "[mqtt]\nenabled = false\n[anti_entropy]\nenabled = false\n\
             [storage]\nmemory_limit_mb = 0\ndata_dir = \"{data}\"\n{storage}\n"
        );
        self.node_with("node", &sections, Protocol::Text, Role::Measured)
    }

    /// Starts a node of this name with these sections of its configuration.
    pub(in crate::bench) fn node_with(
        &self,
        name: &str,
        sections: &str,
        protocol: Protocol,
        role: Role,
    ) -> Result<Server, ServerError> {
        let address = free_address()?;
        let folder = self.site.folder(name)?;
        let config = folder.join("node.toml");
        let port = address.port();
        let text = format!(
            "node_id = \"bench-{name}\"\n[network]\nbind_port = {port}\n\
             [logging]\nlevel = \"warn\"\n{sections}"
        );
        fs::write(&config, text)
            .map_err(|source| ServerError::File { path: config.clone(), source })?;
        let mut command = self.program(role);
        command.arg("--config").arg(&config);
        let process = self.site.start("merkle-kv", &mut command, &folder)?;
        Ok(Server { protocol, address, process })
    }

    /// Starts a Redis that keeps its data in `data`.
    pub(in crate::bench) fn redis(
        &self,
        durability: Durability,
        data: &Path,
    ) -> Result<Server, ServerError> {
        let address = free_address()?;
        let mut command = self.other("redis-server", Role::Measured)?;
        let port = address.port().to_string();
        command.args(["--port", &port, "--bind", "127.0.0.1", "--loglevel", "warning"]);
        command.arg("--dir").arg(data).args(["--save", ""]);
        match durability {
            Durability::Off => command.args(["--appendonly", "no"]),
            Durability::Interval => {
                command.args(["--appendonly", "yes", "--appendfsync", "everysec"])
            }
            Durability::Always => command.args(["--appendonly", "yes", "--appendfsync", "always"]),
        };
        let folder = self.site.folder("redis")?;
        let process = self.site.start("redis-server", &mut command, &folder)?;
        Ok(Server { protocol: Protocol::Resp, address, process })
    }

    /// Starts a memcached with one thread.
    pub(in crate::bench) fn memcached(&self) -> Result<Server, ServerError> {
        let address = free_address()?;
        let mut command = self.other("memcached", Role::Measured)?;
        let port = address.port().to_string();
        command.args(["-p", &port, "-l", "127.0.0.1", "-U", "0", "-t", "1"]);
        // The user counts for root only, who has to name one.
        command.args(["-m", MEMCACHED_MEGABYTES, "-u", "nobody"]);
        let folder = self.site.folder("memcached")?;
        let process = self.site.start("memcached", &mut command, &folder)?;
        Ok(Server { protocol: Protocol::Memcached, address, process })
    }

    /// Starts a broker: Mosquitto, or where there is none a node that hosts one.
    pub(in crate::bench) fn broker(&self) -> Result<(Process, SocketAddr), ServerError> {
        let address = free_address()?;
        let port = address.port();
        let Ok(mut command) = self.other("mosquitto", Role::Needed) else {
            let sections =
                format!("[mqtt]\nenabled = false\n[broker]\nenabled = true\nbind_port = {port}\n");
            let node = self.node_with("broker", &sections, Protocol::Text, Role::Needed)?;
            return Ok((node.process, address));
        };
        let folder = self.site.folder("broker")?;
        let config = folder.join("mosquitto.conf");
        let text =
            format!("listener {port} 127.0.0.1\nallow_anonymous true\nset_tcp_nodelay true\n");
        fs::write(&config, text)
            .map_err(|source| ServerError::File { path: config.clone(), source })?;
        let process = self.site.start("mosquitto", command.arg("-c").arg(&config), &folder)?;
        Ok((process, address))
    }

    /// Runs a subcommand of the program to its end.
    pub(in crate::bench) fn subcommand(&self, arguments: &[&str]) -> Result<(), ServerError> {
        let name = format!("merkle-kv {}", arguments.join(" "));
        let mut command = self.program(Role::Needed);
        let process =
            self.site.start(&name, command.args(arguments), &self.site.folder("command")?)?;
        process.wait(STOP_LIMIT)
    }

    /// This program, without what the environment says of another configuration.
    fn program(&self, role: Role) -> Command {
        let mut command = self.pinned(self.program.as_os_str(), role);
        let variables = std::env::vars_os().map(|(name, _)| name);
        variables
            .filter(|name| name.to_string_lossy().starts_with("MERKLE_KV_"))
            .for_each(|name| _ = command.env_remove(name));
        command
    }

    /// Another program, if it is installed.
    fn other(&self, name: &'static str, role: Role) -> Result<Command, ServerError> {
        let path = installed(name).ok_or(ServerError::NotInstalled(name))?;
        Ok(self.pinned(path.as_os_str(), role))
    }

    /// A command that runs a program on the processor of its role. taskset becomes that program, so
    /// the process keeps its number.
    fn pinned(&self, program: &OsStr, role: Role) -> Command {
        let Some(cores) = &self.cores else { return Command::new(program) };
        let list = match role {
            Role::Measured => &cores.measured,
            Role::Needed => &cores.needed,
        };
        let mut command = Command::new("taskset");
        command.args(["-c", list]).arg(program);
        command
    }
}

/// Where a program is found, if it is.
pub(in crate::bench) fn installed(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain([PathBuf::from(SYSTEM_PROGRAMS)]);
    folders.map(|folder| folder.join(name)).find(|file| file.is_file())
}
