//! How nodes lead sessions: in exactly the order that the actors keep to.

use crate::coverage::Event;
use crate::history::{Checked, Violation, ensure};
use crate::link::{Link, events_of};
use crate::mutants::Mutant;
use crate::world::World;
use merkle_kv_core::clock::{Hlc, UnixMillis};
use merkle_kv_core::entry::Entry;
use merkle_kv_core::execute::Carried;
use merkle_kv_core::members::EqualSession;
use merkle_kv_core::registers::Registers;
use merkle_kv_core::session::{
    Effect, Frame, Hello, Identity, Nonce, Outcome, Session, SessionError,
};
use merkle_kv_core::version::{NodeId, Version};
use std::sync::Arc;

/// Sessions that a node leads at a time.
const MAX_SESSIONS: usize = 3;

/// More turns than any session between honest nodes takes.
pub(crate) const MAX_TURNS: u32 = 12;

/// Bytes of a session beside its entries: what it costs at most, and what each difference adds.
/// Twice what was measured in 50,000 small and 500 large schedules: 374 bytes without a difference
/// and up to 508 with any, and in the large world up to 3.3 kB for one, 5.9 kB for 15, and 22 kB
/// for a hundred.
const SMALL_OVERHEAD_BYTES: usize = 1_000;
const SMALL_OVERHEAD_BYTES_EACH: usize = 5;
const OVERHEAD_BYTES: usize = 9_000;
const OVERHEAD_BYTES_EACH: usize = 400;

impl World {
    /// One node opens a session with another.
    pub(crate) fn open(&mut self, opener: usize, answerer: usize) -> Checked<Link> {
        let snapshot = self.snapshot(opener)?;
        let eager = self.random.one_in(4);
        let nonce = self.nonce();
        let node = &mut self.nodes[opener];
        node.sessions += 1;
        let session = Session::open(node.identity(), snapshot, nonce, eager);
        let (own, peer) = (node.life, self.nodes[answerer].life);
        Ok(Link::new((opener, own), (answerer, peer), session))
    }

    /// One who does not know the secret opens a session, and claims that everything is dead.
    pub(crate) fn open_foreign(&mut self, answerer: usize) -> Link {
        let node = &mut self.nodes[answerer];
        let fold = node.begin_fold(true);
        let mut snapshot = node.end_fold(fold);
        let future = Hlc::at(UnixMillis(self.nodes[answerer].now().0 + 500));
        snapshot.registers = Registers {
            flush: Version { hlc: future, node: NodeId(99) },
            watermark: future,
            ..snapshot.registers
        };
        let secret = Some(Arc::from(&b"not the secret"[..]));
        let identity = Identity::new("stranger", secret, vec![(NodeId(98), 0)]);
        let session = Session::open(identity, snapshot, self.nonce(), false);
        let life = self.nodes[answerer].life;
        let mut link = Link::new((answerer, life), (answerer, life), session);
        link.is_foreign = true;
        link
    }

    /// Lets one side send its next frame, or take in one. False if it can do neither.
    pub(crate) fn advance(&mut self, link: &mut Link, side: usize) -> Checked<bool> {
        if link.ends[side].is_over {
            return Ok(false);
        }
        if let Some(frame) = link.ends[side].session.as_mut().and_then(Session::next_frame) {
            self.before_sending(link, side, &frame)?;
            self.coverage.count(events_of(frame.name()).0);
            link.send(side, &frame);
            self.end_if_over(link, side)?;
            return Ok(true);
        }
        if !link.ends[side].is_expecting() {
            return Ok(false);
        }
        let torn = self.random.one_in(8);
        link.last = link.next_kind(side);
        let Some(frame) = link.ends[side].take(torn) else { return Ok(false) };
        match self.receive(link, side, frame) {
            Ok(()) => self.end_if_over(link, side)?,
            Err(Stop::Wrong(violation)) => return Err(violation),
            Err(Stop::Session(error)) => self.fail(link, side, &error)?,
        }
        Ok(true)
    }

    /// What has come is on disk before the peer hears that it is here, and the clock before the peer
    /// hears that nothing is written below it any more.
    fn before_sending(&mut self, link: &Link, side: usize, frame: &Frame) -> Checked {
        let tells = matches!(frame, Frame::Hello(_) | Frame::End(_));
        if tells && !(link.is_foreign && side == 0) {
            let (node, history) = self.node_and_history(link.ends[side].node);
            if !node.is(Mutant::ToldBeforeDurable) {
                node.sync(history);
            }
        }
        Ok(())
    }

