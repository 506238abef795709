//! A node as a process, and a cluster of them.

use super::broker::{Broker, BrokerKind};
use super::client::{Client, REPLICATION_LIMIT};
use super::wait::{free_port, wait_until};
use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use tempfile::TempDir;

/// How long a node may take to start or to stop.
const PATIENCE: Duration = Duration::from_secs(20);

/// Makes topic prefixes unique, so that clusters at one broker do not meet.
static CLUSTERS: AtomicU32 = AtomicU32::new(0);

/// What a node is started with: lines of TOML by section.
#[derive(Clone, Debug)]
pub(crate) struct NodeSettings {
    pub(crate) node_id: String,
    /// Lines under `[network]`, beside `bind_port = 0`.
    pub(crate) network: String,
    /// Everything behind that: sections with their headers.
    pub(crate) sections: String,
    /// Where the log is found, inside the node's folder.
    pub(crate) log: &'static str,
    /// A program and its arguments that the node is run by; nothing if it is run directly.
    pub(crate) run_by: Vec<String>,
}

impl NodeSettings {
    /// A node on its own, without MQTT.
    pub(crate) fn alone(node_id: &str) -> NodeSettings {
        NodeSettings {
            node_id: node_id.to_owned(),
            network: String::new(),
            sections: "[mqtt]\nenabled = false\n".to_owned(),
            log: "stderr.log",
            run_by: Vec::new(),
        }
    }

    /// A node at the broker on this port of this machine.
    pub(crate) fn at_broker(node_id: &str, port: u16, prefix: &str) -> NodeSettings {
        let sections = format!(
            "[mqtt]\nbroker_address = \"tcp://127.0.0.1:{port}\"\ntopic_prefix = \"{prefix}\"\n"
        );
        NodeSettings { sections, ..NodeSettings::alone(node_id) }
    }

    /// The same, hosting that broker.
    pub(crate) fn with_broker(mut self, port: u16) -> NodeSettings {
        self.sections.push_str(&format!("[broker]\nenabled = true\nbind_port = {port}\n"));
        self
    }

    pub(crate) fn network(mut self, line: &str) -> NodeSettings {
        self.network.push_str(line);
        self.network.push('\n');
        self
    }

    /// Keeps everything in its data directory; further lines of `[storage]`.
    pub(crate) fn storage(self, lines: &str) -> NodeSettings {
        self.section(&format!("[storage]\npersistence_enabled = true\n{lines}"))
    }

    /// A section behind the others, with its header.
    pub(crate) fn section(mut self, text: &str) -> NodeSettings {
        self.sections.push_str(text);
        self.sections.push('\n');
        self
    }

    /// Serves metrics and health, on any free port.
    pub(crate) fn with_admin(self) -> NodeSettings {
        self.section("[admin]\nenabled = true\nbind_port = 0")
    }

    /// The log is looked for in this file instead of standard error; `[logging]` has to agree.
    pub(crate) fn logs_to(mut self, file: &'static str) -> NodeSettings {
        self.log = file;
        self
    }
}

/// A running node. Killed when dropped.
pub(crate) struct Node {
    pub(crate) settings: NodeSettings,
    address: SocketAddr,
    folder: TempDir,
    process: Option<Child>,
}

impl Node {
    /// Starts a node and waits until it listens.
    pub(crate) fn start(settings: NodeSettings) -> Node {
        let folder = tempfile::tempdir().unwrap();
        Node::start_in(folder, settings, 0)
    }

    /// The same on a port that others know already.
    pub(crate) fn start_at(port: u16, settings: NodeSettings) -> Node {
        Node::start_in(tempfile::tempdir().unwrap(), settings, port)
    }

    fn start_in(folder: TempDir, settings: NodeSettings, port: u16) -> Node {
        let mut node = Node::prepare_in(folder, settings, port);
        node.launch();
        node.listens();
        node
    }

    /// A node that has its folder and its configuration, and does not run.
    pub(crate) fn prepare(settings: NodeSettings) -> Node {
        Node::prepare_in(tempfile::tempdir().unwrap(), settings, free_port())
    }

    fn prepare_in(folder: TempDir, settings: NodeSettings, port: u16) -> Node {
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        let node = Node { settings, address, folder, process: None };
        node.configure();
        node
    }

    /// Writes its configuration.
    fn configure(&self) {
        fs::write(self.config(), self.configuration(&self.settings, self.address.port())).unwrap();
    }

    fn configuration(&self, settings: &NodeSettings, port: u16) -> String {
        let NodeSettings { node_id, network, sections, .. } = settings;
        format!("node_id = \"{node_id}\"\n[network]\nbind_port = {port}\n{network}\n{sections}")
    }

    /// Writes another configuration for the running node, at once, with the port that the file has.
    pub(crate) fn reconfigure(&self, port: u16, settings: &NodeSettings) {
        self.replace_config(&self.configuration(settings, port));
    }

