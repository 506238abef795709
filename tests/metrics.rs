//! Metrics: that they move with what happens, that Prometheus takes them, and that rules, dashboard
//! and documents speak of those that there are.

use crate::harness::{
    Client, Node, NodeSettings, Stranger, free_port, get, send, unique_prefix, wait_until,
};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

/// How long a number may take to move. Far more than any does on a loaded machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// Scrapes under load, and commands of each pipeline of it.
const SCRAPES: usize = 20;
const PIPELINE: usize = 200;

fn file(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Every sample of a node, by its name with its labels.
#[track_caller]
fn scrape(node: &Node) -> BTreeMap<String, f64> {
    let page = get(node.admin(), "/metrics");
    assert_eq!(page.status, 200, "{}", page.body);
    assert!(page.headers.contains("application/openmetrics-text; version=1.0.0"));
    assert!(page.body.ends_with("# EOF\n"));
    let samples = page.body.lines().filter(|line| !line.starts_with('#'));
    let samples = samples.map(|line| {
        let (name, value) = line.rsplit_once(' ').unwrap();
        (name.to_owned(), value.parse().unwrap())
    });
    samples.collect()
}

/// Waits until each of these, which began at 0 or were not there, is above it.
#[track_caller]
fn all_move(node: &Node, names: &[&str]) {
    let mut still = Vec::new();
    let mut moved = || {
        let now = scrape(node);
        let is_still = |name: &&&str| now.get(**name).is_none_or(|value| *value <= 0.0);
        still = names.iter().filter(is_still).copied().collect::<Vec<_>>();
        still.is_empty()
    };
    let deadline = std::time::Instant::now() + PATIENCE;
    while !moved() {
        if std::time::Instant::now() > deadline {
            panic!("these do not move: {still:?}");
        }
        thread::sleep(Duration::from_millis(20));
    }
}

/// The families that a node serves: the name in queries, the type and the help.
fn served() -> Vec<(String, String, String)> {
    let node = Node::start(NodeSettings::alone("n1").with_admin());
    let page = get(node.admin(), "/metrics").body;
    let mut families = Vec::new();
    let mut help = "";
    for line in page.lines() {
        if let Some(rest) = line.strip_prefix("# HELP ") {
            help = rest.split_once(' ').unwrap().1;
        }
        if let Some((name, kind)) = line.strip_prefix("# TYPE ").and_then(|it| it.split_once(' ')) {
            let suffix = match kind {
                "counter" => "_total",
                "info" => "_info",
                _ => "",
            };
            families.push((format!("{name}{suffix}"), kind.to_owned(), help.to_owned()));
        }
    }
    families
}

fn document(families: &[(String, String, String)]) -> String {
    let mut table = String::from("| metric | type | meaning |\n|---|---|---|\n");
    for (name, kind, help) in families {
        table.push_str(&format!("| `{name}` | {kind} | {help} |\n"));
    }
    table
}

#[test]
fn the_documented_metrics_are_those_that_are_served() {
    let expected = document(&served());
    let text = file("docs/operations.md");
    let table = text.split_once("<!-- metrics -->\n").expect("a table");
    let table = table.1.split_once("<!-- /metrics -->").expect("its end").0;
    assert_eq!(table.trim(), expected.trim(), "docs/operations.md should hold:\n\n{expected}");
}

#[test]
fn rules_and_dashboard_ask_for_metrics_that_are_served() {
    let mut names = BTreeSet::new();
    for (name, kind, _) in served() {
        if kind == "histogram" {
            names.extend(["_bucket", "_sum", "_count"].map(|suffix| format!("{name}{suffix}")));
        }
        names.insert(name);
    }
    for path in ["deploy/prometheus/alerts.yml", "deploy/grafana/merkle-kv.json"] {
        let text = file(path);
        let asked = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
        let asked: BTreeSet<&str> = asked.filter(|word| word.starts_with("merklekv_")).collect();
        assert!(asked.len() > 10, "{path} asks for {} metrics", asked.len());
        for name in asked {
            assert!(names.contains(name), "{path} asks for {name}, which no node serves");
        }
    }
    let dashboard = file("deploy/grafana/merkle-kv.json");
    serde_json::from_str::<serde_json::Value>(&dashboard).expect("JSON");
}

#[test]
fn every_alert_is_explained_and_no_other_one() {
    let rules = file("deploy/prometheus/alerts.yml");
    let alerts = rules.lines().filter_map(|line| line.trim().strip_prefix("- alert: "));
    let text = file("docs/operations.md");
    let explained = text.lines().filter_map(|line| line.strip_prefix("* **MerkleKV"));
    let explained = explained.map(|line| format!("MerkleKV{}", line.split('*').next().unwrap()));
    assert_eq!(alerts.collect::<Vec<_>>(), explained.collect::<Vec<_>>());
}

fn promtool(arguments: &[&str], input: &str) {
    let mut tool = Command::new("promtool");
    tool.args(arguments)
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/prometheus"));
    tool.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut process = tool.spawn().expect("scripts/install-test-tools.sh installs promtool");
    process.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = process.wait_with_output().unwrap();
    let said = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap()).concat();
    assert!(output.status.success(), "promtool {arguments:?}: {said}");
}

