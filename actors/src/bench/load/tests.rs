//! Loads on small servers of this process: what they are asked, and what is said of their answers.

use super::*;
use crate::bench::servers::ServerError;
use std::collections::HashSet;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};
use std::thread;

/// A server that answers each line of each connection by what `answer` says, and notes the lines.
fn server(answer: fn(&str) -> &'static str) -> (SocketAddr, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let lines: Arc<Mutex<Vec<String>>> = Arc::default();
    let noted = Arc::clone(&lines);
    thread::spawn(move || {
        for stream in listener.incoming().map(Result::unwrap) {
            let noted = Arc::clone(&noted);
            thread::spawn(move || {
                let mut answers = stream.try_clone().unwrap();
                for line in BufReader::new(stream).lines().map_while(Result::ok) {
                    let said = answer(&line);
                    noted.lock().unwrap().push(line);
                    let _ = answers.write_all(said.as_bytes());
                }
            });
        }
    });
    (address, lines)
}

fn good(line: &str) -> &'static str {
    if line.starts_with("SET") { "OK\r\n" } else { "VALUE 12345678\r\n" }
}

fn writes(address: SocketAddr, until: Until) -> Load {
    Load { pipeline: 16, until, ..Load::of_writes(address, Protocol::Text, 1_003) }
}

fn plan(address: SocketAddr) -> LoadPlan {
    LoadPlan {
        address: address.to_string(),
        protocol: Protocol::Text,
        login: None,
        clients: 3,
        pipeline: 2,
        reads: 0.5,
        keys: 100,
        value_bytes: 8,
        zipf: None,
        time: Duration::from_millis(50),
        rate: None,
        fill: false,
        seed: Some(1),
    }
}

fn report(plan: LoadPlan) -> LoadReport {
    run_load(plan, &mut |_| {}).unwrap()
}

#[test]
fn filling_writes_every_key_once() {
    let (address, lines) = server(good);
    let outcome = writes(address, Until::AllWritten).run().unwrap();
    let lines = lines.lock().unwrap();
    let keys: HashSet<&str> = lines.iter().map(|line| line.split(' ').nth(1).unwrap()).collect();
    assert_eq!((outcome.tally.writes, lines.len(), keys.len()), (1_003, 1_003, 1_003));
    assert_eq!(outcome.tally.latencies.count(), 1_003);
    let sent: usize = lines.iter().map(|line| line.len() + 2).sum();
    assert_eq!(outcome.tally.sent_bytes as usize, sent);
    assert_eq!(outcome.tally.received_bytes, 1_003 * 4);
}

#[test]
fn what_the_socket_does_not_take_at_once_is_sent_when_it_does() {
    let (address, lines) = server(good);
    // 24 MB at once, which is more than sockets hold.
    let (clients, pipeline, value_bytes, keys) = (1, 24, 1_000_000, 48);
    let load = Load { clients, pipeline, value_bytes, keys, ..writes(address, Until::AllWritten) };
    assert_eq!(load.run().unwrap().tally.writes, 48);
    let lines = lines.lock().unwrap();
    let length = "SET user:00000000000000 ".len() + 1_000_000;
    assert_eq!(lines.len(), 48);
    assert!(lines.iter().all(|line| line.len() == length && line.starts_with("SET user:")));
}

#[test]
fn replies_that_come_in_pieces_are_put_together() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        let stream = listener.accept().unwrap().0;
        stream.set_nodelay(true).unwrap();
        let mut answers = stream.try_clone().unwrap();
        for line in BufReader::new(stream).lines().map_while(Result::ok) {
            good(&line).as_bytes().iter().for_each(|byte| answers.write_all(&[*byte]).unwrap());
        }
    });
    let report = report(LoadPlan { clients: 1, ..plan(address) });
    report.judge().unwrap();
    assert!(report.outcome.tally.reads > 0 && report.outcome.tally.writes > 0);
}

#[test]
fn a_load_ends_when_its_time_has_passed_or_when_it_is_told() {
    let (address, lines) = server(good);
    let time = Duration::from_millis(50);
    let outcome = writes(address, Until::Passed(time)).run().unwrap();
    assert!(outcome.took >= time && outcome.tally.writes > 0);
    assert_eq!(outcome.tally.writes as usize, lines.lock().unwrap().len());
    assert_eq!(outcome.tally.writes % 16, 0);
    let told = Arc::new(AtomicBool::new(true));
    assert_eq!(writes(address, Until::Told(told)).run().unwrap().tally.writes, 0);
}

