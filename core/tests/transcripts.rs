//! Every transcript in `tests/transcripts` against the engine, with fixed facts in the place of a
//! node. The tests of the whole program run the same files against live nodes.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use bytes::BytesMut;
use merkle_kv_core::clock::UnixMillis;
use merkle_kv_core::execute::{Answer, Batch, Engine, EngineSettings, Progress, Question};
use merkle_kv_core::merkle::{Tree, TreeSeed};
use merkle_kv_core::naming::PeerAddress;
use merkle_kv_core::protocol::text::Decoder;
use merkle_kv_core::protocol::{
    ClientAction, ClientFacts, Dialect, Limits, MqttFacts, MqttState, NodeFacts, ReplicateAction,
    ReplicationFacts, SyncFacts, SyncResult, Wording, text_commands,
};
use merkle_kv_core::replication::MAX_UNPUBLISHED;
use merkle_kv_core::store::HashSeed;
use merkle_kv_core::version::NodeId;
use merkle_kv_test_support::transcript::{self, Action, Transcript};
use std::collections::BTreeSet;

/// One connection to a node that consists of an engine only.
struct Connection {
    engine: Engine,
    decoder: Decoder,
    dialect: Dialect,
    input: BytesMut,
    answers: BytesMut,
    now: UnixMillis,
    replicates: bool,
    closed: bool,
}

impl Connection {
    fn new(dialect: transcript::Dialect) -> Connection {
        let dialect = match dialect {
            transcript::Dialect::Standard => Dialect::Standard,
            transcript::Dialect::Legacy => Dialect::Legacy,
        };
        let limits = Limits::default();
        let settings = EngineSettings {
            node: NodeId::of("node1"),
            seed: HashSeed(1, 2),
            tree: TreeSeed::of(b"merkle-kv"),
            limits,
            max_unpublished: Some(MAX_UNPUBLISHED),
            memory_limit_bytes: None,
        };
        Connection {
            engine: Engine::new(settings),
            decoder: Decoder::new(limits, dialect),
            dialect,
            input: BytesMut::new(),
            answers: BytesMut::new(),
            now: UnixMillis(1_700_000_000_000),
            replicates: true,
            closed: false,
        }
    }

    fn send(&mut self, bytes: &[u8]) {
        assert!(!self.closed, "the connection is closed");
        self.now.0 += 1;
        self.input.extend_from_slice(bytes);
        let requests = self.decoder.decode(&mut self.input);
        let mut batch = Batch::new(requests, Wording::Text(self.dialect), BytesMut::new());
        loop {
            let progress = batch.run(&mut self.engine, self.now);
            self.answers.extend_from_slice(&batch.output.split());
            match progress {
                Progress::Done => break,
                Progress::More => {}
                Progress::Ask(question) => batch.answer(self.answer(question)),
            }
        }
        self.closed = batch.closes();
    }

    fn answer(&mut self, question: Question) -> Answer {
        let state = MqttState::Connected;
        match question {
            Question::Info | Question::Stats => Answer::Node(Box::new(NodeFacts {
                node_id: "node1".to_string(),
                uptime_seconds: 93_784,
                unix_seconds: 1_700_000_000,
                resident_bytes: Some(5 << 20),
                connections: 1,
                connections_accepted: 1,
                root: Some(self.tree().root()),
                ready: true,
                mqtt: MqttFacts { state, enabled: self.replicates, ..MqttFacts::default() },
                ..NodeFacts::default()
            })),
            Question::Snapshot => {
                let snapshot = self.engine.store_mut().snapshot(self.now);
                Answer::Snapshot(snapshot.expect("the tree is here"))
            }
            Question::Client(ClientAction::List) => Answer::Clients(vec![ClientFacts {
                id: 1,
                address: "127.0.0.1:50000".to_string(),
                age_seconds: 2,
                idle_seconds: 0,
                name: String::new(),
                user: None,
            }]),
            Question::Client(_)
            | Question::Hello(_)
            | Question::LogIn(_)
            | Question::Reset
            | Question::Keys(_) => unreachable!("only RESP asks this, or a node with users"),
            Question::Replicate(ReplicateAction::Status) => {
                let enabled = self.replicates;
                Answer::Replication(ReplicationFacts { enabled, state, queued: 0, peers: 2 })
            }
            Question::Replicate(ReplicateAction::Enable) => self.switched(true),
            Question::Replicate(ReplicateAction::Disable) => self.switched(false),
            Question::Hash(prefix) => {
                Answer::Hash(self.tree().digest_of_prefix(&prefix.unwrap_or_default()))
            }
            Question::Sync(peer) => Answer::Sync(peer.into_iter().map(unreachable).collect()),
            Question::Peers => Answer::Peers(Vec::new()),
            Question::Quit | Question::Shutdown => Answer::Done,
        }
    }

