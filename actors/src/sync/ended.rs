//! What a session has come to, as its task tells the actor: for statistics, for the log, for whoever
//! asked for it, and for what is due next.

use super::error::SyncError;
use super::session::NEVER;
use merkle_kv_core::clock::Hlc;
use merkle_kv_core::naming::{NodeName, PeerAddress};
use merkle_kv_core::peers::Ended;
use merkle_kv_core::protocol::{SyncFacts, SyncResult};
use merkle_kv_core::session::{Hello, Outcome};
use std::time::Duration;

/// How a session ended, from its task.
pub(crate) struct SessionEnded {
    pub(super) opened: bool,
    /// Of one that this node has opened.
    pub(super) peer: Option<PeerAddress>,
    /// Of a peer that is known to belong to the cluster.
    pub(super) hello: Option<Box<Hello>>,
    pub(super) began: Hlc,
    pub(super) result: Result<Outcome, SyncError>,
    pub(super) entries_sent: u64,
    pub(super) entries_received: u64,
    pub(super) bytes_sent: u64,
    pub(super) bytes_received: u64,
    pub(super) messages: u64,
    pub(super) given_up: u64,
    pub(super) written_again: u64,
    pub(super) took: Duration,
}

impl SessionEnded {
    /// A session that has come to nothing, with a peer that this node meant to meet.
    pub(super) fn of(
        peer: Option<PeerAddress>,
        result: Result<Outcome, SyncError>,
    ) -> SessionEnded {
        SessionEnded {
            opened: peer.is_some(),
            peer,
            hello: None,
            began: NEVER,
            result,
            entries_sent: 0,
            entries_received: 0,
            bytes_sent: 0,
            bytes_received: 0,
            messages: 0,
            given_up: 0,
            written_again: 0,
            took: Duration::ZERO,
        }
    }

    pub(super) fn peer_name(&self) -> String {
        let name = self.hello.as_ref().map(|hello| hello.name.clone());
        let address = self.peer.as_ref().map(PeerAddress::to_string);
        match (name, address) {
            (Some(name), Some(address)) => format!("{name}@{address}"),
            (Some(known), None) | (None, Some(known)) => known,
            (None, None) => "?".to_owned(),
        }
    }

    pub(super) fn facts(&self, address: &PeerAddress) -> SyncFacts {
        SyncFacts {
            node_id: self.hello.as_ref().and_then(|hello| NodeName::parse(&hello.name)),
            address: address.clone(),
            result: self.outcome(),
            entries_sent: self.entries_sent,
            entries_received: self.entries_received,
            bytes: self.bytes_sent + self.bytes_received,
            messages: self.messages,
            millis: self.millis(),
        }
    }

    /// What came of it, for a person.
    pub(super) fn outcome(&self) -> SyncResult {
        match &self.result {
            Ok(Outcome::Equal { .. }) => SyncResult::Equal,
            Ok(Outcome::Different) => SyncResult::Different,
            Err(error) => SyncResult::Failed { error: error.to_string() },
        }
    }

    /// How long it took.
    pub(super) fn millis(&self) -> u64 {
        u64::try_from(self.took.as_millis()).unwrap_or(u64::MAX)
    }

    pub(super) fn ended(&self) -> Ended {
        match &self.result {
            Ok(Outcome::Equal { root, .. }) => Ended::Equal(*root),
            Ok(Outcome::Different) => Ended::Different,
            Err(error) => error.ended(self.hello.is_some()),
        }
    }
}
