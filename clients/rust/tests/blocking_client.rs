//! What the conformance suite cannot see of the blocking client.
#![allow(clippy::unwrap_used)]

mod scripted;

use merklekv_client::{Client, Error, Pipeline, Reply};
use scripted::ScriptedNode;
use std::error::Error as _;
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

#[test]
fn a_scan_asks_for_a_page_when_its_first_key_is_wanted() {
    let node = ScriptedNode::play(&[&[
        ("PING", "PONG\r\n"),
        ("SCAN \"a\" LIMIT 1000", "KEYS 2\r\na1\r\na2\r\nEND\r\n"),
        ("PING", "PONG\r\n"),
    ]]);
    let mut client = Client::connect(&node.address).unwrap();
    drop(client.scan("never asked"));
    client.ping().unwrap();
    let first = client.scan("a").next().unwrap().unwrap();
    assert_eq!(first, "a1");
    client.ping().unwrap();
}

#[test]
fn a_scan_ends_after_an_error_but_not_after_a_key_that_is_no_text() {
    let node = ScriptedNode::play(&[&[
        ("SCAN \"\" LIMIT 1000", "KEYS 2\r\n\"\\xff\"\r\nz\r\nEND\r\n"),
        ("SCAN \"\" LIMIT 1000", "ERROR: Not permitted: no\r\n"),
    ]]);
    let mut client = Client::connect(&node.address).unwrap();
    let keys: Vec<_> = client.scan("").collect();
    assert!(matches!(keys[0], Err(Error::Protocol { .. })), "{keys:?}");
    assert_eq!(keys[1].as_deref().unwrap(), "z");
    let refused: Vec<_> = client.scan("").collect();
    assert!(matches!(refused[..], [Err(Error::Server(_))]), "{refused:?}");
}

#[test]
fn a_client_of_its_own_for_each_thread() {
    let node = ScriptedNode::echo(4);
    thread::scope(|scope| {
        for number in 0..4 {
            let mut client = Client::connect(&node.address).unwrap();
            scope.spawn(move || {
                for call in 0..100 {
                    let message = format!("{number} {call}");
                    assert_eq!(client.echo(&message).unwrap(), message);
                }
            });
        }
    });
}

#[test]
fn threads_that_share_a_client_take_turns() {
    let node = ScriptedNode::echo(1);
    let client = Mutex::new(Client::connect(&node.address).unwrap());
    thread::scope(|scope| {
        for number in 0..4 {
            let client = &client;
            scope.spawn(move || {
                for call in 0..100 {
                    let message = format!("{number} {call}");
                    assert_eq!(client.lock().unwrap().echo(&message).unwrap(), message);
                }
            });
        }
    });
    drop(client);
}

#[test]
fn a_builder_does_not_connect_and_connect_does() {
    let port_of_nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let builder = Client::builder().address(&port_of_nobody.to_string()).unwrap();
    let mut client = builder.connect_attempts(1).build().unwrap();
    let later = client.ping().unwrap_err();
    assert!(matches!(later, Error::Connection { .. }), "{later}");
    assert!(later.to_string().starts_with(&port_of_nobody.to_string()), "{later}");
    assert!(later.source().unwrap().is::<std::io::Error>());
    assert!(matches!(Client::connect("127.0.0.1:1"), Err(Error::Connection { .. })));
}

#[test]
fn keys_and_values_are_text_or_bytes_of_any_type() {
    let node = ScriptedNode::play(&[&[
        ("SET k v", "OK\r\n"),
        ("SET k \"\\xFF\"", "OK\r\n"),
        ("MSET a 1 b 2", "OK\r\n"),
        ("MGET a b", "VALUES 2\r\nVALUE 1\r\nVALUE \"\\xff\"\r\nEND\r\n"),
        ("EXISTS a", "EXISTS 1\r\n"),
    ]]);
    let mut client = Client::connect(&node.address).unwrap();
    client.set("k", String::from("v")).unwrap();
    client.set(String::from("k"), [0xFF]).unwrap();
    client.mset(vec![("a", "1"), ("b", "2")]).unwrap();
    let values = client.mget_bytes(&[String::from("a"), String::from("b")]).unwrap();
    assert_eq!(values, [Some(b"1".to_vec()), Some(vec![0xFF])]);
    assert_eq!(client.exists(["a"]).unwrap(), 1);
}

#[test]
fn a_value_that_is_no_text_names_the_twin_and_the_connection_lives() {
    let node = ScriptedNode::play(&[&[
        ("GET k", "VALUE \"\\xff\"\r\n"),
        ("GET k", "VALUE \"\\xff\"\r\n"),
    ]]);
    let mut client = Client::connect(&node.address).unwrap();
    let error = client.get("k").unwrap_err();
    assert!(matches!(error, Error::Protocol { .. }), "{error}");
    assert!(error.to_string().contains("get_bytes"), "{error}");
    assert_eq!(client.get_bytes("k").unwrap(), Some(vec![0xFF]));
}