#[test]
fn a_refused_write_and_a_server_that_is_gone_are_errors() {
    let (address, _) = server(|_| "ERROR: Storage full\r\n");
    let refused = writes(address, Until::AllWritten).run().unwrap_err();
    assert!(refused.to_string().contains("Storage full"), "{refused}");
    let nobody = SocketAddr::from(([127, 0, 0, 1], 1));
    let gone = writes(nobody, Until::AllWritten).run().unwrap_err();
    assert!(matches!(gone, ServerError::Connection { .. }));
}

#[test]
fn a_server_that_hangs_up_is_an_error_and_not_waited_for() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming().map(Result::unwrap) {
            // What was read of it is answered before the end.
            let mut stream = BufReader::new(stream);
            stream.read_line(&mut String::new()).unwrap();
            stream.get_mut().write_all(b"OK\r\n").unwrap();
        }
    });
    let error = writes(address, Until::AllWritten).run().unwrap_err();
    assert!(matches!(error, ServerError::Connection { .. }), "{error}");
}

#[test]
fn errors_are_counted_the_first_is_shown_and_the_run_has_failed() {
    let (address, lines) = server(|line| {
        if line.starts_with("SET") { "ERROR: Storage full\r\n" } else { "VALUE 1234567\r\n" }
    });
    let report = report(plan(address));
    let asked = lines.lock().unwrap().len();
    let error = report.judge().unwrap_err().to_string();
    assert!(error.starts_with(&format!("{asked} errors, the first: ")), "{error}");
    assert!(error.ends_with("ERROR: Storage full") || error.ends_with("VALUE 1234567"), "{error}");
    assert!(report.to_string().contains(&format!("errors      {asked}; the first: ")), "{report}");
}

#[test]
fn a_reply_to_nothing_and_one_without_an_end_end_the_run() {
    let (address, _) = server(|_| "OK\r\nOK\r\n");
    let twice = run_load(LoadPlan { reads: 0.0, ..plan(address) }, &mut |_| {}).unwrap_err();
    assert!(twice.to_string().contains("answered \"OK\""), "{twice}");
    let (address, _) = server(|_| "VALUE 12345678\r\n");
    let resp = LoadPlan { protocol: Protocol::Resp, reads: 1.0, ..plan(address) };
    let unreadable = run_load(resp, &mut |_| {}).unwrap_err();
    assert!(unreadable.to_string().contains("VALUE 12345678"), "{unreadable}");
}

#[test]
fn a_missing_key_is_counted_and_an_error_only_if_all_were_written_before() {
    let (address, _) = server(|line| if line.starts_with("SET") { "OK\r\n" } else { "(null)\r\n" });
    let missing = report(LoadPlan { reads: 1.0, ..plan(address) });
    missing.judge().unwrap();
    assert!(missing.to_string().contains("reads found no key"), "{missing}");
    let lost = report(LoadPlan { reads: 1.0, fill: true, ..plan(address) });
    assert!(lost.judge().unwrap_err().to_string().ends_with("is missing"));
}

#[test]
fn the_table_and_the_json_tell_the_same() {
    let (address, lines) = server(good);
    let report = report(LoadPlan { fill: true, zipf: Some(0.9), ..plan(address) });
    report.judge().unwrap();
    let json: serde_json::Value = serde_json::from_str(&report.json()).unwrap();
    let number = |name: &str| json[name].as_u64().unwrap();
    let asked = lines.lock().unwrap().len() as u64;
    assert_eq!(number("operations"), asked - 100);
    assert_eq!(number("reads") + number("writes"), number("operations"));
    assert_eq!((number("errors"), number("seed"), number("key_bytes")), (0, 1, 19));
    assert_eq!((&json["protocol"], &json["zipf"]), (&"text".into(), &0.9.into()));
    let latency = |name: &str| json["latency_us"][name].as_f64().unwrap();
    assert!(0.0 < latency("min") && latency("p50") <= latency("p99_9"));
    assert!(latency("p99_9") <= latency("max") && latency("mean") > 0.0);
    let text = report.to_string();
    let told = format!("{} reads and", crate::bench::figures::grouped(number("reads")));
    for part in
        ["machine ", "by Zipf 0.9", &told, "p99.9 ", "█", " ns for an operation", "errors      0"]
    {
        assert!(text.contains(part), "{part} in {text}");
    }
}

#[test]
fn an_open_loop_asks_at_its_rate_and_says_what_it_could_not_send() {
    let (address, lines) = server(good);
    let report = report(LoadPlan { rate: Some(1_000.0), clients: 2, ..plan(address) });
    let json: serde_json::Value = serde_json::from_str(&report.json()).unwrap();
    let (done, unsent) = (json["operations"].as_u64().unwrap(), json["unsent"].as_u64().unwrap());
    assert_eq!(done as usize, lines.lock().unwrap().len());
    // Due at 0, 1, 2 ... 49 ms, and one more if the end was looked at late.
    assert!((50..=51).contains(&(done + unsent)), "{done} {unsent}");
}

