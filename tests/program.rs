//! The program as its operator meets it: arguments, configuration, exit codes, signals and logs.

use crate::harness::{Broker, BrokerKind, Cluster, Node, NodeSettings, free_port, wait_until};
use std::fs;
use std::io::Write;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::thread;
use std::time::{Duration, Instant};
use tempfile::TempDir;

const SECRET: &str = "hunter2-is-no-password";

/// The program with these arguments and variables, at most so long that a node which should not
/// have started ends.
fn run_with(arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    let mut command = Command::new("timeout");
    command.arg("20").arg(env!("CARGO_BIN_EXE_merkle-kv")).args(arguments);
    command.envs(variables.iter().copied()).output().unwrap()
}

fn run(arguments: &[&str]) -> Output {
    run_with(arguments, &[])
}

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn errors(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// A configuration file in a folder of its own.
struct Config {
    folder: TempDir,
}

impl Config {
    fn new(text: &str) -> Config {
        let config = Config { folder: tempfile::tempdir().unwrap() };
        fs::write(config.file(), text).unwrap();
        config
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("some.toml")
    }

    fn path(&self) -> String {
        self.file().to_str().unwrap().to_owned()
    }
}

fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

#[test]
fn check_config_tells_every_mistake_with_its_line() {
    let config = Config::new(
        "node_id = \"not good!\"\n[network]\nbind_port = 70000\nbind_prot = 1\n\
         max_connections = \"many\"\n[loging]\nlevel = \"info\"\n[mqtt]\nenabled = false\n",
    );
    let output = run(&["check-config", "--config", &config.path()]);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(out(&output), "");
    let told = errors(&output);
    let told: Vec<&str> = told.lines().collect();
    let expected = [
        (1, "node_id"),
        (3, "network.bind_port"),
        (4, "network.bind_prot"),
        (5, "network.max_connections"),
        (6, "loging"),
    ];
    assert_eq!(told.len(), expected.len(), "{told:#?}");
    for (problem, (line, key)) in told.iter().zip(expected) {
        let place = format!("{}:{line}: {key}: ", config.path());
        assert!(problem.starts_with(&place), "{problem} for {place}");
    }
}

#[test]
fn a_misspelt_variable_is_reported_with_the_name_that_was_meant() {
    let config = Config::new("node_id = \"n\"\n[mqtt]\nenabled = false\n");
    let variable = [("MERKLE_KV_NETWORK_BIND_PROT", "7400")];
    for arguments in [vec!["check-config"], vec!["print-config"], vec![]] {
        let path = config.path();
        let output = run_with(&[&arguments[..], &["--config", &path]].concat(), &variable);
        assert_eq!(output.status.code(), Some(2));
        let told = errors(&output);
        assert!(told.starts_with("MERKLE_KV_NETWORK_BIND_PROT: unknown variable"), "{told}");
        assert!(told.contains("MERKLE_KV_NETWORK_BIND_PORT"), "{told}");
    }
}

#[test]
fn a_missing_file_ends_the_program_with_what_to_do() {
    for arguments in [vec!["--config", "/nowhere/to/be.toml"], vec!["check-config"]] {
        let output = run(&arguments);
        assert_eq!(output.status.code(), Some(2));
        assert!(errors(&output).contains("--config FILE"), "{}", errors(&output));
    }
}

#[test]
fn a_port_in_use_names_the_address_and_the_key() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let port = address.port();
    let client = format!("[network]\nbind_port = {port}\n[mqtt]\nenabled = false\n");
    let broker =
        format!("[network]\nbind_port = 0\n[broker]\nenabled = true\nbind_port = {port}\n");
    for (settings, key) in [(client, "network.bind_port"), (broker, "broker.bind_port")] {
        let config = Config::new(&format!("node_id = \"n\"\n{settings}"));
        let output = run(&["--config", &config.path()]);
        let told = errors(&output);
        assert_eq!(output.status.code(), Some(3), "{told}");
        let told = told.lines().last().unwrap_or_default();
        assert!(told.contains(&address.to_string()) && told.contains(key), "{told}");
    }
}

#[test]
fn print_config_masks_secrets_loads_back_and_obeys_the_environment() {
    let config = Config::new(&format!(
        "node_id = \"n\"\n[network]\nbind_port = 7400\n[mqtt]\nusername = \"u\"\n\
         password = \"{SECRET}\"\nbroker_address = \"tcp://broker:1883\"\n"
    ));
    let printed = out(&run(&["print-config", "--config", &config.path()]));
    assert!(printed.contains("bind_port = 7400\n") && printed.contains("\npassword = "));
    assert!(!printed.contains(SECRET), "{printed}");
    let again = Config::new(&printed);
    assert_eq!(out(&run(&["print-config", "--config", &again.path()])), printed);
    let variables = [("MERKLE_KV_NETWORK_BIND_PORT", "7401"), ("MERKLE_KV_NODE_ID", "other")];
    let changed = out(&run_with(&["print-config", "--config", &config.path()], &variables));
    let expected = printed.replace("bind_port = 7400\n", "bind_port = 7401\n");
    assert_eq!(
        changed,
        expected
            .replace("node_id = \"n\"", "node_id = \"other\"")
            .replace("client_id = \"n\"", "client_id = \"other\"")
            .replace("data_dir = \"data/n\"", "data_dir = \"data/other\"")
    );
}

