//! Which peer a session is opened with, and when: what is known of each, what is due, and how many
//! sessions run. Knows no sockets; time is an argument, counted from the start of the node.

use crate::backoff::{Attempt, Backoff};
use crate::merkle::Digest;
use crate::naming::{NodeName, PeerAddress};
use crate::protocol::{PeerFacts, PeerRoot, PeerState};
use crate::replication::{Presence, PresenceState};
use std::collections::BTreeMap;
use std::time::Duration;

/// Between two sessions with a peer whose root differs. While clients write, roots differ all the
/// time, and what is on its way arrives without a session.
const DIFFERENT_AGAIN: Duration = Duration::from_secs(30);

/// Between a heartbeat with another root and a session: what has just been written is on its way.
const SETTLE: Duration = Duration::from_secs(2);

/// Until a peer that is busy is asked again, and as much again, by chance.
const BUSY_AGAIN: Duration = Duration::from_millis(100);

/// Peers that are remembered; more than any cluster has.
const MAX_PEERS: usize = 10_000;

/// What the table is made with.
#[derive(Clone, Debug)]
pub struct PeersSettings {
    /// This node's own address, which is no peer.
    pub own: Option<PeerAddress>,
    /// The peers that the configuration names.
    pub listed: Vec<PeerAddress>,
    /// Sessions at once, those that peers open included.
    pub max_sessions: usize,
    /// Between attempts to reach a peer.
    pub retry: Backoff,
}

/// How a session with a peer ended, as far as the next one depends on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// Both had this root.
    Equal(Digest),
    /// They differ still.
    Different,
    /// The peer had no room for another session.
    Busy,
    /// There was none, or it broke off.
    Failed {
        /// Why, for a person.
        reason: String,
        /// The peer had introduced itself: it is there, and what it holds is still to come.
        is_there: bool,
    },
}

/// All peers that are known.
#[derive(Debug)]
pub struct Peers {
    settings: PeersSettings,
    peers: BTreeMap<String, Peer>,
    running: usize,
}

#[derive(Debug)]
struct Peer {
    address: PeerAddress,
    name: Option<NodeName>,
    is_listed: bool,
    state: PeerState,
    /// The root that it has told last.
    told: Option<String>,
    root: PeerRoot,
    last_equal: Option<u64>,
    last_error: Option<String>,
    due: Option<Duration>,
    /// A session that this node has opened is under way.
    is_met: bool,
    /// There is nothing to wait for: it is gone, or was tried and did not introduce itself, or both
    /// were equal.
    is_tried: bool,
    failures: Attempt,
    met_at: Option<Duration>,
}

impl Peers {
    /// The peers that the configuration names, all of them due at once.
    pub fn new(settings: PeersSettings) -> Peers {
        let listed = settings.listed.clone();
        let mut peers = Peers { settings, peers: BTreeMap::new(), running: 0 };
        for address in listed {
            if let Some(peer) = peers.entry(&address) {
                peer.is_listed = true;
                peer.due = Some(Duration::ZERO);
            }
        }
        peers
    }

    /// Other settings hold from now on. Who is listed anew is due at once. Who is no longer listed
    /// stays only if it has introduced itself; a session that is under way goes on.
    pub fn reconfigure(&mut self, settings: PeersSettings, now: Duration) {
        let listed = settings.listed.clone();
        self.settings = settings;
        for peer in self.peers.values_mut() {
            let was_listed = std::mem::replace(&mut peer.is_listed, false);
            peer.is_listed = was_listed && listed.contains(&peer.address);
        }
        for address in &listed {
            if let Some(peer) = self.entry(address)
                && !peer.is_listed
            {
                peer.is_listed = true;
                peer.want(now);
            }
        }
        self.peers.retain(|_, peer| peer.is_listed || peer.is_met || peer.name.is_some());
    }

