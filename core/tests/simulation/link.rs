//! A session over a simulated connection: frames arrive in order, late, in pieces, or not at all.

use crate::coverage::Event;
use bytes::BytesMut;
use merkle_kv_core::session::{Frame, FrameDecoder, Session, encode_frame};
use std::collections::VecDeque;

/// One side of a connection.
pub(crate) struct End {
    pub(crate) node: usize,
    pub(crate) life: u64,
    /// Nothing at the side that answers until a HELLO has come.
    pub(crate) session: Option<Session>,
    pub(crate) is_over: bool,
    /// Whether it has listened to what the hello tells.
    pub(crate) believes: bool,
    decoder: FrameDecoder,
    arrived: BytesMut,
    wire: VecDeque<(&'static str, BytesMut)>,
}

/// A connection, and what its session has cost so far.
pub(crate) struct Link {
    pub(crate) ends: [End; 2],
    pub(crate) turns: u32,
    pub(crate) overhead: usize,
    /// Entries and refused keys that were sent.
    pub(crate) differences: usize,
    pub(crate) is_foreign: bool,
    /// The last frame that arrived.
    pub(crate) last: Option<&'static str>,
}

impl End {
    fn new(node: usize, life: u64, session: Option<Session>) -> End {
        End {
            node,
            life,
            session,
            is_over: false,
            believes: false,
            decoder: FrameDecoder::default(),
            arrived: BytesMut::new(),
            wire: VecDeque::new(),
        }
    }

    /// Whether a frame is under way to this side.
    pub(crate) fn is_expecting(&self) -> bool {
        !self.wire.is_empty()
    }

    /// The next frame that comes out of the wire; `torn` gives it in two reads.
    pub(crate) fn take(&mut self, torn: bool) -> Option<Frame> {
        let (_, mut bytes) = self.wire.pop_front()?;
        let trusted = self.session.as_ref().is_some_and(Session::is_proven);
        if torn {
            self.arrived.extend_from_slice(&bytes.split_to(bytes.len() / 2));
            let early = self.decoder.decode(&mut self.arrived, trusted);
            assert_eq!(early, Ok(None), "half a frame");
        }
        self.arrived.extend_from_slice(&bytes);
        self.decoder.decode(&mut self.arrived, trusted).expect("a frame of core is a frame")
    }
}

impl Link {
    pub(crate) fn new(opener: (usize, u64), answerer: (usize, u64), session: Session) -> Link {
        Link {
            ends: [
                End::new(opener.0, opener.1, Some(session)),
                End::new(answerer.0, answerer.1, None),
            ],
            turns: 0,
            overhead: 0,
            differences: 0,
            is_foreign: false,
            last: None,
        }
    }

    /// Puts a frame on the wire, away from one side.
    pub(crate) fn send(&mut self, from: usize, frame: &Frame) {
        let mut bytes = BytesMut::new();
        encode_frame(frame, &mut bytes);
        match frame {
            Frame::Entries(entries) => self.differences += entries.len(),
            Frame::Refused(keys) => {
                self.differences += keys.len();
                self.overhead += bytes.len() - keys.iter().map(Vec::len).sum::<usize>();
            }
            Frame::End(_) => {
                self.turns += 1;
                self.overhead += bytes.len();
            }
            Frame::Hello(_)
            | Frame::Proof(_)
            | Frame::Records(_)
            | Frame::Busy
            | Frame::Fault(_) => self.overhead += bytes.len(),
        }
        self.ends[1 - from].wire.push_back((frame.name(), bytes));
    }

    /// The kind of the next frame on the way to one side.
    pub(crate) fn next_kind(&self, to: usize) -> Option<&'static str> {
        self.ends[to].wire.front().map(|(kind, _)| *kind)
    }
}

/// What is counted when a frame of a kind is sent, and when a connection is cut behind it.
pub(crate) fn events_of(kind: &str) -> (Event, Option<Event>) {
    match kind {
        "HELLO" => (Event::SentHello, Some(Event::CutAtHello)),
        "PROOF" => (Event::SentProof, Some(Event::CutAtProof)),
        "RECORDS" => (Event::SentRecords, Some(Event::CutAtRecords)),
        "ENTRIES" => (Event::SentEntries, Some(Event::CutAtEntries)),
        "REFUSED" => (Event::SentRefused, Some(Event::CutAtRefused)),
        "END" => (Event::SentEnd, Some(Event::CutAtEnd)),
        "BUSY" => (Event::SentBusy, None),
        _ => (Event::SentFault, None),
    }
}