#[test]
fn the_reference_is_printed_and_every_file_in_configs_is_good() {
    let reference = fs::read_to_string(repository("configs/reference.toml")).unwrap();
    assert_eq!(out(&run(&["print-config", "--reference"])), reference);
    let needed =
        [("MERKLE_KV_NODE_ID", "n"), ("MERKLE_KV_MQTT_BROKER_ADDRESS", "tcp://127.0.0.1:1883")];
    let mut checked = 0;
    for file in fs::read_dir(repository("configs")).unwrap() {
        let path = file.unwrap().path();
        let is_reference = path.ends_with("reference.toml");
        let variables = if is_reference { &needed[..] } else { &[] };
        let output = run_with(&["check-config", "--config", path.to_str().unwrap()], variables);
        assert!(output.status.success(), "{}", errors(&output));
        checked += 1;
    }
    assert!(checked >= 5, "{checked} files");
}

#[test]
fn help_and_version_are_worth_reading() {
    let help = out(&run(&["--help"]));
    for word in ["--config", "check-config", "print-config", "MERKLE_KV_", "Exit codes"] {
        assert!(help.contains(word), "{word} in {help}");
    }
    assert!(out(&run(&["print-config", "--help"])).contains("--reference"));
    let version = format!("merkle-kv {}\n", env!("CARGO_PKG_VERSION"));
    assert_eq!(out(&run(&["--version"])), version);
}

