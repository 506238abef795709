//! Where fuzzing begins: inputs that are understood, of every kind. `fuzz/corpus/` holds them as
//! files for the fuzzer, which `examples/write_seeds.rs` writes.

use crate::config::SEPARATOR;
use crate::journal::{header, segment_of};
use crate::node::NOW;
use crate::session::End;
use bytes::BytesMut;
use merkle_kv_core::change::Change;
use merkle_kv_core::clock::{Hlc, UnixMillis};
use merkle_kv_core::config::reference;
use merkle_kv_core::entry::Entry;
use merkle_kv_core::journal::{FileKind, Mutation, SnapshotWriter};
use merkle_kv_core::registers::{Lineage, Registers};
use merkle_kv_core::replication::{Presence, PresenceState, encode_update};
use merkle_kv_core::session::{Frame, encode_frame};
use merkle_kv_core::version::{BootId, NodeId, Version};
use merkle_kv_test_support::transcript::{self, Action, Dialect, Transcript};

/// A name for a file, and what stands in it.
pub type Seed = (String, Vec<u8>);

/// The seeds of the target with this name.
pub fn of(target: &str) -> Vec<Seed> {
    match target {
        "text" => transcripts().iter().map(text).collect(),
        "resp" => transcripts().iter().map(resp).chain([redis()]).collect(),
        "update" => vec![("changes".to_owned(), update())],
        "presence" => presences(),
        "session" => (0..8).map(session).collect(),
        "journal" => journals(),
        "config" => configs(),
        _ => Vec::new(),
    }
}

fn transcripts() -> Vec<Transcript> {
    transcript::read_all(&transcript::directory()).expect("the transcripts can be read")
}

fn sent(transcript: &Transcript) -> impl Iterator<Item = &[u8]> {
    transcript.steps.iter().filter_map(|step| match &step.action {
        Action::Send(bytes) => Some(&bytes[..]),
        Action::Expect(_) | Action::ExpectLike(_) => None,
    })
}

fn text(transcript: &Transcript) -> Seed {
    let how = match transcript.dialect {
        Dialect::Standard => 0,
        Dialect::Legacy => 1,
    };
    let bytes: Vec<u8> = [how].into_iter().chain(sent(transcript).flatten().copied()).collect();
    (transcript.name.clone(), bytes)
}

fn resp(transcript: &Transcript) -> Seed {
    let mut bytes = vec![0];
    for line in sent(transcript) {
        let words = line.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
        command(&words.collect::<Vec<_>>(), &mut bytes);
    }
    (transcript.name.clone(), bytes)
}

/// Commands that only RESP has.
fn redis() -> Seed {
    let lines = "HELLO 3 SETNAME me|SET k v EX 10 NX GET|SET k v KEEPTTL XX|SETEX k 10 v|SETNX k v|\
                 GETSET k w|GETDEL k|MSETNX a 1 b 2|PEXPIREAT a 1800000000000 GT|TTL a|EXPIRETIME a|\
                 STRLEN b|TYPE b|KEYS *[a-z]?|SCAN 0 MATCH k* COUNT 5 TYPE string|RANDOMKEY|TIME|\
                 SELECT 0|CLIENT SETNAME me|CLIENT INFO|COMMAND DOCS GET|CONFIG GET save|ECHO hello|\
                 DECRBY n 5|RESET|QUIT";
    let mut bytes = vec![7];
    for line in lines.split('|') {
        command(&line.split(' ').map(str::as_bytes).collect::<Vec<_>>(), &mut bytes);
    }
    ("redis".to_owned(), bytes)
}

fn command(words: &[&[u8]], to: &mut Vec<u8>) {
    to.extend(format!("*{}\r\n", words.len()).bytes());
    for word in words {
        to.extend(format!("${}\r\n", word.len()).bytes());
        to.extend_from_slice(word);
        to.extend_from_slice(b"\r\n");
    }
}

fn version(n: u64) -> Version {
    Version { hlc: Hlc::at(UnixMillis(NOW.0 - 1_000 + n)), node: NodeId(7) }
}

fn update() -> Vec<u8> {
    let changes = [
        Change::Entry(Entry::value_of(b"key:1", b"a value", version(1))),
        Change::Entry(Entry::tombstone(b"key:2", version(2))),
        Change::Flush(version(3)),
        Change::Entry(Entry::value_of(b"key:1", b"a later value", version(4))),
    ];
    encode_update("node1", BootId(9), 3, &changes).expect("it can be written")
}