#[test]
fn a_refused_command_has_a_code_and_costs_nothing_else() {
    let node = ScriptedNode::play(&[&[
        ("INCR n 1", "ERROR: Wrong type: n is no number: 7\r\n"),
        ("INCR n 1", "ERROR: no colon here\r\n"),
        ("PING", "PONG\r\n"),
    ]]);
    let mut client = Client::connect(&node.address).unwrap();
    let mut refused = || match client.incr("n", 1) {
        Err(Error::Server(refused)) => refused,
        outcome => panic!("{outcome:?}"),
    };
    let first = refused();
    assert_eq!((first.code(), first.message()), ("Wrong type", "Wrong type: n is no number: 7"));
    assert_eq!(first.node(), node.address);
    assert_eq!(first.to_string(), format!("{}: Wrong type: n is no number: 7", node.address));
    assert_eq!(refused().code(), "no colon here");
    assert_eq!(client.ping().unwrap(), "PONG");
}

#[test]
fn what_was_not_asked_for_is_not_taken_for_the_next_reply() {
    let node = ScriptedNode::play(&[
        &[("GET a", "VALUE 1\r\nVALUE unasked\r\n")],
        &[("GET b", "VALUE 2\r\n")],
    ]);
    let mut client = Client::connect(&node.address).unwrap();
    assert_eq!(client.get("a").unwrap().unwrap(), "1");
    assert_eq!(client.get("b").unwrap().unwrap(), "2");
}

#[test]
fn results_of_a_pipeline_have_types() {
    let node = ScriptedNode::play(&[&[
        ("SET a 1", "OK\r\n"),
        ("GET a", "VALUE 1\r\n"),
        ("INCR a 1", "VALUE 2\r\n"),
        ("DEL a", "DELETED\r\n"),
        ("GET a", "(null)\r\n"),
        ("APPEND a x", "ERROR: Storage full: no room\r\n"),
    ]]);
    let mut client = Client::connect(&node.address).unwrap();
    let mut pipeline = Pipeline::new();
    assert!(pipeline.is_empty());
    pipeline.set("a", "1").unwrap().get("a").unwrap().incr("a", 1).unwrap();
    let refused = pipeline.delete("bad key").unwrap_err();
    assert!(matches!(refused, Error::Argument { .. }), "{refused}");
    pipeline.delete("a").unwrap().get("a").unwrap();
    pipeline.exists([] as [&str; 0]).unwrap().append("a", "x").unwrap();
    assert_eq!(pipeline.len(), 7);

    let results = client.run(&pipeline).unwrap();
    let reply = |at: usize| results[at].as_ref().unwrap();
    assert_eq!(reply(0), &Reply::Done);
    assert_eq!(reply(1).as_text(), Some("1"));
    assert_eq!(reply(2).as_number(), Some(2));
    assert_eq!(reply(3).as_flag(), Some(true));
    assert_eq!(reply(4), &Reply::Missing);
    assert_eq!(reply(5), &Reply::Number(0));
    assert_eq!(results[6].as_ref().unwrap_err().code(), "Storage full");
    pipeline.clear();
    assert_eq!(client.run(&pipeline).unwrap(), []);
}

#[test]
fn addresses_are_read_or_refused() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let shown = |address: &str| {
        let builder = Client::builder().port(port).address(address)?.connect_attempts(1);
        Ok::<_, Error>(format!("{:?}", builder.build()?))
    };
    let table = [
        ("localhost:99", "localhost:99".to_owned()),
        ("localhost", format!("localhost:{port}")),
        ("[::1]:99", "[::1]:99".to_owned()),
        ("::1", format!("[::1]:{port}")),
    ];
    for (address, node) in table {
        assert!(shown(address).unwrap().contains(&format!("{node:?}")), "{address}");
    }
    for address in ["", ":99", "localhost:", "localhost:99999", "localhost:http"] {
        assert!(matches!(shown(address), Err(Error::Argument { .. })), "{address:?}");
    }
}

#[test]
fn bad_options_are_refused_and_passwords_are_not_shown() {
    let builder = Client::builder().login("alice", "opensesame");
    assert!(!format!("{builder:?}").contains("opensesame"), "{builder:?}");
    assert!(builder.clone().timeout(Duration::MAX).build().is_ok());
    let refused = [
        builder.clone().timeout(Duration::ZERO),
        builder.clone().connect_attempts(0),
        builder.reply_limit(0),
    ];
    for builder in refused {
        assert!(matches!(builder.build(), Err(Error::Argument { .. })));
    }
}

#[cfg(feature = "tls")]
#[test]
fn files_of_tls_are_read_when_the_client_is_made() {
    use merklekv_client::Tls;
    let no_certificate = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
    for tls in [
        Tls::new().ca_file("/nowhere/ca.pem"),
        Tls::new().ca_file(no_certificate),
        Tls::new().identity(no_certificate, "/nowhere/key.pem"),
        Tls::new().server_name("no name"),
    ] {
        let error = Client::builder().tls(tls.clone()).build().unwrap_err();
        assert!(matches!(error, Error::Argument { .. }), "{tls:?}: {error}");
    }
}

#[test]
fn a_closed_client_stays_closed() {
    let node = ScriptedNode::play(&[&[]]);
    let mut client = Client::connect(&node.address).unwrap();
    client.close();
    client.close();
    let error = client.ping().unwrap_err();
    assert!(matches!(error, Error::Connection { .. }), "{error}");
    assert!(error.to_string().contains("closed"), "{error}");
}