    /// Puts another file in the place of the configuration, at once.
    pub(crate) fn replace_config(&self, text: &str) {
        let new = self.folder.path().join("node.toml.new");
        fs::write(&new, text).unwrap();
        fs::rename(new, self.config()).unwrap();
    }

    fn config(&self) -> PathBuf {
        self.folder.path().join("node.toml")
    }

    /// The program on its configuration, with further arguments.
    fn program(&self, arguments: &[&str]) -> Command {
        let program = env!("CARGO_BIN_EXE_merkle-kv");
        let mut command = match &self.settings.run_by[..] {
            [] => Command::new(program),
            [runner, rest @ ..] => {
                let mut command = Command::new(runner);
                command.args(rest).arg(program);
                command
            }
        };
        command.arg("--config").arg(self.config()).args(arguments).current_dir(self.folder.path());
        command
    }

    /// Runs it in its folder, without waiting for anything.
    pub(crate) fn launch(&mut self) {
        self.launch_with(&[]);
    }

    fn launch_with(&mut self, arguments: &[&str]) {
        assert!(self.process.is_none(), "end the node first");
        let errors = fs::File::create(self.folder.path().join("stderr.log")).unwrap();
        let mut program = self.program(arguments);
        self.process = Some(program.stdout(Stdio::null()).stderr(errors).spawn().unwrap());
    }

    /// Waits until a node that was launched listens.
    #[track_caller]
    pub(crate) fn listens(&mut self) {
        let process = self.process.as_mut().unwrap();
        let errors = self.folder.path().join("stderr.log");
        let log = self.folder.path().join(self.settings.log);
        let mut address = None;
        wait_until(PATIENCE, "the node listens", || {
            if let Some(status) = process.try_wait().unwrap() {
                panic!("the node ended with {status}:\n{}", fs::read_to_string(&errors).unwrap());
            }
            address = fs::read_to_string(&log).ok().and_then(|text| listening_address(&text));
            address.is_some()
        });
        self.address = address.unwrap();
    }

    /// Starts it again after it has ended, on the same port and with what it had stored.
    #[track_caller]
    pub(crate) fn start_again(&mut self) {
        self.start_again_with(&[]);
    }

    /// The same, with further arguments.
    #[track_caller]
    pub(crate) fn start_again_with(&mut self, arguments: &[&str]) {
        self.configure();
        self.launch_with(arguments);
        self.listens();
    }

    /// Runs it where it cannot start. Gives its exit code, and what it said last.
    #[track_caller]
    pub(crate) fn start_in_vain(&mut self) -> (Option<i32>, String) {
        self.start_in_vain_with(&[])
    }

    /// The same, with further arguments.
    #[track_caller]
    pub(crate) fn start_in_vain_with(&mut self, arguments: &[&str]) -> (Option<i32>, String) {
        self.launch_with(arguments);
        let code = self.wait().code();
        let log = self.log();
        (code, log.lines().last().unwrap_or_default().to_owned())
    }

    /// Where it stores everything, unless its settings name another folder.
    pub(crate) fn data_dir(&self) -> PathBuf {
        self.folder.path().join("data").join(&self.settings.node_id)
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn client(&self) -> Client {
        Client::connect(self.address)
    }

    /// What the node has logged so far.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join(self.settings.log)).unwrap()
    }

    /// Waits for a line of the log that holds `text`, and gives it. The log is written by a thread of
    /// its own, so a line may follow what it tells of.
    #[track_caller]
    pub(crate) fn logged(&self, text: &str) -> String {
        let mut found = None;
        wait_until(PATIENCE, &format!("the log says {text:?}"), || {
            found = self.log().lines().find(|line| line.contains(text)).map(str::to_owned);
            found.is_some()
        });
        found.unwrap_or_default()
    }

    /// The folder of its configuration and its log.
    pub(crate) fn folder(&self) -> PathBuf {
        self.folder.path().to_owned()
    }

    pub(crate) fn process_id(&self) -> u32 {
        self.process.as_ref().unwrap().id()
    }

    /// Resident memory, in bytes.
    pub(crate) fn memory(&self) -> u64 {
        self.memory_line("VmRSS:")
    }

    /// The most that resident memory has been, in bytes.
    pub(crate) fn peak_memory(&self) -> u64 {
        self.memory_line("VmHWM:")
    }

    fn memory_line(&self, name: &str) -> u64 {
        let path = format!("/proc/{}/status", self.process_id());
        let text = fs::read_to_string(path).unwrap();
        let line = text.lines().find(|line| line.starts_with(name)).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 1024
    }

    /// Sends a signal, by its name without SIG.
    pub(crate) fn signal(&self, name: &str) {
        let pid = self.process_id().to_string();
        assert!(Command::new("kill").args(["-s", name, &pid]).status().unwrap().success());
    }

