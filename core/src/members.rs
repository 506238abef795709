//! Which nodes are members of the cluster, and up to which timestamp all of them hold everything:
//! the watermark, at or below which tombstones may go. Knows no keys and opens no sessions; the
//! caller says whom it heard and which sessions ended with equal roots.
//!
//! A node works in rounds. In each of them it ends a session with every member:
//!
//! ```text
//!  own clock   S1                        S2
//! ─────────────┼─────────────────────────┼─────────────────────────┼─────────►
//!  round       │ meets B, C and D        │ meets D, B and C        │
//!  afterwards  │                         every write up to S1      every write up to S1
//!                                        is here                   is at every member
//! ```
//!
//! When the first round is complete, nothing at or below S1 is missing here and nothing will be
//! written there any more, as each member's clock stood at S1 or above when it was met. A clock that
//! stood lower makes the round vouch only up to that clock. In the second round every member gets
//! what this node had at its start. So the end of a round makes safe what the round before vouched
//! for, provided that nobody has come since who was not asked then.

use crate::clock::{Hlc, UnixMillis};
use crate::version::NodeId;
use std::collections::BTreeMap;

#[cfg(test)]
mod tests;

/// How many members are told of in one message: what fits in a few kilobytes of a session's first
/// frame. Larger clusters rely on presence to make everybody known.
pub const MAX_TOLD: usize = 256;

/// How many members are kept: far more than replicate everything to each other, and less than a
/// megabyte.
pub const MAX_MEMBERS: usize = 10_000;

/// The members that one node knows, and its rounds among them.
///
/// A member counts until it has been silent for longer than the limit; then it is forgotten, and
/// one that comes back is as good as new. A node that starts again is told of those it knew, by
/// whoever keeps them, and needs two rounds.
///
/// When the table is full, the next node is still counted, but as one that cannot be met: there is
/// no watermark any more until all who found no place have been silent for longer than the limit.
///
/// Times are the node's own and may step back; what lies in the future is not silence. They should
/// not leap forward: a leap looks like the silence of everybody.
#[derive(Debug)]
pub struct Members {
    own: NodeId,
    evict_after_millis: u64,
    /// How often a member was left out for its silence.
    evicted: u64,
    /// When each member was last heard of.
    heard: BTreeMap<NodeId, UnixMillis>,
    /// When one that found no place was last heard of.
    turned_away: Option<UnixMillis>,
    round: Option<Round>,
    /// What the last complete round vouches for, unless somebody has come since.
    vouched: Option<Hlc>,
    /// The greatest watermark given so far.
    watermark: Hlc,
}

/// A session that ended with equal roots, and with what it brought merged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EqualSession {
    /// With whom.
    pub peer: NodeId,
    /// Own clock, read no later than the session's snapshot was taken.
    pub began: Hlc,
    /// The peer's clock as its HELLO told, read no later than the peer's snapshot was taken. The
    /// peer issues nothing at or below it any more.
    pub peer_clock: Hlc,
}

/// A round under way.
#[derive(Debug)]
struct Round {
    start: Hlc,
    /// The clocks of those met. The clock told last counts: it is the greatest, unless the member
    /// has lost its clock meanwhile, and then what it told before is void.
    met: BTreeMap<NodeId, Hlc>,
}

impl Members {
    /// Knows nobody yet. `own` is never a member.
    pub fn new(own: NodeId, evict_after_millis: u64) -> Members {
        Members {
            own,
            evict_after_millis,
            evicted: 0,
            heard: BTreeMap::new(),
            turned_away: None,
            round: None,
            vouched: None,
            watermark: Hlc::ZERO,
        }
    }

    /// Another silence after which a member no longer counts, from now on.
    pub fn evict_after(&mut self, millis: u64) {
        self.evict_after_millis = millis;
    }

    /// The node itself was heard: a presence that says online, or a session.
    pub fn heard_from(&mut self, node: NodeId, now: UnixMillis) {
        self.hear(node, now, now);
    }

    /// A peer says that it last heard of the node so many milliseconds ago. Must be reported before
    /// the session with that peer counts as [`met`](Members::met).
    pub fn told_of(&mut self, node: NodeId, silent_millis: u64, now: UnixMillis) {
        if silent_millis > self.evict_after_millis {
            return;
        }
        let told = UnixMillis(now.0.saturating_sub(silent_millis));
        let known = self.heard.get(&node).copied().unwrap_or_default();
        self.hear(node, told.max(known), now);
    }

    /// What to tell others: each member with the milliseconds since it was last heard of, ordered by
    /// id; of more than [`MAX_TOLD`], those heard of last.
    pub fn to_tell(&self, now: UnixMillis) -> Vec<(NodeId, u64)> {
        let mut told: Vec<(NodeId, u64)> = self.counted(now).collect();
        told.sort_by_key(|(_, silent_millis)| *silent_millis);
        told.truncate(MAX_TOLD);
        told.sort_unstable();
        told
    }

