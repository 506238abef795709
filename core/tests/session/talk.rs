//! Leads a session frame by frame, over real bytes, so that anything may happen between two frames.

use crate::pair::{NOW, Node, sync};
use bytes::BytesMut;
use merkle_kv_core::entry::Entry;
use merkle_kv_core::session::{
    Effect, Frame, FrameDecoder, MAX_FRAME_BYTES, Outcome, Session, SessionError, Side,
    encode_frame,
};
use std::collections::BTreeMap;

/// A session under way between two of many nodes.
pub(crate) struct Talk {
    opener: End,
    answerer: Option<End>,
    answers: usize,
    nonce: u8,
    sender: Side,
    /// What was said so far.
    pub(crate) frames: Vec<(Side, Frame)>,
}

/// One side: which node, and what it has of the session.
struct End {
    node: usize,
    session: Session,
    decoder: FrameDecoder,
    has_concluded: bool,
}

impl End {
    fn new(node: usize, session: Session) -> End {
        End { node, session, decoder: FrameDecoder::default(), has_concluded: false }
    }

    /// Takes a frame in as it comes from a socket, in pieces.
    fn receive(&mut self, frame: &Frame) -> Result<Vec<Effect>, SessionError> {
        let decoded = decode(&mut self.decoder, frame, self.session.is_proven())?;
        self.session.receive(decoded)
    }

    fn conclude(&mut self, nodes: &mut [Node]) {
        if let Some(outcome) = self.session.outcome()
            && !std::mem::replace(&mut self.has_concluded, true)
        {
            nodes[self.node].engine.conclude(outcome);
        }
    }
}

/// What arrives of a frame that is sent in reads of a socket.
pub(crate) fn decode(
    decoder: &mut FrameDecoder,
    frame: &Frame,
    trusted: bool,
) -> Result<Frame, SessionError> {
    let mut sent = BytesMut::new();
    encode_frame(frame, &mut sent);
    let mut received = BytesMut::new();
    while !sent.is_empty() {
        received.extend_from_slice(&sent.split_to(sent.len().min(MAX_FRAME_BYTES)));
        if let Some(frame) = decoder.decode(&mut received, trusted)? {
            assert!(sent.is_empty() && received.is_empty(), "a frame ends where its bytes do");
            return Ok(frame);
        }
    }
    unreachable!("all bytes of a frame are a frame");
}

impl Talk {
    /// Node `opens` opens a session with node `answers`. Nothing is sent yet.
    pub(crate) fn between(
        nodes: &mut [Node],
        [opens, answers]: [usize; 2],
        nonce: u8,
        eager: bool,
    ) -> Talk {
        let opener = End::new(opens, nodes[opens].open(nonce, eager));
        Talk { opener, answerer: None, answers, nonce, sender: Side::Opener, frames: Vec::new() }
    }

    /// Moves one frame and does what comes of it. False if the session is over.
    pub(crate) fn step(&mut self, nodes: &mut [Node]) -> Result<bool, SessionError> {
        match self.send(nodes) {
            Some(frame) => self.deliver(nodes, &frame).map(|()| true),
            None => Ok(false),
        }
    }

    /// The same with a peer that may be at a loss: nothing if nobody has anything to say.
    pub(crate) fn try_step(&mut self, nodes: &mut [Node]) -> Option<Result<bool, SessionError>> {
        let end = self.speaker();
        let frame = end.session.next_frame()?;
        end.conclude(nodes);
        Some(self.deliver(nodes, &frame).map(|()| self.outcomes().contains(&None)))
    }

    /// Takes the next frame from who has the turn; nothing if the session is over.
    pub(crate) fn send(&mut self, nodes: &mut [Node]) -> Option<Frame> {
        if self.outcomes().iter().all(Option::is_some) {
            return None;
        }
        let end = self.speaker();
        let frame = end.session.next_frame().expect("who has the turn says something");
        end.conclude(nodes);
        self.frames.push((self.sender, frame.clone()));
        Some(frame)
    }

    fn speaker(&mut self) -> &mut End {
        match self.sender {
            Side::Opener => &mut self.opener,
            Side::Answerer => self.answerer.as_mut().unwrap(),
        }
    }

