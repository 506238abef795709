//! Peers that belong to the cluster and do not keep to the protocol.

use crate::pair::Node;
use crate::shapes::{Make, SHAPES, SMALL};
use crate::talk::{Talk, assert_all_hold, repair, winners};
use merkle_kv_core::clock::Hlc;
use merkle_kv_core::entry::Entry;
use merkle_kv_core::merkle::Digest;
use merkle_kv_core::session::{Effect, Frame, Outcome, Session, SessionError, Side};
use merkle_kv_core::version::{NodeId, Version};

/// More turns than a session takes, whatever the peer does.
const TURNS: u32 = 34;

fn nodes() -> Vec<Node> {
    let mut nodes = vec![Node::new(1), Node::new(2)];
    for n in 0..400 {
        nodes[n % 2].put(format!("key:{n:03}"), "value", 1 + n as u64);
    }
    nodes
}

fn intruder() -> Entry {
    let version = Version { hlc: Hlc::from_raw(1 << 40), node: NodeId(5) };
    Entry::value_of(b"intruder", b"value", version)
}

fn varint(mut number: u64, out: &mut Vec<u8>) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

/// A record of these numbers, with so many bytes behind.
fn record(numbers: &[u64], behind: usize) -> Vec<u8> {
    let mut record = Vec::new();
    numbers.iter().for_each(|number| varint(*number, &mut record));
    record.resize(record.len() + behind, 0x5a);
    record
}

/// The side of the second node in a session that the first opens and the test leads from there.
fn answerer(nodes: &mut [Node], first: &[Frame]) -> Result<Session, SessionError> {
    let Some(Frame::Hello(hello)) = nodes[0].open(1, false).next_frame() else { panic!("a hello") };
    let mut session = nodes[1].accept(*hello, 9)?;
    for frame in first {
        tell(&mut nodes[1], &mut session, frame.clone())?;
    }
    Ok(session)
}

fn tell(node: &mut Node, session: &mut Session, frame: Frame) -> Result<(), SessionError> {
    let effects: Vec<Effect> = session.receive(frame)?;
    effects.into_iter().for_each(|effect| node.apply(effect));
    Ok(())
}

fn drain(session: &mut Session) -> Vec<Frame> {
    std::iter::from_fn(|| session.next_frame()).collect()
}

#[test]
fn a_peer_that_says_it_is_equal_ends_the_session_and_an_honest_session_repairs() {
    let mut nodes = nodes();
    let all = winners(&mut nodes);
    let (mut opener, root) = (nodes[0].open(1, false), nodes[1].snapshot().tree.root());
    let Some(Frame::Hello(mut hello)) = opener.next_frame() else { panic!("a hello") };
    hello.root = root;
    let mut session = nodes[1].accept(*hello, 9).unwrap();
    session.receive(Frame::End(None)).unwrap();
    let said = drain(&mut session);
    assert_eq!(said.len(), 2, "{said:?}");
    assert!(matches!(session.outcome(), Some(Outcome::Equal { .. })));
    repair(&mut nodes, 20);
    assert_all_hold(&mut nodes, &all);
}

#[test]
fn a_peer_that_names_another_root_for_ever_is_left_within_the_limit() {
    // Says nothing else, asks for everything each time, or sends the same entry each time.
    let turns: [&[Frame]; 4] = [
        &[],
        &[Frame::Records(record(&[2, 1, 0], 0))],
        &[Frame::Entries(vec![intruder()])],
        &[Frame::Records(Vec::new())],
    ];
    for root in [None, Some(Digest([7; 32]))] {
        for turn in turns {
            let mut nodes = nodes();
            let mut all = winners(&mut nodes);
            let mut session = answerer(&mut nodes, &[]).unwrap();
            let mut rounds = 0;
            let result = loop {
                let frames = turn.iter().cloned().chain([Frame::End(root)]);
                let told = frames.map(|frame| tell(&mut nodes[1], &mut session, frame));
                if let Err(error) = told.collect::<Result<Vec<()>, _>>() {
                    break Err(error);
                }
                drain(&mut session);
                if let Some(outcome) = session.outcome() {
                    break Ok(outcome);
                }
                rounds += 1;
                assert!(rounds <= TURNS / 2, "it goes on for ever");
            };
            assert!(!matches!(result, Ok(Outcome::Equal { .. })), "{turn:?}: {result:?}");
            repair(&mut nodes, 20);
            if nodes[0].value("intruder").is_some() {
                all.insert(b"intruder".to_vec(), intruder());
            }
            assert_all_hold(&mut nodes, &all);
        }
    }
}

/// Frames of every kind, each as it may be and as it may not.
fn every_frame(hello: &Frame) -> Vec<Frame> {
    let records = [
        Vec::new(),
        record(&[1, 1, 14, 0], 0),
        record(&[2, 1, 0], 0),
        record(&[3, 1], 1),
        record(&[1, 1, 0, 3], 2 + 12),
        vec![0xff; 40],
    ];
    let mut frames: Vec<Frame> = records.into_iter().map(Frame::Records).collect();
    frames.extend([
        hello.clone(),
        Frame::Proof(vec![1; 32]),
        Frame::Entries(vec![intruder()]),
        Frame::Entries(Vec::new()),
        Frame::Refused(vec![b"user:00000010".to_vec(), b"key".to_vec()]),
        Frame::Refused(Vec::new()),
        Frame::End(None),
        Frame::End(Some(Digest([9; 32]))),
        Frame::Busy,
        Frame::Fault("for no reason".to_owned()),
    ]);
    frames
}

