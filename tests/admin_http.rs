//! The port of those who operate a node: its pages, and what strangers can send to it.

use crate::harness::{Client, Node, NodeSettings, get, page, send, wait_until};
use std::io::Write;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

/// A request takes at most ten seconds, and a loaded machine some more.
const LONGEST_REQUEST: Duration = Duration::from_secs(20);

/// More connections than are served at once.
const CROWD: usize = 40;

fn node() -> Node {
    Node::start(NodeSettings::alone("n1").with_admin())
}

/// Clients and pages are served as ever.
#[track_caller]
fn is_well(node: &Node) {
    assert_eq!(node.client().command("PING"), "PONG");
    assert_eq!(get(node.admin(), "/health/live").status, 200);
}

#[test]
fn a_node_that_is_well_lives_and_is_ready_once_it_has_nobody_to_wait_for() {
    let node = node();
    let live = get(node.admin(), "/health/live");
    assert_eq!((live.status, &live.body[..]), (200, "{\"status\":\"live\",\"reasons\":[]}\n"));
    assert!(live.headers.contains("content-type: application/json"), "{}", live.headers);
    wait_until(LONGEST_REQUEST, "the node is ready", || {
        get(node.admin(), "/health/ready").status == 200
    });
    let ready = get(node.admin(), "/health/ready");
    assert_eq!(ready.body, "{\"status\":\"ready\",\"reasons\":[],\"notes\":[]}\n");
}

#[test]
fn a_node_that_has_met_no_peer_yet_says_that_it_is_not_ready() {
    // The peer takes the connection and says nothing, so there is no telling what it holds.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let peer = silent.local_addr().unwrap();
    let peers = format!("[anti_entropy]\npeer_list = [\"{peer}\"]");
    let node = Node::start(NodeSettings::alone("n1").with_admin().section(&peers));
    let ready = get(node.admin(), "/health/ready");
    assert_eq!(ready.status, 503);
    assert!(ready.body.contains("has not yet held what a peer holds"), "{}", ready.body);
}

#[test]
fn switched_off_replication_is_told_and_does_not_make_a_node_unready() {
    let port = crate::harness::free_port();
    let settings = NodeSettings::at_broker("n1", port, "admin").with_broker(port).with_admin();
    let node = Node::start(settings);
    node.joined();
    assert_eq!(node.client().command("REPLICATE DISABLE"), "OK");
    wait_until(LONGEST_REQUEST, "the node is ready", || {
        get(node.admin(), "/health/ready").status == 200
    });
    let ready = get(node.admin(), "/health/ready");
    assert!(ready.body.contains("replication is switched off"), "{}", ready.body);
}

#[test]
fn another_path_is_told_which_there_are_and_another_method_is_refused() {
    let node = node();
    let lost = get(node.admin(), "/helth");
    assert_eq!(lost.status, 404);
    assert!(lost.body.contains("/health/live"), "{}", lost.body);
    let posted = send(node.admin(), b"DELETE /health/live HTTP/1.1\r\nHost: n\r\n\r\n").unwrap();
    assert_eq!(posted.status, 405);
    let with_body = b"GET /health/live HTTP/1.1\r\nHost: n\r\nContent-Length: 2\r\n\r\nhi";
    assert_eq!(send(node.admin(), with_body).unwrap().status, 413);
    let head = send(node.admin(), b"HEAD /health/live HTTP/1.1\r\nHost: n\r\n\r\n").unwrap();
    assert_eq!((head.status, &head.body[..]), (200, ""));
}

#[test]
fn malformed_and_enormous_requests_are_refused_and_disturb_nobody() {
    let node = node();
    let long_path = format!("GET /{} HTTP/1.1\r\nHost: n\r\n\r\n", "a".repeat(1 << 20));
    let long_header = format!("GET / HTTP/1.1\r\nA: {}\r\n\r\n", "a".repeat(1 << 20));
    let many_headers = format!("GET / HTTP/1.1\r\n{}\r\n", "A: b\r\n".repeat(1_000));
    let endless =
        format!("GET / HTTP/1.1\r\nContent-Length: {}\r\n\r\n{}", u64::MAX, "a".repeat(1 << 20));
    for request in [
        "\r\n\r\n\r\n",
        "GET\r\n\r\n",
        "GET / HTTP/9.9\r\n\r\n",
        "GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        "GET / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        "\u{0}\u{1}\u{2}\r\n\r\n",
        "SET key value\r\n\r\n",
        "*1\r\n$4\r\nPING\r\n\r\n",
        &long_path,
        &long_header,
        &many_headers,
        &endless,
    ] {
        if let Some(page) = send(node.admin(), request.as_bytes()) {
            assert!((400..500).contains(&page.status), "{request:.40}: {}", page.status);
        }
    }
    is_well(&node);
}

/// Sends bytes with pauses until the node has enough of it. How long that took.
fn drip(address: SocketAddr) -> Duration {
    let mut stream = TcpStream::connect(address).unwrap();
    let begun = Instant::now();
    let endless = b"GET /health/live HTTP/1.1\r\nA: ".iter().chain(std::iter::repeat(&b'a'));
    for byte in endless {
        assert!(begun.elapsed() < LONGEST_REQUEST, "it may go on for ever");
        if stream.write_all(&[*byte]).is_err() {
            break;
        }
        thread::sleep(Duration::from_millis(100));
    }
    begun.elapsed()
}

#[test]
fn who_sends_byte_by_byte_is_cut_off_and_a_crowd_of_them_keeps_nobody_out_for_long() {
    let node = node();
    let address = node.admin();
    thread::scope(|scope| {
        let crowd: Vec<_> = (0..CROWD).map(|_| scope.spawn(move || drip(address))).collect();
        // Clients have a port of their own.
        let mut client = node.client();
        for _ in 0..100 {
            assert_eq!(client.command("PING"), "PONG");
        }
        // This one waits until some of the crowd are gone.
        assert_eq!(get(address, "/health/live").status, 200);
        for dripping in crowd {
            assert!(dripping.join().unwrap() < LONGEST_REQUEST);
        }
    });
    is_well(&node);
}

#[test]
fn who_says_nothing_or_does_not_read_is_cut_off() {
    let node = node();
    let mut silent = TcpStream::connect(node.admin()).unwrap();
    silent.set_read_timeout(Some(LONGEST_REQUEST)).unwrap();
    assert!(page(&mut silent).is_none());
    is_well(&node);
}

#[test]
fn a_port_that_is_taken_is_exit_code_3_and_a_shared_one_is_exit_code_2() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let section = format!("[admin]\nenabled = true\nbind_port = {port}");
    let mut node = Node::prepare(NodeSettings::alone("n1").section(&section));
    let (code, said) = node.start_in_vain();
    assert_eq!(code, Some(3));
    assert!(said.contains("change admin.bind_port"), "{said}");
    let shared =
        "[admin]\nenabled = true\nbind_port = 7777\n[broker]\nenabled = true\nbind_port = 7777";
    let mut node = Node::prepare(NodeSettings::alone("n1").section(shared));
    let (code, _) = node.start_in_vain();
    assert_eq!(code, Some(2));
    assert!(node.log().contains("admin.bind_port"), "{}", node.log());
}

#[test]
fn without_being_told_a_node_serves_no_pages() {
    let node = Node::start(NodeSettings::alone("n1"));
    let mut client: Client = node.client();
    assert_eq!(client.command("PING"), "PONG");
    assert!(!node.log().contains("over HTTP"));
}