    /// A peer says that it is there, or is gone. `own` is this node's root, if it is known.
    pub fn presence(&mut self, presence: &Presence, own: Option<&Digest>, now: Duration) {
        let Some(address) = PeerAddress::parse(&presence.address) else {
            return;
        };
        let name = NodeName::parse(&presence.node_id);
        // A node that has moved is the same node.
        self.peers.retain(|_, peer| {
            peer.is_listed || peer.is_met || peer.name != name || peer.address == address
        });
        let Some(peer) = self.entry(&address) else {
            return;
        };
        peer.name = name;
        match presence.state {
            PresenceState::Offline => {
                (peer.state, peer.is_tried) = (PeerState::Down, true);
                peer.due = peer.due.filter(|_| peer.is_listed);
            }
            PresenceState::Online => {
                let is_new = peer.state != PeerState::Up;
                peer.state = PeerState::Up;
                peer.told = presence.root.clone();
                if is_new {
                    (peer.failures, peer.is_tried) = (Attempt::default(), false);
                    peer.want(now);
                }
                peer.compare(own);
                if peer.root == PeerRoot::Different {
                    let again = peer.met_at.map_or(Duration::ZERO, |met| met + DIFFERENT_AGAIN);
                    peer.want(again.max(now + SETTLE));
                }
            }
        }
    }

    /// This node's root is this one now.
    pub fn own_root(&mut self, own: &Digest) {
        self.peers.values_mut().for_each(|peer| peer.compare(Some(own)));
    }

    /// A session with every peer is due, but for those that said goodbye.
    pub fn want_all(&mut self, now: Duration) {
        for peer in self.peers.values_mut() {
            if peer.is_listed || peer.state != PeerState::Down {
                peer.want(now);
            }
        }
    }

    /// A session with this peer is due, whether it is known or not. False if it is this node, or
    /// there is no room to remember another.
    pub fn want(&mut self, address: &PeerAddress, now: Duration) -> bool {
        self.entry(address).map(|peer| peer.want(now)).is_some()
    }

    /// Whether this peer is in the table. One that is met under another address has left it.
    pub fn knows(&self, address: &PeerAddress) -> bool {
        self.peers.contains_key(&address.to_string())
    }

    /// Every peer, whatever its state.
    pub fn addresses(&self) -> Vec<PeerAddress> {
        self.peers.values().map(|peer| peer.address.clone()).collect()
    }

    /// The peer to open a session with now, and whether the roots are known to differ. Takes a
    /// place, until [`Peers::ended`] gives it back.
    pub fn next(&mut self, now: Duration) -> Option<(PeerAddress, bool)> {
        if self.running >= self.settings.max_sessions {
            return None;
        }
        let is_due = |peer: &&mut Peer| !peer.is_met && peer.due.is_some_and(|due| due <= now);
        let peer = self.peers.values_mut().filter(is_due).min_by_key(|peer| peer.due)?;
        (peer.due, peer.is_met) = (None, true);
        self.running += 1;
        Some((peer.address.clone(), peer.root == PeerRoot::Different))
    }

    /// How long until the next peer is due; nothing if none is, or none can be served.
    pub fn wait(&self, now: Duration) -> Option<Duration> {
        if self.running >= self.settings.max_sessions {
            return None;
        }
        let due = self.peers.values().filter(|peer| !peer.is_met).filter_map(|peer| peer.due).min();
        due.map(|due| due.saturating_sub(now))
    }

    /// A peer opens a session: whether there is a place for it.
    pub fn admit(&mut self) -> bool {
        let has_place = self.running < self.settings.max_sessions;
        self.running += usize::from(has_place);
        has_place
    }

    /// A session that a peer has opened is over.
    pub fn leave(&mut self) {
        self.running = self.running.saturating_sub(1);
    }