/// Says one frame too many at one point of a session, and leads the session on if it can go on.
fn with_a_frame_too_many(make: Make, at: usize, which: usize, to: Side) -> bool {
    let mut shape = make();
    let nodes = &mut shape.nodes[..];
    let mut talk = Talk::between(nodes, [0, 1], 1, false);
    for _ in 0..at {
        if !talk.step(nodes).unwrap() {
            return false;
        }
    }
    let Some(Frame::Hello(hello)) = nodes[0].open(7, false).next_frame() else { panic!() };
    let hello = Frame::Hello(hello);
    let frame = every_frame(&hello).swap_remove(which);
    let (ends, is_over) = (talk.sender() == to, talk.outcomes() != [None, None]);
    let has_begun = at > 0;
    let told = talk.deliver_to(to, nodes, &frame);
    match &frame {
        Frame::Busy | Frame::Fault(_) if has_begun && !is_over => assert!(told.is_err()),
        _ if !has_begun && to == Side::Answerer => {
            assert_eq!(told.is_ok(), matches!(frame, Frame::Hello(_)));
        }
        _ if ends && !is_over => {
            assert!(told.is_err(), "{} was heard in the own turn, at {at}", frame.name());
        }
        Frame::Hello(_) if !is_over && at > 0 && to == Side::Answerer => {
            assert_eq!(told, Err(SessionError::OutOfTurn("a second HELLO")));
        }
        _ => {}
    }
    if told.is_ok() && has_begun {
        while talk.turns() <= TURNS && talk.try_step(nodes) == Some(Ok(true)) {}
        assert!(talk.turns() <= TURNS);
    }
    let honest = nodes.iter().all(|node| node.given_up.is_empty() && node.written_again == 0);
    repair(nodes, 50);
    if shape.name == "few" || shape.name == "scattered" {
        assert!(honest, "nothing was refused that could be");
        shape.expected.extend(
            nodes[0]
                .entries()
                .into_iter()
                .map(|entry| (entry.key().to_vec(), entry))
                .filter(|(key, _)| key == b"intruder"),
        );
        assert_all_hold(nodes, &shape.expected);
    }
    true
}

#[test]
fn a_frame_of_any_kind_at_any_point_of_a_session_is_survived() {
    let Some(Frame::Hello(hello)) = Node::new(1).open(7, false).next_frame() else { panic!() };
    let kinds = every_frame(&Frame::Hello(hello)).len();
    for make in SMALL {
        for which in 0..kinds {
            for to in [Side::Opener, Side::Answerer] {
                let points = (0..).take_while(|at| with_a_frame_too_many(make, *at, which, to));
                assert!(points.count() >= 6);
            }
        }
    }
}

/// Which records a node that has cut nothing but the whole reads, and which it does not.
#[test]
fn records_that_cannot_be_are_an_error() {
    let wrong = [
        ("runs behind those that were cut", record(&[1 << 2 | 2, 1, 0], 0)),
        ("more runs than were cut", record(&[2, 2, 0], 0)),
        ("no runs", record(&[2, 0, 0], 0)),
        ("runs that are too many to count", record(&[2, u64::MAX >> 1, 0], 0)),
        ("a skip that is too far to count", record(&[(u64::MAX >> 1) & !3 | 2, 1, 0], 0)),
        ("the same run twice", [record(&[2, 1, 0], 0), record(&[2, 1, 0], 0)].concat()),
        ("a list and a cut of it", [record(&[2, 1, 0], 0), record(&[1, 1, 14, 0], 0)].concat()),
        ("a wish for a list not sent", record(&[3, 1], 1)),
        ("a wish far behind", record(&[(u64::MAX >> 1) | 3, 1], 1)),
        ("too many runs in a cut", record(&[1, 1, 14, 4_097], 5 * 4_097)),
        ("more runs than are there", record(&[1, 1, 14, 100], 90)),
        ("a count beyond all bounds", record(&[0, 1, 14, u64::MAX >> 1], 100)),
        ("a number without an end", vec![0xff; 20]),
        ("a mean of too many bits", record(&[1, 1, u64::MAX, 0], 0)),
        ("too many places in a list", record(&[2, 1, 8_193], 4 * 8_193)),
        ("a head alone", vec![1]),
    ];
    for (name, records) in wrong {
        let mut nodes = nodes();
        let first = [Frame::Records(records)];
        let session = answerer(&mut nodes, &first);
        assert!(matches!(session, Err(SessionError::Malformed(_))), "{name}: {session:?}");
    }
}