    /// The members and when each was last heard of, ordered by id: what is kept when the node ends.
    pub fn heard(&self) -> Vec<(NodeId, UnixMillis)> {
        self.heard.iter().map(|(node, at)| (*node, *at)).collect()
    }

    /// Begins a round, unless one is under way. If silence has left the round under way with nobody
    /// to meet, it is complete first: the new safe watermark, if there is one.
    ///
    /// `clock` is issued for this call ([`Clock::tick`](crate::clock::Clock::tick)), not merely
    /// read: a snapshot taken just before could bear the same timestamp and would pass for one of
    /// this round.
    #[must_use = "a watermark is given once"]
    pub fn begin_round(&mut self, clock: Hlc, now: UnixMillis) -> Option<Hlc> {
        let watermark = self.complete_round(now);
        self.round.get_or_insert_with(|| Round { start: clock, met: BTreeMap::new() });
        watermark
    }

    /// The members that the round under way still needs, ordered by id.
    pub fn to_meet(&self, now: UnixMillis) -> Vec<NodeId> {
        let Some(round) = &self.round else { return Vec::new() };
        let counted = self.counted(now).map(|(node, _)| node);
        counted.filter(|node| !round.met.contains_key(node)).collect()
    }

    /// A session ended with equal roots, whichever side opened it. The new safe watermark, if that
    /// completes a second round; each is greater than those before.
    #[must_use = "a watermark is given once"]
    pub fn met(&mut self, session: EqualSession, now: UnixMillis) -> Option<Hlc> {
        self.heard_from(session.peer, now);
        // An older snapshot may lack what the round before brought here.
        if let Some(round) = self.round.as_mut().filter(|round| session.began >= round.start) {
            round.met.insert(session.peer, session.peer_clock);
        }
        self.complete_round(now)
    }

    fn hear(&mut self, node: NodeId, at: UnixMillis, now: UnixMillis) {
        if node == self.own {
            return;
        }
        match self.heard.get_mut(&node) {
            Some(last) if silence(*last, now) <= self.evict_after_millis => *last = at,
            Some(_) | None => self.welcome(node, at, now),
        }
    }

    /// Takes in a node that is new, or was forgotten, or would be at the next look.
    fn welcome(&mut self, node: NodeId, at: UnixMillis, now: UnixMillis) {
        self.forget_silent(now);
        // It may hold writes that the last round did not ask for.
        self.vouched = None;
        if self.heard.len() < MAX_MEMBERS {
            self.heard.insert(node, at);
        } else {
            self.turned_away = self.turned_away.max(Some(at));
        }
    }

    fn complete_round(&mut self, now: UnixMillis) -> Option<Hlc> {
        self.forget_silent(now);
        // A lonely node cannot know who is missing.
        let members = self.heard.len();
        if members == 0 || self.turned_away.is_some() {
            return None;
        }
        let round = self.round.take_if(|round| round.met.len() == members)?;
        let vouched = round.met.into_values().fold(round.start, Hlc::min);
        let safe = self.vouched.replace(vouched)?;
        if safe <= self.watermark {
            return None;
        }
        self.watermark = safe;
        Some(safe)
    }

    /// Afterwards the round under way has met none but members.
    ///
    /// Silence is acted on here and nowhere else: whoever was left out of a round once must come
    /// back through [`welcome`](Members::welcome), even if the wall clock steps back meanwhile.
    fn forget_silent(&mut self, now: UnixMillis) {
        let is_counted = |at: &UnixMillis| silence(*at, now) <= self.evict_after_millis;
        let before = self.heard.len();
        self.heard.retain(|_, at| is_counted(at));
        self.evicted += (before - self.heard.len()) as u64;
        self.turned_away = self.turned_away.filter(is_counted);
        if let Some(round) = &mut self.round {
            round.met.retain(|node, _| self.heard.contains_key(node));
        }
    }

    /// How often a member was left out, as it had been silent for too long.
    pub fn evicted(&self) -> u64 {
        self.evicted
    }

    /// The members that count, ordered by id, each with its silence.
    fn counted(&self, now: UnixMillis) -> impl Iterator<Item = (NodeId, u64)> {
        let silences = self.heard.iter().map(move |(node, at)| (*node, silence(*at, now)));
        silences.filter(|(_, silent_millis)| *silent_millis <= self.evict_after_millis)
    }
}

/// Milliseconds since then; none if that is in the future.
fn silence(at: UnixMillis, now: UnixMillis) -> u64 {
    now.0.saturating_sub(at.0)
}