    /// Transcripts write too little for a snapshot to take long.
    fn tree(&mut self) -> Tree {
        self.engine.store_mut().snapshot(self.now).expect("the tree is here").tree
    }

    fn switched(&mut self, replicates: bool) -> Answer {
        self.replicates = replicates;
        Answer::Done
    }

    fn next_line(&mut self) -> Option<String> {
        let end = self.answers.windows(2).position(|pair| pair == b"\r\n")?;
        let line = self.answers.split_to(end + 2);
        Some(String::from_utf8(line[..end].to_vec()).unwrap())
    }
}

/// The session with a peer that is not there.
fn unreachable(address: PeerAddress) -> SyncFacts {
    SyncFacts {
        node_id: None,
        address,
        result: SyncResult::Failed { error: "connection refused".to_string() },
        entries_sent: 0,
        entries_received: 0,
        bytes: 0,
        messages: 0,
        millis: 1,
    }
}

/// What was not as the transcript says.
fn play(transcript: &Transcript) -> Vec<String> {
    let mut connection = Connection::new(transcript.dialect);
    let mut problems = Vec::new();
    for step in &transcript.steps {
        match &step.action {
            Action::Send(bytes) => connection.send(bytes),
            expected @ (Action::Expect(_) | Action::ExpectLike(_)) => {
                let answer = connection.next_line();
                if !answer.as_ref().is_some_and(|answer| expected.accepts(answer)) {
                    let place = format!("{}.txt:{}", transcript.name, step.line);
                    problems.push(format!("{place}: {answer:?} for {expected:?}"));
                }
            }
        }
    }
    if !connection.answers.is_empty() {
        let left = String::from_utf8_lossy(&connection.answers);
        problems.push(format!("{}: left over: {left:?}", transcript.name));
    }
    problems
}

fn all() -> Vec<Transcript> {
    let all = transcript::read_all(&transcript::directory()).unwrap();
    assert!(all.len() >= 17, "{} transcripts", all.len());
    all
}

#[test]
fn every_transcript_is_answered_as_it_says() {
    let problems: Vec<String> = all().iter().flat_map(play).collect();
    assert!(problems.is_empty(), "{problems:#?}");
}

#[test]
fn the_name_of_a_transcript_says_its_dialect() {
    for transcript in all() {
        let prefix = match transcript.dialect {
            transcript::Dialect::Standard => "standard-",
            transcript::Dialect::Legacy => "legacy-",
        };
        assert!(transcript.name.starts_with(prefix), "{}", transcript.name);
    }
}

#[test]
fn every_command_and_alias_has_a_transcript_in_each_dialect() {
    for dialect in [transcript::Dialect::Standard, transcript::Dialect::Legacy] {
        let transcripts = all();
        let spoken = transcripts.iter().filter(|transcript| transcript.dialect == dialect);
        let words: BTreeSet<String> = spoken.flat_map(Transcript::command_words).collect();
        for spec in text_commands() {
            for word in [&[spec.name], spec.aliases].concat() {
                assert!(words.contains(word), "{word} has no {dialect:?} transcript");
            }
        }
    }
}
