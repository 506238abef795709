//! HASH, SYNC and PEERS as bytes, and what INFO and STATS say of anti-entropy.

use super::{bytes, command, command_in, error, error_in, written};
use crate::merkle::Digest;
use crate::naming::{NodeName, PeerAddress};
use crate::protocol::{
    ClientError, Command, Dialect, NodeFacts, PeerFacts, PeerRoot, PeerState, Reply, Report,
    StoreFacts, SyncCounts, SyncFacts, SyncResult,
};

/// As `docs/protocol.md` tells it.
const EMPTY: &str = "28ae4a3068df4056661bb6ebbd307fc04fa41443ccd9ac2f3c9882a7ec0814c7";

fn address(text: &str) -> PeerAddress {
    PeerAddress::parse(text).expect(text)
}

fn named(name: &str) -> Option<NodeName> {
    Some(NodeName::parse(name).expect(name))
}

fn failed(error: &str) -> SyncResult {
    SyncResult::Failed { error: error.to_owned() }
}

fn session(node_id: Option<NodeName>, result: SyncResult) -> SyncFacts {
    SyncFacts {
        node_id,
        address: address("10.0.0.2:7379"),
        result,
        entries_sent: 1,
        entries_received: 2,
        bytes: 3,
        messages: 4,
        millis: 5,
    }
}

fn peer() -> PeerFacts {
    PeerFacts {
        node_id: None,
        address: address("[::1]:7379"),
        state: PeerState::Unknown,
        root: PeerRoot::Unknown,
        last_equal: None,
        last_error: None,
    }
}

fn synced(sessions: &[SyncFacts], dialect: Dialect) -> String {
    written(Reply::Report(Report::Sync(sessions.to_vec())), dialect)
}

