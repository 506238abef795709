//! Whether the node lives and whether clients should be sent to it, with the reasons.

use super::AdminSettings;
use crate::store::ReadFacts;
use merkle_kv_core::protocol::{MqttState, NodeFacts, StoreFacts};
use serde::Serialize;
use std::time::Duration;
use tokio::time;

/// How long the store may take to answer. Its longest steps take milliseconds, so one that is busy
/// answers well before.
const STORE_LIMIT: Duration = Duration::from_secs(2);

/// What is asked, and what holds.
#[derive(Serialize)]
pub(super) struct Health {
    status: &'static str,
    /// Why not; empty if all is well.
    reasons: Vec<&'static str>,
    /// What an operator should know although all is well.
    #[serde(skip_serializing_if = "Option::is_none")]
    notes: Option<Vec<&'static str>>,
}

impl Health {
    pub(super) fn is_well(&self) -> bool {
        self.reasons.is_empty()
    }

    /// Why not, for a person.
    pub(super) fn reasons(&self) -> Vec<String> {
        self.reasons.iter().map(|reason| (*reason).to_owned()).collect()
    }

    /// One object, with a line end for those who read it in a terminal.
    pub(super) fn to_json(&self) -> String {
        // Nothing in it can fail to be written.
        let json = serde_json::to_string(self).unwrap_or_default();
        json + "\n"
    }
}

const NO_ANSWER: &str = "the store does not answer within 2 s";

/// What the store says of itself; nothing if it takes too long, or is gone.
pub(super) async fn ask_store(settings: &AdminSettings) -> Option<StoreFacts> {
    time::timeout(STORE_LIMIT, settings.store.send(ReadFacts)).await.ok()?.ok()
}

/// Whether the node works at all. One that does not is best started again.
pub(super) async fn live(settings: &AdminSettings) -> Health {
    let reasons = match ask_store(settings).await {
        Some(_) => Vec::new(),
        None => vec![NO_ANSWER],
    };
    let status = if reasons.is_empty() { "live" } else { "not live" };
    Health { status, reasons, notes: None }
}

/// Whether clients should be sent to this node. It has recovered, since its actors start only then.
pub(super) async fn ready(settings: &AdminSettings) -> Health {
    let answers = ask_store(settings).await.is_some();
    let is_stopping = *settings.stopping.borrow();
    let is_full = settings.facts.storage.is_full.get() != 0;
    judge(&settings.facts.node(), State { answers, is_stopping, is_full })
}

/// What beside the facts counts.
#[derive(Clone, Copy)]
struct State {
    answers: bool,
    is_stopping: bool,
    is_full: bool,
}

fn judge(node: &NodeFacts, state: State) -> Health {
    let mqtt = &node.mqtt;
    let faults = [
        (!state.answers, NO_ANSWER),
        (state.is_stopping, "the node is stopping"),
        (!node.ready, "the node has not yet held what a peer holds since it started"),
        (
            state.is_full,
            "the disk is full: writes are refused, and what other nodes write is not taken",
        ),
        (
            mqtt.state == MqttState::Refused,
            "another live node has this node_id: this one stays out of the cluster",
        ),
    ];
    let replicates = mqtt.state != MqttState::Off;
    let worth_knowing = [
        (replicates && !mqtt.enabled, "replication is switched off: REPLICATE ENABLE ends that"),
        (
            mqtt.state == MqttState::Connecting,
            "the broker cannot be reached: writes wait, and peers are met by anti-entropy only",
        ),
    ];
    let those = |all: &[(bool, &'static str)]| {
        all.iter().filter(|(holds, _)| *holds).map(|(_, text)| *text).collect::<Vec<_>>()
    };
    let reasons = those(&faults);
    let status = if reasons.is_empty() { "ready" } else { "not ready" };
    Health { status, reasons, notes: Some(those(&worth_knowing)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use merkle_kv_core::protocol::MqttFacts;

    const WELL: State = State { answers: true, is_stopping: false, is_full: false };

    fn node(ready: bool, state: MqttState, enabled: bool) -> NodeFacts {
        let mqtt = MqttFacts { state, enabled, ..MqttFacts::default() };
        NodeFacts { ready, mqtt, ..NodeFacts::default() }
    }

    #[test]
    fn a_node_that_has_caught_up_is_ready_and_one_that_has_not_says_so() {
        let well = judge(&node(true, MqttState::Connected, true), WELL);
        assert_eq!(well.to_json(), "{\"status\":\"ready\",\"reasons\":[],\"notes\":[]}\n");
        assert!(!judge(&node(false, MqttState::Connected, true), WELL).is_well());
    }

    #[test]
    fn every_fault_makes_a_node_unready_and_names_itself() {
        let good = node(true, MqttState::Connected, true);
        let faults = [
            (State { answers: false, ..WELL }, "does not answer"),
            (State { is_stopping: true, ..WELL }, "stopping"),
            (State { is_full: true, ..WELL }, "disk is full"),
        ];
        for (state, word) in faults {
            let health = judge(&good, state);
            assert!(!health.is_well() && health.reasons.len() == 1);
            assert!(health.to_json().contains(word), "{word}");
        }
        assert!(!judge(&node(true, MqttState::Refused, true), WELL).is_well());
    }

    #[test]
    fn without_replication_a_node_is_ready_and_tells() {
        for (state, enabled, notes) in [
            (MqttState::Off, false, 0),
            (MqttState::Connected, false, 1),
            (MqttState::Connecting, true, 1),
        ] {
            let health = judge(&node(true, state, enabled), WELL);
            assert!(health.is_well());
            assert_eq!(health.notes.map(|notes| notes.len()), Some(notes));
        }
    }
}
