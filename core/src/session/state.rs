//! The state machine of a session: whose turn it is, what is known of the peer, when it is over.

use super::compare::Comparison;
use super::error::SessionError;
use super::frame::Frame;
use super::hello::{Hello, Identity, Nonce, PROTOCOL};
use super::key::{DigestKey, Role};
use super::outgoing::{FULL_BYTES, Outgoing};
use crate::clock::Hlc;
use crate::entry::{Entry, Kind};
use crate::merkle::{Digest, Edit, Tree};
use crate::registers::{Lineage, Registers};
use crate::store::Snapshot;
use crate::version::Version;

/// More turns than any session takes; a peer that goes on for longer is at fault.
const MAX_TURNS: u32 = 32;

/// What is to be done for a session before its next frame is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// The peer has introduced itself: follow its clock, remember its members.
    Hello(Box<Hello>),
    /// Everything at or below this version is dead.
    Flush(Version),
    /// Merge these; each wins over what the snapshot has.
    Apply {
        /// What was missing.
        entries: Vec<Entry>,
        /// The watermark of the snapshot: if the node has a greater one by now, what it does not
        /// have of that age was deleted meanwhile.
        watermark: Hlc,
    },
    /// The peer knows everything of that age, and not these: they were deleted. Set them aside.
    GiveUp(Vec<Entry>),
    /// The peer does not take these for their age, but this node has never shared its history, and
    /// none of its members wrote them: write their values once more.
    WriteAgain(Vec<Entry>),
}

impl Effect {
    fn is_nothing(&self) -> bool {
        match self {
            Effect::Hello(_) | Effect::Flush(_) => false,
            Effect::Apply { entries, .. }
            | Effect::GiveUp(entries)
            | Effect::WriteAgain(entries) => entries.is_empty(),
        }
    }
}

/// How a session ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Both snapshots, with what was exchanged, have this root.
    Equal {
        /// The root of both.
        root: Digest,
        /// What both nodes hold for dead from now on.
        registers: Registers,
    },
    /// They still differ: short digests of different parts were equal by chance. The next session
    /// makes other digests.
    Different,
}

/// One session of one side. Made with a snapshot, which it keeps until it is dropped.
#[derive(Debug)]
pub struct Session {
    identity: Identity,
    role: Role,
    opener: Nonce,
    hello: Hello,
    peer: Option<Hello>,
    is_own_turn: bool,
    turns: u32,
    /// The peer knows the secret, or there is none.
    is_proven: bool,
    is_opened: bool,
    /// The peer's records of this turn are about a snapshot that it no longer holds.
    is_outdated: bool,
    comparison: Comparison,
    key: DigestKey,
    /// The snapshot with everything merged that has come.
    merged: Tree,
    /// What is dead for this node, and what is for either.
    own: Registers,
    joint: Registers,
    out: Outgoing,
    /// Whether the turn under way has sent anything that the peer has to react to.
    has_said_much: bool,
    /// Whether it has said hello, which names a root.
    has_said_hello: bool,
    /// The root that each side has named last.
    told: Option<Digest>,
    their_root: Option<Digest>,
    refused: Vec<Vec<u8>>,
    outcome: Option<Outcome>,
    sent: u64,
    received: u64,
}

impl Session {
    /// The side that opens the session. `eager` is whether the roots are known to differ: then the
    /// first cut goes with the hello, which saves a turn.
    pub fn open(identity: Identity, snapshot: Snapshot, nonce: Nonce, eager: bool) -> Session {
        let mut session = Session::new(identity, snapshot, nonce, Role::Opener, &nonce);
        session.out.frame(Frame::Hello(Box::new(session.hello.clone())));
        session.is_own_turn = true;
        if eager && session.identity.secret.is_none() && session.hello.leaves > 0 {
            // What the peer has is not known yet; about as much as is here.
            session.comparison.open(session.hello.leaves, &mut session.out);
            session.is_opened = true;
        }
        session
    }