    fn receive(&mut self, link: &mut Link, side: usize, frame: Frame) -> Result<(), Stop> {
        let index = link.ends[side].node;
        let Some(session) = &mut link.ends[side].session else {
            let session = match frame {
                Frame::Hello(hello) => self.accept(link, index, *hello)?,
                other => return Err(Violation(format!("{} before HELLO", other.name())).into()),
            };
            link.ends[side].session = session;
            self.believe(link, side);
            return Ok(());
        };
        let effects = session.receive(frame)?;
        let peer = session.peer().cloned();
        for effect in effects {
            if let (Effect::WriteAgain(entries), Some(peer)) = (&effect, &peer) {
                self.check_written_again(index, entries, peer)?;
            }
            if !(link.is_foreign && side == 0) {
                self.carry_out(index, effect)?;
            }
        }
        self.believe(link, side);
        Ok(())
    }

    /// A node writes again what it wrote itself, or what was written by one whom the peer does not
    /// count, any more or yet: that the others had it all and deleted some cannot be known then.
    fn check_written_again(&mut self, index: usize, entries: &[Entry], peer: &Hello) -> Checked {
        let own = self.nodes[index].id;
        for entry in entries.iter().filter(|entry| entry.version().node != own) {
            let writer = entry.version().node;
            let is_told = peer.node == writer || peer.members.iter().any(|(id, _)| *id == writer);
            ensure(!is_told, || format!("node{index} writes {entry:?} again for its writer"))?;
            self.history.unheard(entry.version());
        }
        Ok(())
    }

    /// The one that answers listens to what a hello tells of members once the peer has proved that
    /// it belongs to them.
    fn believe(&mut self, link: &mut Link, side: usize) {
        let end = &mut link.ends[side];
        let session = end.session.as_ref().filter(|session| session.is_proven());
        if let (1, false, Some(peer)) = (side, end.believes, session.and_then(Session::peer)) {
            end.believes = true;
            let (index, hello) = (end.node, peer.clone());
            self.hear_hello(index, &hello);
        }
    }

    fn accept(
        &mut self,
        link: &mut Link,
        index: usize,
        hello: Hello,
    ) -> Result<Option<Session>, Stop> {
        if self.nodes[index].sessions >= MAX_SESSIONS {
            self.coverage.count(Event::SentBusy);
            link.send(1, &Frame::Busy);
            link.ends[1].is_over = true;
            return Ok(None);
        }
        let before = self.nodes[index].store().registers().flush;
        let now = self.nodes[index].now();
        self.nodes[index].engine.meet(&hello, now);
        self.nodes[index].commit();
        if link.is_foreign {
            let after = self.nodes[index].store().registers().flush;
            ensure(after == before, || format!("a stranger has flushed node{index}"))?;
        }
        let snapshot = self.snapshot(index)?;
        self.nodes[index].sessions += 1;
        let nonce = self.nonce();
        let identity = self.nodes[index].identity();
        Ok(Some(Session::accept(identity, hello, snapshot, nonce)?))
    }

    fn carry_out(&mut self, index: usize, effect: Effect) -> Checked {
        match &effect {
            Effect::Hello(hello) => {
                self.coverage.count(Event::Followed);
                self.hear_hello(index, hello);
            }
            Effect::Flush(_) => self.coverage.count(Event::FlushedBySession),
            Effect::Apply { .. } | Effect::GiveUp(_) | Effect::WriteAgain(_) => {
                if self.nodes[index].is(Mutant::ClaimedBeforeApplied) {
                    self.nodes[index].postponed.push(effect);
                    return Ok(());
                }
            }
        }
        self.carry_out_now(index, effect)
    }

    pub(crate) fn carry_out_now(&mut self, index: usize, effect: Effect) -> Checked {
        let is_quiet = matches!(effect, Effect::Hello(_)) || !self.is_traced();
        let what = if is_quiet { String::new() } else { format!("{effect:?}") };
        let (node, history) = self.node_and_history(index);
        let Carried { won: _, written_again, given_up } = node.carry_out(effect, history)?;
        if !is_quiet {
            self.trace(|| format!("node{index} carries out {what}"));
        }
        given_up.iter().for_each(|_| self.coverage.count(Event::GivenUp));
        (0..written_again).for_each(|_| self.coverage.count(Event::WrittenAgain));
        Ok(())
    }