    /// Gives a frame to who does not have the turn.
    pub(crate) fn deliver(
        &mut self,
        nodes: &mut [Node],
        frame: &Frame,
    ) -> Result<(), SessionError> {
        let receiver = match self.sender {
            Side::Opener => Side::Answerer,
            Side::Answerer => Side::Opener,
        };
        self.deliver_to(receiver, nodes, frame)?;
        if matches!(frame, Frame::End(_)) {
            self.sender = receiver;
        }
        Ok(())
    }

    /// Gives a frame to one side, whoever has the turn.
    pub(crate) fn deliver_to(
        &mut self,
        side: Side,
        nodes: &mut [Node],
        frame: &Frame,
    ) -> Result<(), SessionError> {
        let end = match (side, &mut self.answerer) {
            (Side::Opener, _) => &mut self.opener,
            (Side::Answerer, Some(answerer)) => answerer,
            (Side::Answerer, none) => {
                let Frame::Hello(hello) = decode(&mut FrameDecoder::default(), frame, false)?
                else {
                    return Err(SessionError::OutOfTurn(frame.name()));
                };
                let session = nodes[self.answers].accept(*hello, self.nonce.wrapping_add(100))?;
                *none = Some(End::new(self.answers, session));
                return Ok(());
            }
        };
        if end.session.outcome().is_none() {
            for effect in end.receive(frame)? {
                nodes[end.node].apply(effect);
            }
            end.conclude(nodes);
        }
        Ok(())
    }

    /// Leads the session to its end.
    pub(crate) fn finish(&mut self, nodes: &mut [Node]) -> Outcome {
        while self.step(nodes).unwrap() {}
        let [opener, answerer] = self.outcomes();
        assert_eq!(opener, answerer, "both sides see the same end");
        opener.unwrap()
    }

    pub(crate) fn outcomes(&self) -> [Option<Outcome>; 2] {
        let answerer = self.answerer.as_ref().and_then(|end| end.session.outcome());
        [self.opener.session.outcome(), answerer]
    }

    pub(crate) fn turns(&self) -> u32 {
        self.opener.session.turns()
    }

    /// The side that sends next.
    pub(crate) fn sender(&self) -> Side {
        self.sender
    }
}

/// What all of these nodes together know: the entry that wins, of every key.
pub(crate) fn winners(nodes: &mut [Node]) -> BTreeMap<Vec<u8>, Entry> {
    let mut winners: BTreeMap<Vec<u8>, Entry> = BTreeMap::new();
    for entry in nodes.iter_mut().flat_map(Node::entries) {
        let held = winners.get(entry.key());
        if held.is_none_or(|held| entry.supersedes(held)) {
            winners.insert(entry.key().to_vec(), entry);
        }
    }
    winners
}

/// All hold exactly these entries.
pub(crate) fn assert_all_hold(nodes: &mut [Node], expected: &BTreeMap<Vec<u8>, Entry>) {
    for node in nodes {
        let name = node.identity.name.clone();
        let held: BTreeMap<Vec<u8>, Entry> =
            node.entries().into_iter().map(|entry| (entry.key().to_vec(), entry)).collect();
        for (key, entry) in expected {
            assert_eq!(held.get(key), Some(entry), "{name} lacks it");
        }
        let more = held.into_iter().find(|(key, _)| !expected.contains_key(key));
        assert_eq!(more, None, "{name} has more");
    }
}

/// Repairs whatever is left with sessions that nobody disturbs.
pub(crate) fn repair(nodes: &mut [Node], nonce: u8) {
    let [a, b] = nodes else { panic!("two nodes") };
    for round in 0..4 {
        let (outcome, _) = sync(a, b, nonce.wrapping_add(round), round % 2 == 1);
        if matches!(outcome, Outcome::Equal { .. }) && a.root() == b.root() {
            return;
        }
    }
    panic!("four sessions have not made the nodes equal");
}

/// A write of a client, now. Gives what it has been told is there.
pub(crate) fn write(node: &mut Node, key: &str, value: &str) -> Entry {
    node.engine.store_mut().put(key.as_bytes(), value.as_bytes(), &[], None, NOW).unwrap()
}
