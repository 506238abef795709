//! Runs both sides of a session in one place, without a network: to measure what sessions cost and
//! to test them.

use super::codec::encode_frame;
use super::error::SessionError;
use super::frame::Frame;
use super::hello::Hello;
use super::state::{Effect, Outcome, Session};
use bytes::BytesMut;

/// One of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Who opened the session.
    Opener,
    /// Who answered.
    Answerer,
}

/// What went over the wire, by the bytes that it would have taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Turns: messages one way.
    pub turns: u32,
    /// Frames of all kinds.
    pub frames: u64,
    /// Bytes of all frames but those of entries, by sender: opener, answerer.
    pub overhead: [u64; 2],
    /// Bytes of frames of entries.
    pub payload: [u64; 2],
    /// The turn in which the last entry was sent.
    pub repaired: u32,
}

/// Leads a session to its end. `apply` does what each side is to do.
pub fn converse(
    mut opener: Session,
    accept: impl FnOnce(Hello) -> Result<Session, SessionError>,
    mut apply: impl FnMut(Side, Effect),
) -> Result<([Option<Outcome>; 2], Traffic), SessionError> {
    let mut traffic = Traffic::default();
    let hello = opener.next_frame();
    traffic.add(Side::Opener, hello.as_ref());
    let mut answerer = match hello {
        Some(Frame::Hello(hello)) => accept(*hello)?,
        _ => return Err(SessionError::OutOfTurn("something before HELLO")),
    };
    let mut sender = Side::Opener;
    while opener.outcome().is_none() || answerer.outcome().is_none() {
        let (from, to, receiver) = match sender {
            Side::Opener => (&mut opener, &mut answerer, Side::Answerer),
            Side::Answerer => (&mut answerer, &mut opener, Side::Opener),
        };
        let Some(frame) = from.next_frame() else {
            return Err(SessionError::OutOfTurn("nothing in its own turn"));
        };
        traffic.add(sender, Some(&frame));
        let ends = matches!(frame, Frame::End(_));
        if to.outcome().is_none() {
            to.receive(frame)?.into_iter().for_each(|effect| apply(receiver, effect));
        }
        if ends {
            traffic.turns += 1;
            sender = receiver;
        }
    }
    Ok(([opener.outcome(), answerer.outcome()], traffic))
}

impl Traffic {
    fn add(&mut self, sender: Side, frame: Option<&Frame>) {
        let Some(frame) = frame else {
            return;
        };
        let mut bytes = BytesMut::new();
        encode_frame(frame, &mut bytes);
        self.frames += 1;
        let by_sender = match frame {
            Frame::Entries(_) => {
                self.repaired = self.turns + 1;
                &mut self.payload
            }
            _ => &mut self.overhead,
        };
        by_sender[sender as usize] += bytes.len() as u64;
    }
}