#[test]
fn who_waits_for_a_server_that_stalls_is_counted_from_when_the_request_was_due() {
    // The first answer takes 60 ms, and the others nothing: in a closed loop one request is slow.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        let stream = listener.accept().unwrap().0;
        let mut answers = stream.try_clone().unwrap();
        for (at, _) in BufReader::new(stream).lines().map_while(Result::ok).enumerate() {
            thread::sleep(Duration::from_millis(if at == 0 { 60 } else { 0 }));
            let _ = answers.write_all(b"OK\r\n");
        }
    });
    let stalled = LoadPlan { clients: 1, pipeline: 1, reads: 0.0, ..plan(address) };
    let rate = Some(1_000.0);
    let report = report(LoadPlan { rate, time: Duration::from_millis(100), ..stalled });
    let latencies = &report.outcome.tally.latencies;
    // 60 requests were due meanwhile; the first waited 60 ms, the 30th 30 ms.
    let slow = latencies.between(Duration::from_millis(20), Duration::from_secs(60));
    assert!(slow >= 39, "{slow} of {}", latencies.count());
}

#[test]
fn what_makes_no_sense_is_an_error_that_says_so() {
    let address = SocketAddr::from(([127, 0, 0, 1], 1));
    let refused = |plan: LoadPlan| run_load(plan, &mut |_| {}).unwrap_err().to_string();
    let good = plan(address);
    assert_eq!(
        refused(LoadPlan { pipeline: 0, ..good.clone() }),
        "the pipeline is 0, and has to be from 1 to 10000"
    );
    for (bad, named) in [
        (LoadPlan { clients: 0, ..good.clone() }, "clients"),
        (LoadPlan { reads: 1.1, ..good.clone() }, "reads"),
        (LoadPlan { reads: f64::NAN, ..good.clone() }, "reads"),
        (LoadPlan { keys: 0, ..good.clone() }, "keys"),
        (LoadPlan { value_bytes: 0, ..good.clone() }, "value"),
        (LoadPlan { time: Duration::ZERO, ..good.clone() }, "seconds"),
        (LoadPlan { zipf: Some(0.0), ..good.clone() }, "Zipf"),
        (LoadPlan { rate: Some(-1.0), ..good.clone() }, "rate"),
        (LoadPlan { clients: 10_000, value_bytes: 1 << 20, ..good.clone() }, "on the way"),
        (LoadPlan { address: "nowhere".to_owned(), ..good.clone() }, "host:port"),
    ] {
        let told = refused(bad);
        assert!(told.contains(named), "{named} in {told}");
    }
    assert!(refused(good).contains("127.0.0.1:1"));
}

#[test]
fn progress_is_told_while_it_runs() {
    let (address, _) = server(good);
    let mut told = Vec::new();
    let time = Duration::from_millis(1_100);
    run_load(LoadPlan { time, ..plan(address) }, &mut |now| told.push(now.to_string())).unwrap();
    assert!(told[0].starts_with("1 of 1 s, ") && told[0].ends_with(" 0 errors"), "{told:?}");
}

#[test]
fn every_connection_logs_in_before_it_asks_for_anything() {
    let login = Login { user: "ada".to_owned(), password: "pass word".to_owned() };
    assert!(!format!("{login:?}").contains("word"), "{login:?}");
    let (address, lines) =
        server(|line| if line.starts_with("AUTH") { "OK\r\n" } else { good(line) });
    report(LoadPlan { login: Some(login.clone()), ..plan(address) }).judge().unwrap();
    let lines = lines.lock().unwrap();
    let logins = lines.iter().filter(|line| *line == "AUTH ada \"pass word\"").count();
    assert_eq!((logins, lines[0].starts_with("AUTH")), (3, true));

    let (address, _) = server(|_| "ERROR: Wrong password\r\n");
    let refused = LoadPlan { login: Some(login.clone()), ..plan(address) };
    let refused = run_load(refused, &mut |_| {}).unwrap_err().to_string();
    assert!(refused.ends_with("answered \"ERROR: Wrong password\""), "{refused}");
    let memcached = LoadPlan { login: Some(login), protocol: Protocol::Memcached, ..plan(address) };
    let memcached = run_load(memcached, &mut |_| {}).unwrap_err().to_string();
    assert!(memcached.ends_with("leave out --user"), "{memcached}");
}