fn presences() -> Vec<Seed> {
    let online = Presence {
        node_id: "node1".to_owned(),
        state: PresenceState::Online,
        address: "127.0.0.1:7379".to_owned(),
        boot_id: BootId(255).to_string(),
        joined: 2,
        version: "0.2.0".to_owned(),
        root: Some("ab".repeat(32)),
        keys: 3,
        time: 1_700_000_000,
    };
    let offline = Presence { state: PresenceState::Offline, root: None, ..online.clone() };
    vec![("online".to_owned(), online.encode()), ("offline".to_owned(), offline.encode())]
}

/// What the peer says in a session of two nodes that differ.
fn session(how: u8) -> Seed {
    let (mut fuzzed, mut peer) = (End::new(false, how), End::new(true, how));
    let mut said = vec![how];
    loop {
        let frames = fuzzed.speak();
        let mut heard = hear(&mut peer, frames);
        for frame in peer.speak() {
            let mut bytes = BytesMut::new();
            encode_frame(&frame, &mut bytes);
            said.extend_from_slice(&bytes);
            heard = true;
            hear(&mut fuzzed, vec![frame]);
        }
        if !heard {
            return (format!("session-{how}"), said);
        }
    }
}

fn hear(end: &mut End, frames: Vec<Frame>) -> bool {
    let heard = !frames.is_empty();
    for frame in frames {
        // Whoever has ended the session hears no more.
        if !end.is_over() {
            end.receive(frame).expect("an honest session goes well");
        }
    }
    heard
}

fn mutations() -> Vec<Mutation> {
    let registers = Registers { flush: version(1), watermark: version(2).hlc, lineage: Lineage(3) };
    vec![
        Mutation::Entry(Entry::value_of(b"key:1", b"a value", version(4))),
        Mutation::Registers(registers),
        Mutation::Entry(Entry::tombstone(b"key:2", version(5))),
        Mutation::Forgotten { key: (*b"key:2").into(), version: version(5) },
        Mutation::Clock(version(900).hlc),
        Mutation::Published(version(6).hlc),
        Mutation::Members(vec![(NodeId(1), NOW), (NodeId(2), UnixMillis(0))]),
    ]
}

fn journals() -> Vec<Seed> {
    let input = |bytes: &[u8]| [&[5, 0, 200][..], bytes].concat();
    let mut noted = Vec::new();
    mutations().iter().for_each(|mutation| mutation.encode(&mut noted));
    noted.extend([0; 24]);
    let (mut writer, mut snapshot) = SnapshotWriter::begin(&header(FileKind::Snapshot, 9));
    for mutation in mutations() {
        match &mutation {
            Mutation::Entry(entry) => snapshot.extend(writer.entry(entry).unwrap_or_default()),
            Mutation::Registers(_) | Mutation::Clock(_) | Mutation::Members(_) => {
                writer.note(&mutation);
            }
            Mutation::Forgotten { .. } | Mutation::Published(_) | Mutation::End { .. } => {}
        }
    }
    snapshot.extend(writer.end());
    vec![
        ("mutations".to_owned(), input(&noted)),
        ("segment".to_owned(), input(&segment_of(&mutations()))),
        ("snapshot".to_owned(), input(&snapshot)),
    ]
}

fn configs() -> Vec<Seed> {
    let named = |text: String| {
        text.replace("# node_id", "node_id").replace("# broker_address", "broker_address")
    };
    let variables = [
        "MERKLE_KV_NETWORK_BIND_PORT=8000",
        "MERKLE_KV_ANTI_ENTROPY_PEER_LIST=node2:7379,[::1]:7380",
        "MERKLE_KV_SECURITY_CLUSTER_SECRET=a secret of twenty-four characters",
    ];
    let separator = SEPARATOR.to_string();
    let with_variables =
        format!("node_id = \"a\"\nbroker.enabled = true{separator}{}", variables.join(&separator));
    vec![
        ("reference".to_owned(), named(reference()).into_bytes()),
        ("variables".to_owned(), with_variables.into_bytes()),
        (
            "node".to_owned(),
            b"node_id = \"node1\"\n[mqtt]\nbroker_address = \"tcp://localhost:1883\"\n\
              [storage]\npersistence_enabled = true\ndata_dir = \"data\"\n"
                .to_vec(),
        ),
    ]
}
