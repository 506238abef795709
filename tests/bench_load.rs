//! The load as its user runs it: on a node, on Redis and on memcached, with every option, and what
//! becomes of errors.

use crate::harness::{Node, NodeSettings, UsersFile, free_port, wait_until};
use serde_json::Value;
use std::net::TcpStream;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

/// A fraction of a second, which is enough for thousands of requests.
const SHORT: [&str; 4] = ["--seconds", "0.2", "--keys", "1000"];

fn bench(arguments: &[&str]) -> Output {
    bench_with(&[arguments, &SHORT].concat())
}

fn bench_with(arguments: &[&str]) -> Output {
    let program = env!("CARGO_BIN_EXE_merkle-kv");
    Command::new("timeout").args(["60", program, "bench"]).args(arguments).output().unwrap()
}

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn errors(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// The report of a run that went well.
fn json(arguments: &[&str]) -> Value {
    let output = bench(&[arguments, &["--json"]].concat());
    assert!(output.status.success(), "{}{}", out(&output), errors(&output));
    serde_json::from_str(&out(&output)).unwrap()
}

/// Another server. Killed when dropped.
struct Other {
    process: Child,
    address: String,
}

impl Other {
    fn start(program: &str, arguments: &[&str]) -> Other {
        let port = free_port();
        let mut command = Command::new(program);
        let port_option = if program == "memcached" { "-p" } else { "--port" };
        command.args([port_option, &port.to_string()]).args(arguments);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let process =
            command.spawn().expect("redis-server and memcached: scripts/install-test-tools.sh");
        let address = format!("127.0.0.1:{port}");
        wait_until(Duration::from_secs(10), program, || TcpStream::connect(&address).is_ok());
        Other { process, address }
    }
}

impl Drop for Other {
    fn drop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

#[test]
fn a_node_is_measured_with_every_option() {
    let node = Node::start(NodeSettings::alone("loaded"));
    let address = node.address().to_string();
    let report = json(&[
        &address,
        "--protocol",
        "text",
        "--clients",
        "7",
        "--pipeline",
        "3",
        "--reads",
        "0.25",
        "--value-bytes",
        "40",
        "--zipf",
        "0.99",
        "--rate",
        "20000",
        "--load",
        "--seed",
        "9",
    ]);
    let options = ["clients", "pipeline", "keys", "value_bytes", "seed"];
    assert_eq!(options.map(|name| report[name].as_u64().unwrap()), [7, 3, 1_000, 40, 9]);
    let options = ["reads_share", "zipf", "rate"];
    assert_eq!(options.map(|name| report[name].as_f64().unwrap()), [0.25, 0.99, 20_000.0]);
    let numbers = ["reads", "writes", "sent_bytes", "received_bytes", "operations_per_second"];
    assert!(numbers.iter().all(|name| report[name].as_f64().unwrap() > 0.0), "{report}");
    assert_eq!((report["errors"].as_u64(), report["missing_keys"].as_u64()), (Some(0), Some(0)));
    let mut client = node.client();
    assert_eq!(client.command("DBSIZE"), "DBSIZE 1000");
    assert_eq!(client.command("GET user:00000000000999").len(), "VALUE ".len() + 40);
}

#[test]
fn the_table_says_what_was_asked_and_what_came_of_it() {
    let node = Node::start(NodeSettings::alone("table"));
    let address = node.address().to_string();
    let output = bench(&[&address, "--reads", "1"]);
    assert!(output.status.success(), "{}", errors(&output));
    let table = out(&output);
    let parts = [&*address, "50 clients, pipeline 1", "100 % reads", "operations/s", "p99.9 ", "█"];
    for part in parts.iter().chain(&["reads found no key", "errors      0"]) {
        assert!(table.contains(part), "{part} in {table}");
    }
    assert!(table.lines().all(|line| line.chars().count() <= 100), "{table}");
}

#[test]
fn progress_is_a_line_a_second_where_there_is_no_terminal() {
    let node = Node::start(NodeSettings::alone("progress"));
    let address = node.address().to_string();
    let output = bench_with(&[&address, "--seconds", "1.2"]);
    let told = errors(&output);
    assert!(told.starts_with("1 of 1 s, ") && told.ends_with(" 0 errors\n"), "{told:?}");
}

#[test]
fn redis_and_memcached_are_measured_in_their_protocols() {
    let redis = Other::start("redis-server", &["--bind", "127.0.0.1", "--save", ""]);
    let memcached = Other::start("memcached", &["-u", "nobody", "-l", "127.0.0.1"]);
    for (other, protocol) in [(&redis, "resp"), (&memcached, "memcached")] {
        let report = json(&[&other.address, "--protocol", protocol, "--load", "--pipeline", "16"]);
        assert!(report["reads"].as_u64() > Some(0) && report["writes"].as_u64() > Some(0));
        assert_eq!((&report["errors"], &report["missing_keys"]), (&0.into(), &0.into()));
    }
}

#[test]
fn an_error_reply_leads_to_exit_code_1_and_is_shown() {
    let node = Node::start(NodeSettings::alone("small").network("max_value_bytes = 20"));
    let address = node.address().to_string();
    for form in [&["--json"][..], &[]] {
        let output = bench(&[&[&*address, "--reads", "0"], form].concat());
        assert_eq!(output.status.code(), Some(1));
        assert!(out(&output).contains("ERROR: "), "{}", out(&output));
        assert!(errors(&output).contains("errors, the first: ERROR: "), "{}", errors(&output));
    }
}

#[test]
fn what_cannot_be_measured_is_an_error_that_says_why() {
    let nobody = format!("127.0.0.1:{}", free_port());
    for (arguments, code, said) in [
        (&[&*nobody][..], 1, &*nobody),
        (&[&nobody, "--pipeline", "0"], 1, "the pipeline is 0, and has to be from 1 to 10000"),
        (&[&nobody, "--seconds=-1"], 1, "the number of seconds"),
        (&[&nobody, "--protocol", "http"], 2, "text, resp or memcached"),
    ] {
        let output = bench_with(arguments);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {}", errors(&output));
        assert!(errors(&output).contains(said), "{said} in {}", errors(&output));
    }
}

#[test]
fn a_node_with_users_is_measured_by_who_may() {
    let file = UsersFile::of(&[("ada", "read,write", "*", "pass word")]);
    let node = Node::start(NodeSettings::alone("users").section(&file.section()));
    let address = node.address().to_string();
    let run = |password: &str, arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_merkle-kv"));
        command.arg("bench").arg(&address).args(arguments).args(SHORT).args(["--clients", "2"]);
        command.env("MERKLEKV_PASSWORD", password).output().unwrap()
    };
    for protocol in ["text", "resp"] {
        let output = run("pass word", &["--user", "ada", "--load", "--protocol", protocol]);
        assert!(output.status.success(), "{}{}", out(&output), errors(&output));
    }
    let nobody = run("", &["--reads", "1"]);
    assert!(out(&nobody).contains("Not permitted"), "{}", out(&nobody));
    let wrong = run("pass", &["--user", "ada"]);
    assert!(errors(&wrong).contains("wrong user or password"), "{}", errors(&wrong));
    assert_eq!([nobody, wrong].map(|output| output.status.code()), [Some(1), Some(1)]);

    // In a session without a terminal there is nobody to ask.
    let mut alone = Command::new("setsid");
    alone.args(["-w", env!("CARGO_BIN_EXE_merkle-kv"), "bench", &address, "--user", "ada"]);
    let alone = alone.env_remove("MERKLEKV_PASSWORD").stdin(Stdio::null()).output().unwrap();
    assert_eq!(alone.status.code(), Some(1));
    let told = errors(&alone);
    assert!(told.contains("set MERKLEKV_PASSWORD"), "{told}");
    assert_eq!(told.matches("os error").count(), 1, "{told}");
}