#[test]
fn cuts_of_any_mean_are_answered_in_proportion_to_what_is_here() {
    for mean in [0, 1, 2, 13, 1 << 20, u64::MAX >> 1] {
        for runs in [1_u64, 2, 300, 4_096] {
            for (kind, tag, digest) in [(0, 2, 6), (1, 1, 4)] {
                let mut nodes = nodes();
                let all = winners(&mut nodes);
                let behind = (runs as usize - 1) * tag + runs as usize * digest;
                let cut = Frame::Records(record(&[kind, 1, mean, runs], behind));
                let first = [cut, Frame::End(None)];
                let mut session = answerer(&mut nodes, &first).unwrap();
                let frames = drain(&mut session);
                assert!(frames.len() < 10 && session.outcome().is_none(), "{}", frames.len());
                repair(&mut nodes, 20);
                assert_all_hold(&mut nodes, &all);
            }
        }
    }
}

#[test]
fn the_same_run_may_be_spoken_of_in_every_turn_and_the_session_still_ends() {
    let mut nodes = nodes();
    let ask = [Frame::Records(record(&[1, 1, 0, 3], 2 + 12)), Frame::End(None)];
    let mut session = answerer(&mut nodes, &ask).unwrap();
    let error = loop {
        drain(&mut session);
        if let Err(error) = tell(&mut nodes[1], &mut session, ask[0].clone()) {
            break error;
        }
        if let Err(error) = tell(&mut nodes[1], &mut session, ask[1].clone()) {
            break error;
        }
        assert!(session.turns() <= TURNS);
    };
    assert!(matches!(error, SessionError::Malformed(_) | SessionError::TooManyTurns(_)));
}

#[test]
fn entries_that_nobody_asked_for_merge_as_the_last_writer_wins() {
    let mut nodes = nodes();
    let mut all = winners(&mut nodes);
    let older = Version { hlc: Hlc::ZERO, node: NodeId(9) };
    let stale = Entry::value_of(b"key:001", b"stale", older);
    let both = vec![stale.clone(), intruder(), stale];
    let first = [Frame::Entries(both), Frame::End(Some(Digest([3; 32])))];
    let mut session = answerer(&mut nodes, &first).unwrap();
    drain(&mut session);
    all.insert(b"intruder".to_vec(), intruder());
    assert_eq!(nodes[1].value("key:001").as_deref(), Some("value"));
    repair(&mut nodes, 20);
    assert_all_hold(&mut nodes, &all);
}

#[test]
fn one_key_twice_in_a_frame_leaves_the_later_version_whatever_the_order() {
    let version = |hlc| Version { hlc: Hlc::from_raw(hlc), node: NodeId(9) };
    let old = Entry::value_of(b"twice", b"old", version(900));
    let new = Entry::value_of(b"twice", b"new", version(901));
    for entries in [vec![old.clone(), new.clone()], vec![new.clone(), old.clone()]] {
        let mut nodes = nodes();
        let mut all = winners(&mut nodes);
        all.insert(b"twice".to_vec(), new.clone());
        answerer(&mut nodes, &[Frame::Entries(entries), Frame::End(None)]).unwrap();
        assert_eq!(nodes[1].value("twice").as_deref(), Some("new"));
        repair(&mut nodes, 20);
        assert_all_hold(&mut nodes, &all);
    }
}

#[test]
fn what_is_newer_than_the_watermark_of_a_peer_cannot_be_refused_by_it() {
    for (watermark, is_believed) in [(0, false), (50, false), (500, true)] {
        let mut nodes = nodes();
        nodes.iter_mut().for_each(|node| node.raise(1, 7));
        nodes[0].raise(watermark, 7);
        let keys = [b"key:199".to_vec(), b"nothing".to_vec()];
        let first = [Frame::End(None)];
        let mut session = answerer(&mut nodes, &first).unwrap();
        drain(&mut session);
        let told = tell(&mut nodes[1], &mut session, Frame::Refused(keys.to_vec()));
        assert_eq!(told.is_ok(), is_believed, "watermark {watermark}");
        assert_eq!(nodes[1].value("key:199").is_none(), is_believed);
        // Whatever it gives up is kept for the operator.
        assert_eq!(nodes[1].given_up.len(), usize::from(is_believed));
    }
}

#[test]
fn a_session_that_is_over_hears_nothing_more() {
    for make in [SHAPES[0], SMALL[2]] {
        let mut shape = make();
        let mut opener = shape.nodes[0].open(1, false);
        let Some(Frame::Hello(hello)) = opener.next_frame() else { panic!("a hello") };
        opener.next_frame();
        let root = hello.root;
        let mut session = shape.nodes[0].open(2, false);
        drain(&mut session);
        let Some(Frame::Hello(own)) = shape.nodes[1].open(3, false).next_frame() else { panic!() };
        let mut answer = own.clone();
        answer.root = root;
        if session.receive(Frame::Hello(answer)).is_ok() {
            session.receive(Frame::End(None)).unwrap();
            assert!(session.outcome().is_some() && session.next_frame().is_none());
            for frame in every_frame(&Frame::Hello(own)) {
                assert!(session.receive(frame).is_err());
            }
        }
    }
}