    /// The side that answers `hello`, the first frame of the one that opened. The snapshot was
    /// taken after the node has followed the clock in it.
    pub fn accept(
        identity: Identity,
        hello: Hello,
        snapshot: Snapshot,
        nonce: Nonce,
    ) -> Result<Session, SessionError> {
        let mut session = Session::new(identity, snapshot, nonce, Role::Answerer, &hello.nonce);
        session.check(&hello)?;
        let Registers { flush, watermark, .. } = session.own;
        let knows_more = flush > hello.registers.flush || watermark > hello.registers.watermark;
        // What a stranger holds for dead counts once it has proved that it is none. Until then a
        // cut would be about a snapshot that may change.
        let has_to_wait = !session.is_proven && session.is_raised_by(hello.registers);
        if !has_to_wait {
            session.raise(hello.registers);
        }
        session.hello.root = session.merged.root();
        session.hello.leaves = u64::from(session.merged.totals().leaves);
        session.told = Some(session.hello.root);
        session.is_outdated = knows_more || has_to_wait || session.hello.root == hello.root;
        session.their_root = Some(hello.root);
        let own = (&session.hello.nonce, session.hello.node);
        session.hello.proof = session.identity.prove(Role::Answerer, &hello, own);
        session.out.frame(Frame::Hello(Box::new(session.hello.clone())));
        session.peer = Some(hello);
        Ok(session)
    }

    fn new(
        identity: Identity,
        snapshot: Snapshot,
        nonce: Nonce,
        role: Role,
        opener: &Nonce,
    ) -> Session {
        let Snapshot { tree, registers, clock } = snapshot;
        let hello = Hello {
            protocol: PROTOCOL,
            name: identity.name.clone(),
            node: identity.node,
            seed: tree.seed().fingerprint(),
            nonce,
            root: tree.root(),
            leaves: u64::from(tree.totals().leaves),
            clock,
            registers,
            proof: Vec::new(),
            members: identity.members.clone(),
        };
        let key = identity.digest_key(opener);
        Session {
            is_proven: identity.secret.is_none(),
            comparison: Comparison::new(tree.clone(), key),
            key,
            told: Some(hello.root),
            identity,
            role,
            opener: *opener,
            hello,
            peer: None,
            is_own_turn: false,
            turns: 0,
            is_opened: false,
            is_outdated: false,
            merged: tree,
            own: registers,
            joint: registers,
            out: Outgoing::default(),
            has_said_much: false,
            has_said_hello: false,
            their_root: None,
            refused: Vec::new(),
            outcome: None,
            sent: 0,
            received: 0,
        }
    }

    /// Takes in a frame of the peer. Nothing of what it says takes effect before it has proved that
    /// it belongs to the cluster.
    pub fn receive(&mut self, frame: Frame) -> Result<Vec<Effect>, SessionError> {
        match frame {
            Frame::Busy => return Err(SessionError::Busy),
            Frame::Fault(reason) => return Err(SessionError::Ended(reason)),
            _ if self.is_own_turn || self.outcome.is_some() => {
                return Err(SessionError::OutOfTurn(frame.name()));
            }
            Frame::Hello(hello) => return self.receive_hello(*hello),
            _ if self.peer.is_none() => return Err(SessionError::OutOfTurn(frame.name())),
            Frame::Proof(proof) => return self.receive_proof(&proof),
            Frame::Records(records) if self.is_proven => {
                if !self.is_outdated {
                    self.is_opened = true;
                    self.comparison.read(&records, &mut self.out)?;
                }
            }
            Frame::End(root) if self.turns == 0 || self.is_proven => {
                let is_greeting = self.turns == 0;
                self.end_their_turn(root)?;
                return Ok(if is_greeting && self.is_proven { self.flushes() } else { Vec::new() });
            }
            Frame::Entries(entries) if self.is_proven => return Ok(self.receive_entries(entries)),
            Frame::Refused(keys) if self.is_proven => return self.receive_refused(keys),
            Frame::Records(_) | Frame::End(_) | Frame::Entries(_) | Frame::Refused(_) => {
                return Err(SessionError::Proof);
            }
        }
        Ok(Vec::new())
    }

    /// The next frame to send; nothing while it is the peer's turn, and when the session is over.
    pub fn next_frame(&mut self) -> Option<Frame> {
        if !self.is_own_turn {
            return None;
        }
        let frame = match self.out.next(&self.merged) {
            Some(frame) => frame,
            None => self.end_own_turn(),
        };
        match &frame {
            Frame::Records(_) | Frame::Refused(_) => self.has_said_much = true,
            Frame::Entries(entries) => {
                self.has_said_much = true;
                self.sent += entries.len() as u64;
            }
            Frame::Hello(_) => self.has_said_hello = true,
            Frame::Proof(_) | Frame::End(_) | Frame::Busy | Frame::Fault(_) => {}
        }
        Some(frame)
    }

    /// How the session ended, once it has.
    pub fn outcome(&self) -> Option<Outcome> {
        self.outcome
    }