#[test]
fn prometheus_takes_the_rules_and_they_fire_as_they_should() {
    promtool(&["check", "rules", "alerts.yml"], "");
    promtool(&["check", "config", "prometheus.yml"], "");
    promtool(&["test", "rules", "alerts.test.yml"], "");
}

#[test]
fn prometheus_takes_a_scrape_and_finds_its_names_good() {
    let node = Node::start(NodeSettings::alone("n1").with_admin());
    assert_eq!(node.client().command("SET key value"), "OK");
    // The tool reads the older format only.
    let request = b"GET /metrics HTTP/1.1\r\nHost: n\r\nAccept: text/plain\r\n\r\n";
    let page = send(node.admin(), request).unwrap();
    assert!(page.headers.contains("content-type: text/plain; version=0.0.4"), "{}", page.headers);
    assert!(page.body.contains("merklekv_keys "), "{}", page.body);
    promtool(&["check", "metrics"], &page.body);
}

#[test]
fn no_label_is_a_key_or_an_address() {
    let node = Node::start(NodeSettings::alone("n1").with_admin());
    assert_eq!(node.client().command("SET unmistakable value"), "OK");
    let known =
        ["command", "le", "version", "result", "side", "direction", "state", "origin", "peer"];
    for name in scrape(&node).keys() {
        assert!(!name.contains("unmistakable") && !name.contains("127.0.0.1"), "{name}");
        let labels = name.split_once('{').map_or("", |(_, labels)| labels.trim_end_matches('}'));
        for label in labels.split(',').filter(|label| !label.is_empty()) {
            let label = label.split('=').next().unwrap();
            assert!(known.contains(&label), "{name}");
        }
    }
}

/// Two nodes at one broker, with what they hold on disk; each knows the other by presence.
fn pair() -> (Node, Node, u16, String) {
    let (port, prefix) = (free_port(), unique_prefix());
    let settings = |name: &str| {
        let settings = NodeSettings::at_broker(name, port, &prefix).storage("").with_admin();
        settings.section("[anti_entropy]\ninterval_seconds = 1\nevict_after_hours = 1")
    };
    let pair = (Node::start(settings("a").with_broker(port)), Node::start(settings("b")));
    pair.0.joined();
    pair.1.joined();
    (pair.0, pair.1, port, prefix)
}