    /// A session that this node has opened is over. `random` is any number, evenly spread.
    pub fn ended(
        &mut self,
        address: &PeerAddress,
        ended: Ended,
        (now, unix_seconds): (Duration, u64),
        random: u64,
    ) {
        self.leave();
        let retry = self.settings.retry;
        let Some(peer) = self.peers.get_mut(&address.to_string()) else {
            return;
        };
        (peer.is_met, peer.met_at) = (false, Some(now));
        peer.is_tried = match &ended {
            Ended::Equal(_) => true,
            Ended::Different | Ended::Busy => false,
            Ended::Failed { is_there, .. } => !is_there,
        };
        match ended {
            Ended::Equal(root) => {
                (peer.state, peer.root) = (PeerState::Up, PeerRoot::Equal);
                peer.told = Some(root.to_string());
                (peer.failures, peer.last_error) = (Attempt::default(), None);
                peer.last_equal = Some(unix_seconds);
            }
            Ended::Different => {
                (peer.state, peer.root) = (PeerState::Up, PeerRoot::Different);
                (peer.failures, peer.last_error) = (Attempt::default(), None);
                peer.want(now);
            }
            Ended::Busy => {
                peer.state = PeerState::Up;
                peer.want(now + BUSY_AGAIN + BUSY_AGAIN.mul_f64(random as f64 / u64::MAX as f64));
            }
            Ended::Failed { reason, .. } => {
                peer.state = PeerState::Down;
                (peer.root, peer.told) = (PeerRoot::Unknown, None);
                peer.last_error = Some(reason);
                peer.failures = peer.failures.next();
                peer.want(now + retry.delay(peer.failures, random));
                // Somebody has named it once, perhaps by mistake, and nobody else knows of it.
                if !peer.is_listed && peer.name.is_none() {
                    self.peers.remove(&address.to_string());
                }
            }
        }
    }

    /// What was learnt of a peer in a session with it.
    pub fn named(&mut self, address: &PeerAddress, name: NodeName) {
        let key = address.to_string();
        if self.peers.get(&key).is_some_and(|peer| peer.name.as_ref() != Some(&name)) {
            let known = Some(name);
            self.peers.retain(|other, peer| {
                *other == key || peer.is_listed || peer.is_met || peer.name != known
            });
            if let Some(peer) = self.peers.get_mut(&key) {
                peer.name = known;
            }
        }
    }

    /// Whether a session with every known peer has been tried, if only to learn that it is gone. One
    /// that broke off does not count, as the peer is there.
    pub fn are_tried(&self) -> bool {
        self.peers.values().all(|peer| peer.is_tried)
    }

    /// What is known of each, for PEERS.
    pub fn facts(&self) -> Vec<PeerFacts> {
        let facts = |peer: &Peer| PeerFacts {
            node_id: peer.name.clone(),
            address: peer.address.clone(),
            state: peer.state,
            root: peer.root,
            last_equal: peer.last_equal,
            last_error: peer.last_error.clone(),
        };
        self.peers.values().map(facts).collect()
    }

    fn entry(&mut self, address: &PeerAddress) -> Option<&mut Peer> {
        let key = address.to_string();
        let is_full = self.peers.len() >= MAX_PEERS && !self.peers.contains_key(&key);
        if is_full || self.settings.own.as_ref() == Some(address) {
            return None;
        }
        Some(self.peers.entry(key).or_insert_with(|| Peer {
            address: address.clone(),
            name: None,
            is_listed: false,
            state: PeerState::Unknown,
            told: None,
            root: PeerRoot::Unknown,
            last_equal: None,
            last_error: None,
            due: None,
            is_met: false,
            is_tried: false,
            failures: Attempt::default(),
            met_at: None,
        }))
    }
}

impl Peer {
    fn want(&mut self, at: Duration) {
        self.due = Some(self.due.map_or(at, |due| due.min(at)));
    }

    /// Holds the root that the peer has told against the own one.
    fn compare(&mut self, own: Option<&Digest>) {
        if let (Some(own), Some(told)) = (own, &self.told) {
            let is_equal = own.to_string() == *told;
            self.root = if is_equal { PeerRoot::Equal } else { PeerRoot::Different };
        }
    }
}

#[cfg(test)]
mod tests;