    /// The peer, once it has introduced itself.
    pub fn peer(&self) -> Option<&Hello> {
        self.peer.as_ref()
    }

    /// Whether the peer is known to belong to the cluster.
    pub fn is_proven(&self) -> bool {
        self.is_proven && self.peer.is_some()
    }

    /// Nothing that this node wrote after the snapshot has this timestamp or a lesser one.
    pub fn began(&self) -> Hlc {
        self.hello.clock
    }

    /// Entries sent and entries received so far.
    pub fn entries(&self) -> (u64, u64) {
        (self.sent, self.received)
    }

    /// Turns that were ended, by either side.
    pub fn turns(&self) -> u32 {
        self.turns
    }

    fn check(&self, hello: &Hello) -> Result<(), SessionError> {
        if hello.protocol != PROTOCOL {
            return Err(SessionError::Protocol(hello.protocol));
        }
        if hello.node == self.identity.node {
            return Err(SessionError::SameNode);
        }
        if !hello.has_seed(self.merged.seed()) {
            return Err(SessionError::Seed);
        }
        Ok(())
    }

    /// The answer to the hello that this side opened with.
    fn receive_hello(&mut self, hello: Hello) -> Result<Vec<Effect>, SessionError> {
        if self.peer.is_some() {
            return Err(SessionError::OutOfTurn("a second HELLO"));
        }
        self.check(&hello)?;
        let answerer = (&hello.nonce, hello.node);
        if !self.identity.accepts(Role::Answerer, &self.hello, answerer, &hello.proof) {
            return Err(SessionError::Proof);
        }
        self.is_proven = true;
        if self.identity.secret.is_some() {
            let proof = self.identity.prove(Role::Opener, &self.hello, answerer);
            self.out.frame(Frame::Proof(proof));
        }
        let mut effects = vec![Effect::Hello(Box::new(hello.clone()))];
        if self.raise(hello.registers) {
            self.is_opened = false;
        }
        self.their_root = Some(hello.root);
        self.peer = Some(hello);
        effects.extend(self.flushes());
        Ok(effects)
    }

    fn receive_proof(&mut self, proof: &[u8]) -> Result<Vec<Effect>, SessionError> {
        let own = (&self.hello.nonce, self.hello.node);
        let peer = self.peer.as_ref().filter(|_| self.role == Role::Answerer);
        let proves = |opener| self.identity.accepts(Role::Opener, opener, own, proof);
        if !peer.is_some_and(proves) {
            return Err(SessionError::Proof);
        }
        self.is_proven = true;
        let registers = peer.map_or(self.own, |peer| peer.registers);
        self.raise(registers);
        Ok(self.flushes())
    }

    /// The peer's flush, if this node has not heard of it. Asked when the peer is known to belong
    /// to the cluster, as it may be the end of everything.
    fn flushes(&self) -> Vec<Effect> {
        let flush = self.peer.as_ref().map_or(Version::ZERO, |peer| peer.registers.flush);
        (flush > self.own.flush).then_some(Effect::Flush(flush)).into_iter().collect()
    }

    fn receive_entries(&mut self, entries: Vec<Entry>) -> Vec<Effect> {
        self.received += entries.len() as u64;
        let authority = self.authority();
        let mut won = Vec::new();
        for entry in entries {
            let is_old = entry.version().hlc <= authority;
            match self.merged.get(entry.key()) {
                _ if self.joint.kill(&entry) => {}
                Some(held) if !entry.supersedes(held) => {}
                None if is_old => self.refused.push(entry.key().to_vec()),
                Some(_) | None => won.push(entry),
            }
        }
        self.merged.edit(won.iter().cloned().map(Edit::Put).collect());
        if won.is_empty() {
            return Vec::new();
        }
        vec![Effect::Apply { entries: won, watermark: self.own.watermark }]
    }

    fn receive_refused(&mut self, keys: Vec<Vec<u8>>) -> Result<Vec<Effect>, SessionError> {
        let Some(hello) = &self.peer else {
            return Err(SessionError::OutOfTurn("a refusal"));
        };
        let (peer, own) = (hello.registers, self.identity.node);
        let refused = keys.iter().filter_map(|key| self.merged.get(key).cloned());
        let refused: Vec<Entry> = refused.collect();
        if refused.iter().any(|entry| entry.version().hlc > peer.watermark) {
            return Err(SessionError::Malformed("it refuses what is newer than its watermark"));
        }
        self.merged.edit(refused.iter().cloned().map(Edit::Remove).collect());
        let values = refused.into_iter().filter(|entry| entry.kind() == Kind::Value);
        let is_shared = peer.lineage == self.own.lineage && peer.lineage != Lineage::NONE;
        // What a member of theirs has written they all have held, whatever this node shares.
        let is_theirs = |node| node != own && hello.tells_of(node);
        let (deleted, unheard): (Vec<Entry>, Vec<Entry>) =
            values.partition(|entry| is_shared || is_theirs(entry.version().node));
        let effects = [Effect::GiveUp(deleted), Effect::WriteAgain(unheard)];
        Ok(effects.into_iter().filter(|effect| !effect.is_nothing()).collect())
    }

