//! What clients send: requests come out the same however their bytes are cut, are run, and are
//! answered in pieces of bounded size. What the node publishes of it can be read by another node.

use crate::cuts::pieces;
use crate::node::{LIMITS, NOW, engine, snapshot};
use bytes::BytesMut;
use merkle_kv_core::execute::{Answer, Batch, Engine, Progress, Question};
use merkle_kv_core::merkle::KeyRange;
use merkle_kv_core::protocol::{
    ClientFacts, Decoder, Dialect, NodeFacts, ReplicationFacts, Request, Wording,
};
use merkle_kv_core::replication::{decode_update, encode_update};
use merkle_kv_core::version::BootId;

/// How RESP begins; everything else is text.
const RESP_BEGINS: u8 = b'*';

/// What one slice may put into the output: 256 KiB, and the reply with which that is reached. The
/// longest are INFO, STATS and HELP.
const MAX_SLICE_OUTPUT_BYTES: usize = (256 << 10) + (64 << 10);

/// The slices that a request may take beside its own; DBSIZE after FLUSH has the most, which sweeps.
const MAX_SLICES_PER_REQUEST: usize = 20;

/// What an update message may hold, in bytes.
const UPDATE_BYTES: usize = 64 << 10;

/// Lines of text, in either dialect.
pub(crate) fn text(input: &[u8]) -> usize {
    let Some((&how, bytes)) = input.split_first() else { return 0 };
    if bytes.first() == Some(&RESP_BEGINS) {
        return 0;
    }
    let dialect = if how % 2 == 0 { Dialect::Standard } else { Dialect::Legacy };
    client(how, bytes, dialect)
}

/// Commands of RESP.
pub(crate) fn resp(input: &[u8]) -> usize {
    let Some((&how, bytes)) = input.split_first() else { return 0 };
    if bytes.first() != Some(&RESP_BEGINS) {
        return 0;
    }
    client(how, bytes, Dialect::Standard)
}

fn client(how: u8, bytes: &[u8], dialect: Dialect) -> usize {
    let (at_once, wording) = requests([bytes].into_iter(), dialect);
    let (in_pieces, _) = requests(pieces(bytes, how), dialect);
    assert_eq!(at_once, in_pieces, "requests depend on where their bytes are cut");
    assert!(at_once.len() <= bytes.len(), "{} requests", at_once.len());
    let understood =
        at_once.iter().filter(|request| matches!(request, Request::Command(..))).count();
    let mut engine = engine("fuzzed", 0..20);
    execute(&mut engine, at_once, wording);
    publish(&mut engine);
    while engine.sweep_step() {}
    let leaves = snapshot(&mut engine).tree.range(KeyRange::ALL).count();
    assert_eq!(leaves, engine.store().keys() + engine.store().tombstones());
    understood
}

/// Up to the one after which the connection is closed.
fn requests<'a>(
    pieces: impl Iterator<Item = &'a [u8]>,
    dialect: Dialect,
) -> (Vec<Request>, Wording) {
    let mut decoder = Decoder::new(LIMITS, dialect);
    let (mut buffer, mut requests) = (BytesMut::new(), Vec::new());
    for piece in pieces {
        buffer.extend_from_slice(piece);
        requests.extend(decoder.decode(&mut buffer));
        if let Some(at) = requests.iter().position(|r| matches!(r, Request::Broken(_))) {
            requests.truncate(at + 1);
            break;
        }
    }
    (requests, decoder.wording())
}

fn execute(engine: &mut Engine, requests: Vec<Request>, wording: Wording) {
    let most = MAX_SLICES_PER_REQUEST * (requests.len() + 1);
    let mut batch = Batch::new(requests, wording, BytesMut::new());
    for _ in 0..most {
        let progress = batch.run(engine, NOW);
        assert!(batch.output.len() <= MAX_SLICE_OUTPUT_BYTES, "{} bytes", batch.output.len());
        batch.output.clear();
        match progress {
            Progress::Done => return,
            Progress::More => {}
            Progress::Ask(question) => batch.answer(answer(engine, question)),
        }
    }
    panic!("a batch takes more than {most} slices");
}

fn answer(engine: &mut Engine, question: Question) -> Answer {
    match question {
        Question::Info | Question::Stats => Answer::Node(Box::default()),
        Question::Snapshot => Answer::Snapshot(snapshot(engine)),
        Question::Client(_) | Question::Hello(_) => Answer::Client(Box::new(ClientFacts {
            id: 1,
            address: "127.0.0.1:50000".to_owned(),
            age_seconds: 2,
            idle_seconds: 0,
            name: String::new(),
            user: None,
        })),
        Question::LogIn(login) => match login.users.verify(&login.credentials) {
            Ok(user) => Answer::User(user),
            Err(error) => Answer::Refused(error),
        },
        Question::Keys(search) => Answer::Keys(search.run(&snapshot(engine), NOW)),
        Question::Replicate(_) => Answer::Replication(ReplicationFacts {
            enabled: true,
            state: NodeFacts::default().mqtt.state,
            queued: 0,
            peers: 0,
        }),
        Question::Hash(prefix) => {
            let tree = snapshot(engine).tree;
            Answer::Hash(tree.digest_of_prefix(&prefix.unwrap_or_default()))
        }
        Question::Sync(_) => Answer::Sync(Vec::new()),
        Question::Peers => Answer::Peers(Vec::new()),
        Question::Reset | Question::Quit | Question::Shutdown => Answer::Done,
    }
}

/// What clients wrote, another node reads as it was meant.
fn publish(engine: &mut Engine) {
    while let Some(changes) = engine.take_update(UPDATE_BYTES) {
        let message = encode_update("fuzzed", BootId(1), 1, &changes).expect("it can be written");
        let update = decode_update(&message).expect("what was written can be read");
        assert_eq!(update.changes, changes);
        engine.settle_update(NOW);
    }
}