#[test]
fn what_two_nodes_do_shows_in_their_metrics() {
    let (a, b, port, prefix) = pair();
    let (mut on_a, mut on_b) = (a.client(), b.client());
    for n in 0..50 {
        assert_eq!(on_a.command(&format!("SET a{n} value")), "OK");
        assert_eq!(on_b.command(&format!("SET b{n} value")), "OK");
    }
    assert_eq!(on_a.command("EXPIRE a0 1000"), "OK");
    assert_eq!(on_a.command("EXPIRE a1 1"), "OK");
    assert_eq!(on_a.command("DEL a2"), "DELETED");
    assert!(on_a.command("NONSENSE").starts_with("ERROR"));
    on_b.until("GET a49", "VALUE value");
    on_a.until("GET b49", "VALUE value");
    // What is written while replication is off has to be brought over by a session.
    assert_eq!(on_b.command("REPLICATE DISABLE"), "OK");
    assert_eq!(scrape(&b)["merklekv_replication_enabled"], 0.0);
    assert_eq!(on_a.command("SET missed value"), "OK");
    wait_until(PATIENCE, "the broker has it", || scrape(&a)["merklekv_mqtt_queued_changes"] == 0.0);
    assert_eq!(on_b.command("REPLICATE ENABLE"), "OK");
    on_b.until("GET missed", "VALUE value");
    let mut stranger = Stranger::connect(port, "stranger");
    stranger.publish(&format!("{prefix}/updates"), b"nonsense");
    all_move(
        &a,
        &[
            "merklekv_build_info{version=\"0.2.0\"}",
            "merklekv_start_time_seconds",
            "merklekv_ready",
            "merklekv_connections",
            "merklekv_connections_accepted_total",
            "merklekv_commands_total{command=\"set\"}",
            "merklekv_commands_refused_total",
            "merklekv_command_duration_seconds_count{command=\"set\"}",
            "merklekv_command_duration_seconds_sum{command=\"set\"}",
            "merklekv_keys",
            "merklekv_keys_expiring",
            "merklekv_keys_expired_total",
            "merklekv_tombstones",
            "merklekv_data_memory_bytes",
            "merklekv_resident_memory_bytes",
            "merklekv_journal_written_bytes_total",
            "merklekv_journal_segments_begun_total",
            "merklekv_journal_sync_duration_seconds_count",
            "merklekv_replication_enabled",
            "merklekv_mqtt_connected",
            "merklekv_mqtt_connections_total",
            "merklekv_mqtt_published_total",
            "merklekv_mqtt_published_changes_total",
            "merklekv_mqtt_received_total",
            "merklekv_mqtt_received_own_total",
            "merklekv_mqtt_undecodable_total",
            "merklekv_mqtt_changes_total{result=\"applied\"}",
            "merklekv_replication_lag_seconds{origin=\"b\"}",
            "merklekv_replication_last_update_timestamp_seconds{origin=\"b\"}",
            "merklekv_sync_sessions_total{result=\"equal\"}",
            "merklekv_sync_traffic_bytes_total{direction=\"sent\"}",
            "merklekv_sync_traffic_bytes_total{direction=\"received\"}",
            "merklekv_sync_entries_total{direction=\"sent\"}",
            "merklekv_members",
            "merklekv_peers{state=\"up\"}",
            "merklekv_peer_up{peer=\"b\"}",
            "merklekv_peer_root_equal{peer=\"b\"}",
            "merklekv_peer_last_equal_timestamp_seconds{peer=\"b\"}",
        ],
    );
    all_move(&b, &["merklekv_sync_entries_total{direction=\"received\"}"]);
    // A peer that is gone is told as gone.
    b.stop();
    wait_until(PATIENCE, "b is down", || scrape(&a)["merklekv_peer_up{peer=\"b\"}"] == 0.0);
}

#[test]
fn commands_of_a_pipeline_are_counted_one_by_one_in_the_time_of_their_chunk() {
    let node = Node::start(NodeSettings::alone("n1").with_admin());
    let mut client = node.client();
    client.pipeline_ok(&(0..PIPELINE).map(|n| format!("SET k{n} v")).collect::<Vec<_>>());
    client.pipeline(&(0..PIPELINE).map(|n| format!("GET k{n}")).collect::<Vec<_>>());
    for command in ["set", "get"] {
        let count = format!("merklekv_command_duration_seconds_count{{command=\"{command}\"}}");
        let all = format!(
            "merklekv_command_duration_seconds_bucket{{le=\"+Inf\",command=\"{command}\"}}"
        );
        wait_until(PATIENCE, "all are counted", || {
            let now = scrape(&node);
            let seen = [&count, &all].map(|name| now.get(name).copied().unwrap_or_default());
            seen == [PIPELINE as f64; 2]
        });
    }
}

#[test]
fn a_scrape_under_full_load_is_answered_and_the_load_does_not_fail() {
    let node = Node::start(NodeSettings::alone("n1").with_admin());
    let stop = std::sync::atomic::AtomicBool::new(false);
    thread::scope(|scope| {
        let load = |mut client: Client, name: usize| {
            let mut done = 0;
            while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                let sets = (0..PIPELINE).map(|n| format!("SET {name}-{n} value"));
                client.pipeline_ok(&sets.collect::<Vec<_>>());
                done += PIPELINE;
            }
            done
        };
        let loads: Vec<_> = (0..4)
            .map(|name| (name, node.client()))
            .collect::<Vec<_>>()
            .into_iter()
            .map(|(name, client)| scope.spawn(move || load(client, name)))
            .collect();
        let mut last = 0.0;
        for _ in 0..SCRAPES {
            let sets = scrape(&node)["merklekv_commands_total{command=\"set\"}"];
            assert!(sets >= last);
            last = sets;
        }
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
        let done: usize = loads.into_iter().map(|load| load.join().unwrap()).sum();
        assert!(done > 0);
        assert_eq!(scrape(&node)["merklekv_commands_total{command=\"set\"}"], done as f64);
    });
}