    /// The peer's turn is over, which may be the end, or make it this side's turn.
    fn end_their_turn(&mut self, root: Option<Digest>) -> Result<(), SessionError> {
        self.turns += 1;
        if self.turns > MAX_TURNS {
            return Err(SessionError::TooManyTurns(MAX_TURNS));
        }
        // In the turn of a hello the root that it names counts.
        let has_said_hello = self.turns <= 2;
        self.their_root = root.or(self.their_root.filter(|_| has_said_hello));
        self.prepare_turn();
        let root = self.merged.root();
        if self.out.is_empty() && self.is_proven && self.told == Some(root) {
            self.outcome = self.their_root.map(|theirs| self.ended(theirs, root));
        }
        self.is_own_turn = self.outcome.is_none();
        Ok(())
    }

    /// Adds to what was read from the peer's turn what this side has to say by itself.
    fn prepare_turn(&mut self) {
        let mut refused = std::mem::take(&mut self.refused).into_iter().peekable();
        while refused.peek().is_some() {
            let mut bytes = 0;
            let mut keys: Vec<Vec<u8>> = Vec::new();
            while let Some(key) =
                refused.next_if(|key| keys.is_empty() || bytes + key.len() <= FULL_BYTES)
            {
                bytes += key.len();
                keys.push(key);
            }
            self.out.frame(Frame::Refused(keys));
        }
        let Some(peer) = &self.peer else {
            return;
        };
        // To one that has nothing everything is sent, and that has to wait for a proof.
        let may_open = self.is_proven || peer.leaves > 0;
        let differs = self.their_root != Some(self.merged.root());
        if !self.is_opened && !self.is_outdated && differs && may_open {
            self.is_opened = true;
            self.comparison.open(peer.leaves, &mut self.out);
        }
        self.is_outdated = false;
    }

    /// Everything of this turn is sent.
    fn end_own_turn(&mut self) -> Frame {
        self.turns += 1;
        let asks = self.out.asks();
        let root = self.merged.root();
        let named = (!asks && !self.has_said_hello).then_some(root);
        if !asks || self.has_said_hello {
            self.told = Some(root);
        } else {
            self.told = None;
        }
        if !self.has_said_much
            && self.is_proven
            && let Some(theirs) = self.their_root
            && (theirs == root || self.is_opened)
        {
            self.outcome = Some(self.ended(theirs, root));
        }
        self.out = Outgoing::default();
        self.comparison.turn_is_over();
        self.is_own_turn = false;
        (self.has_said_much, self.has_said_hello) = (false, false);
        Frame::End(named)
    }

    fn ended(&self, theirs: Digest, root: Digest) -> Outcome {
        if theirs != root {
            return Outcome::Different;
        }
        let mut registers = self.joint;
        if registers.lineage == Lineage::NONE {
            registers.lineage = self.opener.lineage();
        }
        Outcome::Equal { root, registers }
    }

    /// Up to here, what this side does not have is deleted: it once had everything of that age. A
    /// side that knows less than the other has no say.
    fn authority(&self) -> Hlc {
        let theirs = self.peer.as_ref().map_or(Hlc::ZERO, |peer| peer.registers.watermark);
        if self.own.watermark >= theirs { self.own.watermark } else { Hlc::ZERO }
    }

    /// Drops from the snapshot what the peer's registers say is dead. True if there was more in
    /// them than was known.
    fn raise(&mut self, theirs: Registers) -> bool {
        let is_raised = self.is_raised_by(theirs);
        self.joint = self.joint.joined(theirs);
        if is_raised {
            let joint = self.joint;
            self.merged.prune(|entry| joint.kill(entry));
            self.comparison = Comparison::new(self.merged.clone(), self.key);
        }
        is_raised
    }

    fn is_raised_by(&self, theirs: Registers) -> bool {
        theirs.flush > self.joint.flush || theirs.watermark > self.joint.watermark
    }
}