    /// Members first, so that a session which ends counts for the round only if all are known.
    fn hear_hello(&mut self, index: usize, hello: &Hello) {
        self.hear(index, hello.node);
        self.onlooker_hears(index, hello);
        let node = &mut self.nodes[index];
        let steady = node.steady();
        if !node.is(Mutant::GossipIgnored) {
            for (member, silent) in &hello.members {
                node.members.told_of(*member, *silent, steady);
            }
        }
    }

    fn end_if_over(&mut self, link: &mut Link, side: usize) -> Checked {
        let end = &link.ends[side];
        let Some(session) = &end.session else { return Ok(()) };
        let Some(outcome) = session.outcome() else { return Ok(()) };
        let index = end.node;
        let peer = session.peer().expect("a session that ended has met its peer");
        let (peer, peer_clock, began) = (peer.node, peer.clock, session.began());
        link.ends[side].is_over = true;
        ensure(!link.is_foreign, || "a stranger has led a session to its end".to_owned())?;
        self.nodes[index].sessions -= 1;
        self.check_cost(link)?;
        let before = self.nodes[index].store().registers();
        self.nodes[index].conclude(outcome);
        self.hear(index, peer);
        match outcome {
            Outcome::Different => self.coverage.count(Event::SessionDifferent),
            Outcome::Equal { .. } => {
                self.coverage.count(Event::SessionEqual);
                self.trace(|| format!("node{index} is equal to {peer:?}"));
                if self.nodes[index].store().registers().watermark > before.watermark {
                    self.coverage.count(Event::WatermarkHandedOn);
                    self.trace(|| format!("node{index} takes over the watermark of {peer:?}"));
                }
                let steady = self.nodes[index].steady();
                let session = EqualSession { peer, began, peer_clock };
                let safe = self.nodes[index].members.met(session, steady);
                self.raise_watermark(index, safe)?;
                self.raise_after_one_round(index)?;
            }
        }
        Ok(())
    }

    fn check_cost(&mut self, link: &Link) -> Checked {
        let (turns, overhead, differences) = (link.turns, link.overhead, link.differences);
        ensure(turns <= MAX_TURNS, || format!("a session took {turns} turns"))?;
        let (once, each) = match self.plan.size {
            crate::plan::Size::Small => (SMALL_OVERHEAD_BYTES, SMALL_OVERHEAD_BYTES_EACH),
            crate::plan::Size::Large => (OVERHEAD_BYTES, OVERHEAD_BYTES_EACH),
        };
        self.costs.add(turns, overhead, differences);
        ensure(overhead <= once + each * differences, || {
            format!("a session took {overhead} bytes for {differences} differences")
        })
    }

    /// A session ends on one side with an error; the peer is told.
    fn fail(&mut self, link: &mut Link, side: usize, error: &SessionError) -> Checked {
        let index = link.ends[side].node;
        link.ends[side].is_over = true;
        let own = link.is_foreign && side == 0;
        if link.ends[side].session.take().is_some() && !own {
            self.nodes[index].sessions -= 1;
        }
        let is_expected = match error {
            SessionError::Busy => true,
            SessionError::Proof | SessionError::Ended(_) => link.is_foreign,
            SessionError::Protocol(_)
            | SessionError::Seed
            | SessionError::SameNode
            | SessionError::Malformed(_)
            | SessionError::TooLong { .. }
            | SessionError::OutOfTurn(_)
            | SessionError::TooManyTurns(_) => false,
        };
        ensure(is_expected, || format!("a session of honest nodes failed: {error}"))?;
        if *error == SessionError::Proof {
            self.coverage.count(Event::StrangerRefused);
            self.coverage.count(Event::SentFault);
            link.send(side, &Frame::fault(error));
        }
        Ok(())
    }

    fn nonce(&mut self) -> Nonce {
        let (high, low) = (self.random.next(), self.random.next());
        Nonce(((u128::from(high) << 64) | u128::from(low)).to_be_bytes())
    }
}

/// Why a frame was not taken in.
enum Stop {
    /// The session cannot go on.
    Session(SessionError),
    /// The node is wrong.
    Wrong(Violation),
}

impl From<SessionError> for Stop {
    fn from(error: SessionError) -> Stop {
        Stop::Session(error)
    }
}

impl From<Violation> for Stop {
    fn from(violation: Violation) -> Stop {
        Stop::Wrong(violation)
    }
}
