//! What a peer sends: frames come out the same however their bytes are cut, and a session takes
//! them or ends. It never says more in a turn than its data set holds, nor goes on for ever.

use crate::cuts::pieces;
use crate::node::{NOW, engine, snapshot};
use bytes::BytesMut;
use merkle_kv_core::execute::Engine;
use merkle_kv_core::session::{
    Effect, Frame, FrameDecoder, Hello, Identity, Nonce, Session, SessionError, encode_frame,
};
use std::sync::Arc;

/// How many keys each side of the recorded sessions has, some of them in common.
pub(crate) const OWN_KEYS: std::ops::Range<u64> = 0..60;
pub(crate) const THEIR_KEYS: std::ops::Range<u64> = 40..100;

/// What both know where there is a secret.
const SECRET: &[u8] = b"a secret of the cluster";

/// The first byte of an input says by these bits how the session is held.
const OPENS: u8 = 1;
const IS_EAGER: u8 = 2;
const HAS_SECRET: u8 = 4;

/// What is said in one turn at most, with so few keys; and turns of a session.
const MAX_FRAMES_PER_TURN: usize = 64;
const MAX_TURNS: u32 = 34;

/// One side of a session, with its engine.
pub(crate) struct End {
    engine: Engine,
    identity: Identity,
    session: Option<Session>,
    nonce: Nonce,
}

impl End {
    /// The node that is fuzzed, or its peer; `how` is the first byte of an input.
    pub(crate) fn new(is_peer: bool, how: u8) -> End {
        let (name, keys) = if is_peer { ("peer", THEIR_KEYS) } else { ("fuzzed", OWN_KEYS) };
        let secret = (how & HAS_SECRET != 0).then(|| Arc::from(SECRET));
        let mut end = End {
            engine: engine(name, keys),
            identity: Identity::new(name, secret, Vec::new()),
            session: None,
            nonce: Nonce([u8::from(is_peer); 16]),
        };
        if (how & OPENS != 0) != is_peer {
            let snapshot = snapshot(&mut end.engine);
            let identity = end.identity.clone();
            end.session = Some(Session::open(identity, snapshot, end.nonce, how & IS_EAGER != 0));
        }
        end
    }

    /// Takes a frame in and does what comes of it.
    pub(crate) fn receive(&mut self, frame: Frame) -> Result<(), SessionError> {
        match (&mut self.session, frame) {
            (Some(session), frame) => {
                for effect in session.receive(frame)? {
                    self.carry_out(effect);
                }
            }
            (none, Frame::Hello(hello)) => {
                self.engine.meet(&hello, NOW);
                let snapshot = snapshot(&mut self.engine);
                *none = Some(Session::accept(
                    self.identity.clone(),
                    Hello::clone(&hello),
                    snapshot,
                    self.nonce,
                )?);
            }
            (None, _) => return Err(SessionError::OutOfTurn("something before HELLO")),
        }
        Ok(())
    }

    fn carry_out(&mut self, effect: Effect) {
        self.engine.carry_out(effect, NOW);
    }

    /// All that it says now: until it ends its turn, or has nothing to say.
    pub(crate) fn speak(&mut self) -> Vec<Frame> {
        let mut frames = Vec::new();
        let Some(session) = &mut self.session else { return frames };
        while let Some(frame) = session.next_frame() {
            let ends = matches!(frame, Frame::End(_));
            frames.push(frame);
            assert!(frames.len() <= MAX_FRAMES_PER_TURN, "a turn without end");
            if ends {
                break;
            }
        }
        assert!(session.turns() <= MAX_TURNS, "{} turns", session.turns());
        if let Some(outcome) = session.outcome() {
            self.engine.conclude(outcome);
        }
        frames
    }

    /// Whether it has heard and said all.
    pub(crate) fn is_over(&self) -> bool {
        self.session.as_ref().is_some_and(|session| session.outcome().is_some())
    }

    fn is_trusted(&self) -> bool {
        self.session.as_ref().is_some_and(Session::is_proven)
    }
}

/// The bytes of a peer, as one side or the other.
pub(crate) fn session(input: &[u8]) -> usize {
    let Some((&how, bytes)) = input.split_first() else { return 0 };
    for trusted in [false, true] {
        let at_once = frames([bytes].into_iter(), trusted);
        assert_eq!(at_once, frames(pieces(bytes, how), trusted), "frames depend on the cuts");
        for frame in at_once.0 {
            let mut again = BytesMut::new();
            encode_frame(&frame, &mut again);
            let again = FrameDecoder::default().decode(&mut again, true);
            assert_eq!(again, Ok(Some(frame)), "what was written can be read");
        }
    }
    let mut end = End::new(false, how);
    end.speak();
    let (mut decoder, mut buffer) = (FrameDecoder::default(), BytesMut::from(bytes));
    let mut understood = 0;
    while let Ok(Some(frame)) = decoder.decode(&mut buffer, end.is_trusted()) {
        if end.is_over() || end.receive(frame).is_err() {
            break;
        }
        understood += 1;
        end.speak();
    }
    snapshot(&mut end.engine);
    understood
}

/// The frames up to the first error, and that.
fn frames<'a>(
    pieces: impl Iterator<Item = &'a [u8]>,
    trusted: bool,
) -> (Vec<Frame>, Option<SessionError>) {
    let (mut decoder, mut buffer) = (FrameDecoder::default(), BytesMut::new());
    let mut frames = Vec::new();
    for piece in pieces {
        buffer.extend_from_slice(piece);
        loop {
            match decoder.decode(&mut buffer, trusted) {
                Ok(Some(frame)) => frames.push(frame),
                Ok(None) => break,
                Err(error) => return (frames, Some(error)),
            }
        }
    }
    (frames, None)
}