#[test]
fn hash_takes_at_most_one_prefix_which_may_be_quoted() {
    let hash = |prefix: Option<&str>| Command::Hash { prefix: prefix.map(bytes) };
    assert_eq!(command("HASH"), hash(None));
    assert_eq!(command("hash  user: "), hash(Some("user:")));
    assert_eq!(command(r#"HASH "a b""#), hash(Some("a b")));
    assert_eq!(command(r#"HASH """#), hash(Some("")));
    assert_eq!(command_in(Dialect::Legacy, r#"HASH "a""#), hash(Some(r#""a""#)));
    assert!(matches!(error("HASH a b"), ClientError::TooManyArguments { .. }));
    assert!(matches!(error("HASH a\tb"), ClientError::ByteInKey { .. }));
}

#[test]
fn sync_takes_at_most_one_address_with_its_port() {
    assert_eq!(command("SYNC"), Command::Sync { peer: None });
    for text in ["node-1:7379", "10.0.0.2:1", "[::1]:65535"] {
        assert_eq!(command(&format!("sync {text}")), Command::Sync { peer: Some(address(text)) });
    }
    for text in ["node-1", "node-1:", "node-1:0", "node-1:65536", "::1", "\"node-1:7379\"", "é:1"]
    {
        let told = error(&format!("SYNC {text}")).to_string();
        assert_eq!(told, format!("Invalid address: '{text}' is not host:port"));
    }
    assert!(matches!(error("SYNC a:1 b:2"), ClientError::TooManyArguments { .. }));
}

#[test]
fn a_legacy_sync_takes_a_host_and_a_port_and_looks_at_nothing_else() {
    let legacy = |line: &str| command_in(Dialect::Legacy, line);
    let node = Command::Sync { peer: Some(address("node-1:7379")) };
    for options in ["", " --full", " --verify\t--full", " whatever"] {
        assert_eq!(legacy(&format!("SYNC node-1\t7379{options}")), node);
    }
    assert_eq!(legacy("SYNC [::1] 1"), Command::Sync { peer: Some(address("[::1]:1")) });
    for (line, found) in [("SYNC a x", "a:x"), ("SYNC a:1 2", "a:1:2"), ("SYNC a 0", "a:0")] {
        let found = bytes(found);
        assert_eq!(error_in(Dialect::Legacy, line), ClientError::NotAnAddress { found });
    }
    for line in ["SYNC", "SYNC node-1:7379"] {
        let error = error_in(Dialect::Legacy, line);
        assert!(matches!(error, ClientError::MissingArguments { .. }), "{line}: {error}");
    }
}

#[test]
fn a_digest_is_shown_behind_its_prefix_in_quotes_where_a_key_would_have_them() {
    let hash = |prefix: Option<&str>| Reply::Hash(prefix.map(bytes), Digest::empty());
    for (prefix, standard, legacy) in [
        (None, "HASH ", "HASH "),
        (Some("user:"), "HASH user: ", "HASH user: "),
        (Some("a b"), r#"HASH "a b" "#, "HASH a b "),
        (Some(""), r#"HASH "" "#, "HASH  "),
        (Some("\"q"), r#"HASH "\"q" "#, "HASH \"q "),
    ] {
        assert_eq!(written(hash(prefix), Dialect::Standard), format!("{standard}{EMPTY}\r\n"));
        assert_eq!(written(hash(prefix), Dialect::Legacy), format!("{legacy}{EMPTY}\r\n"));
    }
}

#[test]
fn sync_tells_of_every_session_and_why_one_failed() {
    let sessions = [
        session(named("node2"), SyncResult::Equal),
        session(named("node3"), SyncResult::Different),
        session(None, failed("it said \"no\"\r\nand went")),
    ];
    assert_eq!(
        synced(&sessions, Dialect::Standard),
        "SYNC\r\n\
         node2@10.0.0.2:7379 equal sent=1 received=2 bytes=3 messages=4 ms=5\r\n\
         node3@10.0.0.2:7379 different sent=1 received=2 bytes=3 messages=4 ms=5\r\n\
         10.0.0.2:7379 failed sent=1 received=2 bytes=3 messages=4 ms=5 \
         error=\"it said \\\"no\\\"\\r\\nand went\"\r\n\
         END\r\n"
    );
    assert_eq!(synced(&[], Dialect::Standard), "SYNC\r\nEND\r\n");
}

#[test]
fn a_legacy_sync_is_ok_if_there_was_a_session_and_an_error_of_one_line_if_there_was_none() {
    let lost = || session(named("node2"), failed("cut\nthere"));
    for other in [SyncResult::Equal, SyncResult::Different] {
        assert_eq!(synced(&[lost(), session(None, other)], Dialect::Legacy), "OK\r\n");
    }
    assert_eq!(
        synced(&[lost(), session(None, failed("busy"))], Dialect::Legacy),
        "ERROR Sync with node2@10.0.0.2:7379 failed: \"cut\\nthere\"\r\n"
    );
    assert_eq!(synced(&[], Dialect::Legacy), "ERROR Sync failed: no peer is known\r\n");
}

#[test]
fn peers_are_told_with_what_is_known_of_them() {
    let peers = || {
        Reply::Report(Report::Peers(vec![
            peer(),
            PeerFacts {
                node_id: named("node2"),
                state: PeerState::Up,
                root: PeerRoot::Equal,
                last_equal: Some(1_700_000_000),
                ..peer()
            },
            PeerFacts {
                state: PeerState::Down,
                root: PeerRoot::Different,
                last_error: Some("none\n".to_owned()),
                ..peer()
            },
        ]))
    };
    let lines = "PEERS 3\r\n\
         ? [::1]:7379 unknown root=unknown last_equal=never last_error=none\r\n\
         node2 [::1]:7379 up root=equal last_equal=1700000000 last_error=none\r\n\
         ? [::1]:7379 down root=different last_equal=never last_error=\"none\\n\"\r\n";
    assert_eq!(written(peers(), Dialect::Standard), format!("{lines}END\r\n"));
    assert_eq!(written(peers(), Dialect::Legacy), lines);
}

#[test]
fn anti_entropy_that_is_off_is_refused_with_the_key_that_turns_it_on() {
    let told = "Anti-entropy off: anti_entropy.enabled is false in this node's configuration";
    let refused = |dialect| written(Reply::Error(ClientError::SyncOff), dialect);
    assert_eq!(refused(Dialect::Standard), format!("ERROR: {told}\r\n"));
    assert_eq!(refused(Dialect::Legacy), format!("ERROR {told}\r\n"));
}

#[test]
fn info_tells_the_root_once_it_is_known_and_whether_the_node_is_ready() {
    let info = |node: NodeFacts| {
        let facts = Box::new((node, StoreFacts::default()));
        written(Reply::Report(Report::Info(facts)), Dialect::Standard)
    };
    let early = info(NodeFacts::default());
    assert!(!early.contains("root_hash"), "{early}");
    assert!(early.contains("replication:disabled\r\nready:no\r\npeers:0\r\n"), "{early}");
    let root = Some(Digest::empty());
    let later = info(NodeFacts { root, ready: true, ..NodeFacts::default() });
    let told = format!("tombstones:0\r\nroot_hash:{EMPTY}\r\nconnected_clients:0\r\n");
    assert!(later.contains(&told) && later.contains("\r\nready:yes\r\n"), "{later}");
}

#[test]
fn stats_end_with_the_counts_of_anti_entropy() {
    let sync = SyncCounts {
        sessions_opened: 1,
        sessions_answered: 2,
        equal: 3,
        different: 4,
        failed: 5,
        busy: 6,
        entries_sent: 7,
        entries_received: 8,
        bytes_sent: 9,
        bytes_received: 10,
        given_up: 11,
        written_again: 12,
        tombstones_removed_up_to: 1_700_000_000_000,
    };
    let node = NodeFacts { sync, ..NodeFacts::default() };
    let facts = Box::new((node, StoreFacts::default()));
    let stats = written(Reply::Report(Report::Stats(facts)), Dialect::Standard);
    let told = "\r\nmqtt_undecodable:0\r\n\
                sync_sessions_opened:1\r\nsync_sessions_answered:2\r\n\
                sync_equal:3\r\nsync_different:4\r\nsync_failed:5\r\nsync_busy:6\r\n\
                sync_entries_sent:7\r\nsync_entries_received:8\r\n\
                sync_bytes_sent:9\r\nsync_bytes_received:10\r\n\
                sync_given_up:11\r\nsync_written_again:12\r\n\
                tombstones_removed_up_to:1700000000000\r\nsnapshots_written:0\r\n\
                snapshots_failed:0\r\nsnapshot_running:0\r\nbackups_written:0\r\n\
                backups_failed:0\r\nstorage_refused_changes:0\r\nEND\r\n";
    assert!(stats.ends_with(told), "{stats}");
}
