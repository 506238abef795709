//! When a session is due with whom, by the events that a node sees.

use super::{BUSY_AGAIN, DIFFERENT_AGAIN, Ended, Peers, PeersSettings, SETTLE};
use crate::backoff::Backoff;
use crate::merkle::Digest;
use crate::naming::{NodeName, PeerAddress};
use crate::protocol::{PeerRoot, PeerState};
use crate::replication::{Presence, PresenceState};
use std::time::Duration;

const RETRY: Backoff = Backoff { first: Duration::from_secs(1), longest: Duration::from_secs(600) };

fn address(port: u16) -> PeerAddress {
    PeerAddress::parse(&format!("10.0.0.1:{port}")).unwrap()
}

fn peers(listed: &[u16], max_sessions: usize) -> Peers {
    let listed = listed.iter().map(|port| address(*port)).collect();
    Peers::new(PeersSettings { own: Some(address(1)), listed, max_sessions, retry: RETRY })
}

fn presence(port: u16, state: PresenceState, root: Option<&Digest>) -> Presence {
    Presence {
        node_id: format!("node{port}"),
        state,
        address: address(port).to_string(),
        boot_id: "0".into(),
        joined: 1,
        version: "0.2.0".into(),
        root: root.map(Digest::to_string),
        keys: 0,
        time: 0,
    }
}

fn online(port: u16, root: &Digest) -> Presence {
    presence(port, PresenceState::Online, Some(root))
}

