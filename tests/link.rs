//! The harness's link does what the tests that use it believe: late by the delay, cut for both ends,
//! exact to the byte.

use crate::harness::{Link, wait_until};
use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

/// Far more than anything here takes.
const PATIENCE: Duration = Duration::from_secs(20);

/// A link, and what it leads to.
fn link() -> (Link, TcpListener) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    (Link::to(listener.local_addr().unwrap()), listener)
}

/// Both ends of a new connection through the link.
fn connect(link: &Link, listener: &TcpListener) -> [TcpStream; 2] {
    let client = TcpStream::connect(link.address()).unwrap();
    let (server, _) = listener.accept().unwrap();
    for end in [&client, &server] {
        end.set_read_timeout(Some(PATIENCE)).unwrap();
        end.set_nodelay(true).unwrap();
    }
    [client, server]
}

/// All that arrives until the connection is closed, in whatever way.
fn rest(end: &mut TcpStream) -> Vec<u8> {
    let mut rest = Vec::new();
    if let Err(error) = end.read_to_end(&mut rest) {
        assert_eq!(error.kind(), ErrorKind::ConnectionReset, "after {} bytes", rest.len());
    }
    rest
}

/// Bytes that show when one of them is missing.
fn pattern(count: usize) -> Vec<u8> {
    (0..count).map(|n| (n % 251) as u8).collect()
}

#[test]
fn a_link_passes_everything_both_ways_and_counts_it() {
    let (link, listener) = link();
    let [mut client, mut server] = connect(&link, &listener);
    let sent = pattern(3 << 20);
    thread::scope(|scope| {
        scope.spawn(|| {
            client.write_all(&sent).unwrap();
            client.shutdown(Shutdown::Write).unwrap();
        });
        assert!(rest(&mut server) == sent);
    });
    server.write_all(b"the other half is still open").unwrap();
    drop(server);
    assert_eq!(rest(&mut client), b"the other half is still open");
    assert_eq!((link.connections(), link.bytes()), (1, (3 << 20) + 28));
}

#[test]
fn a_link_delays_each_direction_and_stays_wide() {
    const DELAY: Duration = Duration::from_millis(150);
    let (link, listener) = link();
    link.delay(DELAY);
    let [mut client, mut server] = connect(&link, &listener);
    for turn in 0..2 {
        let begun = Instant::now();
        client.write_all(b"x").unwrap();
        server.read_exact(&mut [0]).unwrap();
        assert!(begun.elapsed() >= DELAY, "turn {turn}: {:?}", begun.elapsed());
        (client, server) = (server, client);
    }

    // Some thousand chunks: one after the other they would take minutes.
    let sent = pattern(16 << 20);
    let begun = Instant::now();
    thread::scope(|scope| {
        scope.spawn(|| {
            client.write_all(&sent).unwrap();
            client.shutdown(Shutdown::Write).unwrap();
        });
        assert!(rest(&mut server) == sent);
    });
    let took = begun.elapsed();
    assert!(took >= DELAY && took < PATIENCE, "{took:?}");
}

#[test]
fn a_cut_link_is_closed_for_both_ends_and_loses_what_is_on_its_way() {
    let (link, listener) = link();
    let mut before = connect(&link, &listener);
    link.delay(10 * PATIENCE);
    let mut other = connect(&link, &listener);
    other[0].write_all(b"never seen").unwrap();
    link.cut();
    for end in before.iter_mut().chain(&mut other) {
        assert_eq!(rest(end), b"");
    }
    link.delay(Duration::ZERO);
    let [mut client, mut server] = connect(&link, &listener);
    client.write_all(b"again").unwrap();
    drop(client);
    assert_eq!(rest(&mut server), b"again");
    assert_eq!((link.connections(), link.bytes()), (3, 5));
}

#[test]
fn a_link_that_is_cut_after_some_bytes_passes_exactly_these() {
    let (link, listener) = link();
    for limit in [0, 1, 30, 100_000] {
        let before = link.bytes();
        link.cut_after(limit);
        let mut ends = connect(&link, &listener);
        let sent = pattern(200_000);
        let received = thread::scope(|scope| {
            for end in &ends {
                let (mut end, sent) = (end.try_clone().unwrap(), &sent);
                scope.spawn(move || end.write_all(sent).unwrap());
            }
            ends.each_mut().map(|end| scope.spawn(|| rest(end))).map(|end| end.join().unwrap())
        });
        assert!(received.iter().all(|bytes| sent.starts_with(bytes)));
        assert_eq!(received.map(|bytes| bytes.len()).iter().sum::<usize>(), limit);
        assert_eq!(link.bytes() - before, limit);
    }

    let [mut client, mut server] = connect(&link, &listener);
    client.write_all(&[b'x'; 200]).unwrap();
    drop(client);
    assert_eq!(rest(&mut server).len(), 200, "only the next connection is cut");
}

#[test]
fn a_link_that_refuses_leads_nowhere_until_it_accepts_again() {
    let (link, listener) = link();
    let [mut client, mut server] = connect(&link, &listener);
    link.refuse(true);
    let mut refused = TcpStream::connect(link.address()).unwrap();
    refused.set_read_timeout(Some(PATIENCE)).unwrap();
    assert_eq!(rest(&mut refused), b"");
    assert_eq!(link.connections(), 1);
    client.write_all(b"x").unwrap();
    server.read_exact(&mut [0]).unwrap();
    link.refuse(false);
    connect(&link, &listener);
    assert_eq!(link.connections(), 2);
}

#[test]
fn a_link_to_nobody_closes_what_connects() {
    let (link, listener) = link();
    drop(listener);
    let mut client = TcpStream::connect(link.address()).unwrap();
    client.set_read_timeout(Some(PATIENCE)).unwrap();
    assert_eq!(rest(&mut client), b"");
    assert_eq!(link.connections(), 0);
}

#[test]
fn nothing_of_a_link_outlives_it() {
    let (link, listener) = link();
    let mut ends = connect(&link, &listener);
    let address = link.address();
    link.delay(10 * PATIENCE);
    ends[0].write_all(b"never seen").unwrap();
    let begun = Instant::now();
    drop(link);
    assert!(begun.elapsed() < PATIENCE, "{:?}", begun.elapsed());
    for end in &mut ends {
        assert_eq!(rest(end), b"");
    }
    wait_until(PATIENCE, "nobody listens", || TcpStream::connect(address).is_err());
}