/// Budgets are for a million keys; with fewer the table is what matters.
#[test]
fn bench_sync_repairs_every_kind_of_difference_and_prints_what_it_took() {
    let output = run(&["bench", "sync", "--keys", "20000", "--rounds", "2"]);
    assert!(output.status.success(), "{}", errors(&output));
    let table = out(&output);
    for part in ["machine ", "1 update", "10,000 neighbouring updates", "an empty peer"] {
        assert!(table.contains(part), "{part} in {table}");
    }
    assert!(errors(&output).contains("two replicas of 20,000 keys ..."));
    let refused = run(&["bench", "sync", "--keys", "3"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(errors(&refused).contains("3 keys: name from 20000"), "{}", errors(&refused));
}

/// The ways to ask a node to stop.
const STOPS: [&str; 3] = ["TERM", "INT", "SHUTDOWN"];

fn ask_to_stop(node: &Node, how: &str) {
    match how {
        "SHUTDOWN" => assert_eq!(node.client().command("SHUTDOWN"), "OK"),
        signal => node.signal(signal),
    }
}

#[test]
fn a_node_stops_in_order_whoever_is_connected() {
    for how in STOPS {
        let mut node = Node::start(NodeSettings::alone("one"));
        let mut client = node.client();
        assert_eq!(client.command("PING"), "PONG");
        ask_to_stop(&node, how);
        assert!(client.is_closed(), "{how}");
        assert_eq!(node.wait().code(), Some(0), "{how}: {}", node.log());
    }
}

#[test]
fn a_node_that_stops_answers_what_it_has_received() {
    const COMMANDS: usize = 40;
    let value = "v".repeat(1 << 20);
    for how in STOPS {
        let mut node = Node::start(NodeSettings::alone("one"));
        let (mut client, mut other) = (node.client(), node.client());
        assert_eq!(client.command(&format!("SET k {value}")), "OK");
        client.send("GET k\r\n".repeat(COMMANDS));
        // The replies do not fit the socket, so this client is still being answered.
        wait_until(Duration::from_secs(20), "it is under way", || other.count("get_commands") > 0);
        drop(other);
        ask_to_stop(&node, how);
        for n in 1..=COMMANDS {
            assert_eq!(client.line().len(), "VALUE ".len() + value.len(), "{how}: reply {n}");
        }
        assert!(client.is_closed(), "{how}");
        assert_eq!(node.wait().code(), Some(0), "{how}: {}", node.log());
    }
}

/// A client that never pauses was read from for as long as the stop waits for clients, five
/// seconds, and then cut with its replies under way. It is now read from for one more second.
#[test]
fn a_client_that_never_pauses_does_not_hold_up_a_stop() {
    let mut node = Node::start(NodeSettings::alone("one"));
    let (mut client, mut other) = (node.client(), node.client());
    let mut socket = client.socket().try_clone().unwrap();
    let commands = "INCR n\r\n".repeat(1_000);
    let writer = thread::spawn(move || while socket.write_all(commands.as_bytes()).is_ok() {});
    let reader = thread::spawn(move || client.is_closed());
    wait_until(Duration::from_secs(20), "it is under way", || other.count("incr_commands") > 0);
    drop(other);
    node.signal("TERM");
    assert_eq!(node.wait().code(), Some(0));
    assert!(reader.join().unwrap());
    writer.join().unwrap();
    assert!(!node.log().contains("did not take their last replies"), "{}", node.log());
}

#[test]
fn logs_are_json_in_files_that_rotate_in_new_folders_when_asked() {
    const FILE: &str = "logs/new/node.log";
    let logging = "level = \"trace\"\nformat = \"json\"\nmax_size_mb = 1\nmax_files = 2";
    let settings = NodeSettings::at_broker("one", free_port(), "logging")
        .section(&format!("[logging]\nfile_path = \"{FILE}\"\n{logging}"))
        .logs_to(FILE);
    let mut node = Node::start(settings);
    let mut client = node.client();
    let rotated = node.folder().join(format!("{FILE}.1"));
    wait_until(Duration::from_secs(20), "the file is rotated", || {
        // Each is a line in the log.
        client.send("REPLICATE ENABLE\r\n".repeat(500));
        (0..500).for_each(|_| assert_eq!(client.line(), "OK"));
        rotated.exists()
    });
    node.signal("TERM");
    assert_eq!(node.wait().code(), Some(0));
    let full = fs::read_to_string(rotated).unwrap();
    assert!(full.len() <= 1 << 20, "{} bytes", full.len());
    assert!(!node.folder().join(format!("{FILE}.2")).exists());
    for line in full.lines().chain(node.log().lines()) {
        let record: serde_json::Value = serde_json::from_str(line).unwrap();
        for name in ["time", "level", "target", "message"] {
            assert!(record[name].is_string(), "{name} in {line}");
        }
        assert_eq!(record["node"], "one");
    }
    let on_stderr = fs::read_to_string(node.folder().join("stderr.log")).unwrap();
    assert_eq!(on_stderr, "");
}

#[test]
fn a_secret_is_in_no_log_whoever_is_the_broker() {
    let broker = Broker::start();
    secret_stays_secret(broker.port(), "");
    let port = free_port();
    secret_stays_secret(port, &format!("[broker]\nenabled = true\nbind_port = {port}\n"));
}

fn secret_stays_secret(port: u16, broker: &str) {
    let sections = format!(
        "[mqtt]\nbroker_address = \"tcp://127.0.0.1:{port}\"\nusername = \"u\"\n\
         password = \"{SECRET}\"\n{broker}[logging]\nlevel = \"trace\"\n"
    );
    let mut node = Node::start(NodeSettings { sections, ..NodeSettings::alone("one") });
    node.joined();
    assert!(node.client().command(&format!("AUTH u {SECRET}")).starts_with("ERROR: "));
    let mut client = node.client();
    assert!(!client.list("INFO").join("\n").contains(SECRET));
    node.signal("TERM");
    assert_eq!(node.wait().code(), Some(0));
    assert!(node.log().contains("DEBUG"), "only what info says: {}", node.log());
    assert!(!node.log().contains(SECRET));
}

#[test]
fn without_a_broker_the_node_serves_and_keeps_its_writes() {
    let node = Node::start(NodeSettings::at_broker("one", free_port(), "lonely"));
    let mut client = node.client();
    let asked = Instant::now();
    assert_eq!(client.command("SET k v"), "OK");
    assert!(asked.elapsed() < Duration::from_secs(1), "SET took {:?}", asked.elapsed());
    assert_eq!(client.command("GET k"), "VALUE v");
    assert_eq!(client.command("REPLICATE STATUS"), "REPLICATION enabled connecting queued=1");
    node.stop();
}

#[test]
fn a_node_that_loses_its_broker_goes_on_and_meets_a_new_one_later() {
    let mut cluster = Cluster::start(1, BrokerKind::Mosquitto);
    let broker = cluster.broker.as_mut().unwrap();
    broker.kill();
    let mut client = cluster.nodes[0].client();
    assert_eq!(client.command("SET early e"), "OK");
    assert_eq!(client.command("GET early"), "VALUE e");
    let late = NodeSettings::at_broker("late", cluster.broker_port, &cluster.prefix);
    let late = Node::start(late);
    broker.resume();
    cluster.nodes[0].joined();
    late.joined();
    assert_eq!(late.client().command("SET late l"), "OK");
    wait_until(Duration::from_secs(20), "the later write arrives", || {
        client.command("GET late") == "VALUE l"
    });
    late.stop();
}

#[test]
fn a_killed_node_starts_again_at_once_on_its_port() {
    let mut node = Node::start(NodeSettings::alone("one"));
    let mut client = node.client();
    assert_eq!(client.command("SET k v"), "OK");
    node.kill();
    assert!(client.is_closed());
    let address = node.address();
    let node = node.restart();
    assert_eq!(node.address(), address);
    assert_eq!(node.client().command("GET k"), "(null)");
    node.stop();
}

#[test]
fn a_collector_of_spans_is_a_mistake_in_a_program_that_has_none_to_send() {
    let settings =
        NodeSettings::alone("one").section("[tracing]\notlp_collector = \"127.0.0.1:4318\"");
    let (code, said) = Node::prepare(settings).start_in_vain();
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("built without the otlp feature"), "{said}");
    assert!(said.contains("take the key away"), "{said}");
}