    /// Waits for the end of the process.
    pub(crate) fn wait(&mut self) -> ExitStatus {
        let mut process = self.process.take().unwrap();
        let mut status = None;
        wait_until(PATIENCE, "the node ends", || {
            status = process.try_wait().unwrap();
            status.is_some()
        });
        status.unwrap()
    }

    /// Stops it in order; fails if that does not end with 0.
    #[track_caller]
    pub(crate) fn stop(mut self) {
        self.end();
    }

    /// The same for a node that is started again later.
    #[track_caller]
    pub(crate) fn end(&mut self) {
        self.signal("TERM");
        let status = self.wait();
        assert!(status.success(), "{status}: {}", self.log());
    }

    /// Ends it like a power cut.
    pub(crate) fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().unwrap();
            process.wait().unwrap();
        }
    }

    /// Starts it again on the same port, after it has ended, in a new folder: its data is gone.
    pub(crate) fn restart(self) -> Node {
        assert!(self.process.is_none(), "end the node first");
        let settings = self.settings.clone();
        let port = self.address.port();
        drop(self);
        Node::start_in(tempfile::tempdir().unwrap(), settings, port)
    }

    /// Where it serves metrics and health, once it does.
    #[track_caller]
    pub(crate) fn admin(&self) -> SocketAddr {
        let mut address = None;
        wait_until(PATIENCE, "the node serves HTTP", || {
            address = address_in(&self.log(), "over HTTP");
            address.is_some()
        });
        address.unwrap()
    }

    /// Waits until the node has joined its cluster.
    pub(crate) fn joined(&self) {
        let mut client = self.client();
        wait_until(PATIENCE, "the node joins", || {
            client.command("REPLICATE STATUS").contains(" connected ")
        });
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.kill();
        if std::thread::panicking() {
            let log = fs::read_to_string(self.folder.path().join(self.settings.log));
            eprintln!("log of {}:\n{}", self.settings.node_id, log.unwrap_or_default());
        }
    }
}

/// From a log as text or as JSON.
fn listening_address(log: &str) -> Option<SocketAddr> {
    address_in(log, "listening")
}

/// What the node says of one of its ports.
fn address_in(log: &str, said: &str) -> Option<SocketAddr> {
    let line = log.lines().find(|line| line.contains("actors::node") && line.contains(said))?;
    let address = line.split_once("address=").or_else(|| line.split_once("\"address\":\""))?.1;
    address.split([' ', '"']).next()?.parse().ok()
}

/// A name for a cluster that no other test of this run has.
pub(crate) fn unique_prefix() -> String {
    let number = CLUSTERS.fetch_add(1, Ordering::Relaxed);
    format!("test-{}-{number}", std::process::id())
}

/// Nodes that replicate, and their broker. Node 0 hosts the broker if it is the in-process one.
pub(crate) struct Cluster {
    pub(crate) nodes: Vec<Node>,
    pub(crate) prefix: String,
    pub(crate) broker_port: u16,
    /// Only if it is Mosquitto.
    pub(crate) broker: Option<Broker>,
}

impl Cluster {
    /// Starts `count` nodes and waits until all have joined.
    pub(crate) fn start(count: usize, kind: BrokerKind) -> Cluster {
        Cluster::start_with(count, kind, |settings| settings)
    }

    /// The same with further settings for each.
    pub(crate) fn start_with(
        count: usize,
        kind: BrokerKind,
        more: impl Fn(NodeSettings) -> NodeSettings,
    ) -> Cluster {
        let broker = (kind == BrokerKind::Mosquitto).then(Broker::start);
        let broker_port = broker.as_ref().map_or_else(free_port, Broker::port);
        let prefix = unique_prefix();
        let nodes: Vec<Node> = (0..count)
            .map(|n| {
                let settings = NodeSettings::at_broker(&format!("node{n}"), broker_port, &prefix);
                let settings = more(settings);
                let hosts = n == 0 && kind == BrokerKind::Embedded;
                Node::start(if hosts { settings.with_broker(broker_port) } else { settings })
            })
            .collect();
        nodes.iter().for_each(Node::joined);
        Cluster { nodes, prefix, broker_port, broker }
    }

    pub(crate) fn clients(&self) -> Vec<Client> {
        self.nodes.iter().map(Node::client).collect()
    }

    /// Waits until every node answers a command with this line.
    #[track_caller]
    pub(crate) fn agree_on(&self, command: &str, reply: &str) {
        for client in &mut self.clients() {
            client.until(command, reply);
        }
    }

    /// Waits until all nodes hold the same keys and values, and gives these.
    #[track_caller]
    pub(crate) fn converged(&self) -> Vec<(String, String)> {
        let mut clients = self.clients();
        let mut contents: Vec<_> = Vec::new();
        wait_until(REPLICATION_LIMIT, "all nodes hold the same", || {
            contents = clients.iter_mut().map(Client::content).collect();
            contents.windows(2).all(|pair| pair[0] == pair[1])
        });
        contents.remove(0)
    }
}