fn at(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn end(peers: &mut Peers, port: u16, ended: Ended, seconds: u64) {
    peers.ended(&address(port), ended, (at(seconds), 1_000 + seconds), u64::MAX);
}

const OURS: Digest = Digest([1; 32]);
const OTHER: Digest = Digest([2; 32]);

#[test]
fn peers_of_the_configuration_are_met_at_once_as_many_as_there_are_places() {
    let mut peers = peers(&[2, 3, 4, 1], 2);
    assert_eq!(peers.next(at(0)), Some((address(2), false)));
    assert_eq!(peers.next(at(0)), Some((address(3), false)));
    assert_eq!((peers.next(at(0)), peers.wait(at(0))), (None, None), "no place is left");
    assert!(!peers.admit());
    end(&mut peers, 2, Ended::Equal(OURS), 1);
    assert_eq!(peers.next(at(1)), Some((address(4), false)));
    end(&mut peers, 3, Ended::Equal(OURS), 1);
    assert!(peers.admit());
    peers.leave();
    end(&mut peers, 4, Ended::Equal(OURS), 1);
    assert_eq!((peers.next(at(1)), peers.wait(at(1))), (None, None), "the own address is no peer");
    assert!(peers.are_tried());
    let facts = peers.facts();
    assert_eq!(facts.len(), 3);
    assert_eq!((facts[0].state, facts[0].root), (PeerState::Up, PeerRoot::Equal));
    assert_eq!(facts[0].last_equal, Some(1_001));
}

#[test]
fn a_peer_that_comes_up_is_met_and_one_that_says_goodbye_is_left_alone() {
    let mut peers = peers(&[], 3);
    peers.presence(&online(2, &OURS), Some(&OURS), at(5));
    assert_eq!(peers.next(at(5)), Some((address(2), false)));
    end(&mut peers, 2, Ended::Equal(OURS), 5);
    peers.presence(&online(2, &OURS), Some(&OURS), at(15));
    assert_eq!(peers.wait(at(15)), None, "it says the same again");
    peers.own_root(&OTHER);
    assert_eq!(peers.facts()[0].root, PeerRoot::Different);
    assert_eq!(peers.wait(at(15)), None, "to look is no reason for a session");
    peers.presence(&presence(2, PresenceState::Offline, None), Some(&OURS), at(20));
    peers.want_all(at(20));
    assert_eq!(peers.wait(at(20)), None);
    peers.presence(&online(2, &OURS), Some(&OURS), at(30));
    assert_eq!(peers.next(at(30)), Some((address(2), false)));
}

#[test]
fn another_root_leads_to_a_session_soon_but_not_over_and_over() {
    let mut peers = peers(&[], 3);
    peers.presence(&online(2, &OURS), Some(&OURS), at(0));
    peers.next(at(0)).unwrap();
    end(&mut peers, 2, Ended::Equal(OURS), 0);
    peers.presence(&online(2, &OTHER), Some(&OURS), at(100));
    assert_eq!(peers.next(at(100)), None);
    assert_eq!(peers.wait(at(100)), Some(SETTLE));
    assert_eq!(peers.next(at(102)), Some((address(2), true)), "the roots are known to differ");
    end(&mut peers, 2, Ended::Equal(OURS), 103);
    peers.presence(&online(2, &OTHER), Some(&OURS), at(110));
    assert_eq!(peers.wait(at(110)), Some(at(103) + DIFFERENT_AGAIN - at(110)));
    peers.own_root(&OTHER);
    assert_eq!(peers.facts()[0].root, PeerRoot::Equal);
}

#[test]
fn failures_are_tried_again_ever_later_and_busy_peers_soon() {
    let mut peers = peers(&[2], 3);
    let mut now = 0;
    for expected in [1, 2, 4, 8] {
        peers.next(at(now)).unwrap();
        end(&mut peers, 2, Ended::Failed { reason: "no route".into(), is_there: false }, now);
        assert_eq!(peers.wait(at(now)), Some(at(expected)));
        now += expected;
    }
    let facts = peers.facts();
    assert_eq!(
        (facts[0].state, facts[0].last_error.as_deref()),
        (PeerState::Down, Some("no route"))
    );
    peers.next(at(now)).unwrap();
    end(&mut peers, 2, Ended::Busy, now);
    assert_eq!(peers.wait(at(now)), Some(2 * BUSY_AGAIN));
    now += 1;
    peers.next(at(now)).unwrap();
    end(&mut peers, 2, Ended::Different, now);
    assert_eq!(peers.next(at(now)), Some((address(2), true)));
    end(&mut peers, 2, Ended::Equal(OURS), now);
    assert_eq!(peers.wait(at(now)), None);
    assert_eq!(peers.facts()[0].last_error, None);
}

#[test]
fn one_peer_is_not_met_twice_at_once() {
    let mut peers = peers(&[2], 3);
    peers.next(at(0)).unwrap();
    assert!(peers.want(&address(2), at(0)));
    assert_eq!((peers.next(at(0)), peers.wait(at(0))), (None, None));
    end(&mut peers, 2, Ended::Equal(OURS), 1);
    assert_eq!(peers.next(at(1)), Some((address(2), false)));
    assert!(!peers.want(&address(1), at(1)), "this node itself");
}

#[test]
fn a_node_that_has_moved_or_goes_by_two_addresses_is_one_peer() {
    let mut peers = peers(&[2], 3);
    let moved = |port| Presence { node_id: "same".into(), ..online(port, &OURS) };
    peers.presence(&moved(3), Some(&OURS), at(0));
    peers.presence(&moved(4), Some(&OURS), at(1));
    assert_eq!(peers.addresses(), [address(2), address(4)]);
    peers.named(&address(2), NodeName::parse("same").unwrap());
    assert_eq!(peers.addresses(), [address(2)]);
}

#[test]
fn a_presence_without_a_useful_address_is_no_peer() {
    let mut peers = peers(&[], 3);
    for useless in ["", "nowhere", "host:0", "host:99999"] {
        let stranger = Presence { address: useless.into(), ..online(2, &OURS) };
        peers.presence(&stranger, Some(&OURS), at(0));
    }
    assert!(peers.facts().is_empty());
}

#[test]
fn an_address_that_only_a_client_has_named_is_forgotten_when_nobody_is_there() {
    let mut peers = peers(&[], 3);
    for _ in 0..2 {
        assert!(peers.want(&address(9), at(0)));
        peers.next(at(0)).unwrap();
        end(&mut peers, 9, Ended::Failed { reason: "refused".into(), is_there: false }, 0);
        assert!(peers.facts().is_empty());
    }
    peers.want(&address(9), at(1));
    peers.next(at(1)).unwrap();
    peers.named(&address(9), NodeName::parse("nine").unwrap());
    end(&mut peers, 9, Ended::Equal(OURS), 1);
    assert_eq!(peers.addresses(), [address(9)]);
}

#[test]
fn who_is_listed_anew_is_due_at_once_and_who_is_not_any_more_goes_unless_it_has_a_name() {
    let mut peers = peers(&[2, 3, 4], 9);
    for port in [2, 3, 4] {
        assert_eq!(peers.next(at(0)), Some((address(port), false)));
    }
    for port in [2, 3] {
        end(&mut peers, port, Ended::Equal(OURS), 1);
    }
    peers.named(&address(3), NodeName::parse("node3").unwrap());
    let settings = PeersSettings {
        own: Some(address(1)),
        listed: vec![address(5), address(1)],
        max_sessions: 9,
        retry: RETRY,
    };
    peers.reconfigure(settings, at(2));
    // 4 has a session under way.
    assert_eq!(peers.addresses(), [3, 4, 5].map(address));
    assert_eq!(peers.next(at(2)), Some((address(5), false)));
    assert_eq!(peers.next(at(2)), None);
    let failed = Ended::Failed { reason: "refused".to_owned(), is_there: false };
    end(&mut peers, 4, failed, 3);
    assert_eq!(peers.addresses(), [3, 5].map(address));
}
