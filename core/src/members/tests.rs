//! Who counts, what a round needs and vouches for, and the limits; the simulation has a file of its
//! own.

mod simulation;

use super::*;

const OWN: NodeId = NodeId(1);
const B: NodeId = NodeId(2);
const C: NodeId = NodeId(3);
const LATE: NodeId = NodeId(4);
const EVICT_AFTER: u64 = 60_000;
const NOW: UnixMillis = UnixMillis(1_700_000_000_000);

fn later(millis: u64) -> UnixMillis {
    UnixMillis(NOW.0 + millis)
}

fn hlc(n: u64) -> Hlc {
    Hlc::from_raw(n)
}

/// A session with a peer whose clock agrees.
fn session(peer: NodeId, began: u64) -> EqualSession {
    EqualSession { peer, began: hlc(began), peer_clock: hlc(began) }
}

/// This node with B and C as members.
fn three() -> Members {
    let mut members = Members::new(OWN, EVICT_AFTER);
    members.heard_from(C, NOW);
    members.heard_from(B, NOW);
    members
}

/// A whole round with everybody, begun at this clock.
fn round(members: &mut Members, start: u64, now: UnixMillis) -> Option<Hlc> {
    assert_eq!(members.begin_round(hlc(start), now), None);
    meet_all(members, start, now)
}

/// Ends the round under way.
fn meet_all(members: &mut Members, began: u64, now: UnixMillis) -> Option<Hlc> {
    let mut watermark = None;
    for peer in members.to_meet(now) {
        assert_eq!(watermark, None, "before {peer:?} was met");
        watermark = members.met(session(peer, began), now);
    }
    assert_eq!(members.to_meet(now), []);
    watermark
}

#[test]
fn a_second_complete_round_makes_safe_what_the_first_vouched_for() {
    let mut members = three();
    assert_eq!(members.to_meet(NOW), [], "no round is under way");
    assert_eq!(members.begin_round(hlc(10), NOW), None);
    assert_eq!(members.to_meet(NOW), [B, C]);
    assert_eq!(members.met(session(C, 11), NOW), None);
    assert_eq!(members.to_meet(NOW), [B]);
    assert_eq!(members.met(session(B, 12), NOW), None);
    assert_eq!(round(&mut members, 20, NOW), Some(hlc(10)));
    assert_eq!(round(&mut members, 30, NOW), Some(hlc(20)));
}

#[test]
fn a_round_under_way_is_not_begun_again() {
    let mut members = three();
    round(&mut members, 10, NOW);
    assert_eq!(members.begin_round(hlc(20), NOW), None);
    assert_eq!(members.met(session(B, 21), NOW), None);
    assert_eq!(members.begin_round(hlc(30), NOW), None);
    assert_eq!(members.met(session(C, 31), NOW), Some(hlc(10)));
    assert_eq!(round(&mut members, 40, NOW), Some(hlc(20)));
}

#[test]
fn a_node_without_members_has_no_watermark() {
    let mut members = Members::new(OWN, EVICT_AFTER);
    for clock in 1..5 {
        assert_eq!(members.begin_round(hlc(clock), NOW), None);
        assert_eq!(members.met(session(OWN, clock), NOW), None);
    }
    members.told_of(OWN, 0, NOW);
    assert_eq!(members.to_tell(NOW), []);

    let mut abandoned = three();
    round(&mut abandoned, 10, NOW);
    assert_eq!(abandoned.begin_round(hlc(20), NOW), None);
    assert_eq!(abandoned.met(session(B, 20), NOW), None);
    assert_eq!(abandoned.begin_round(hlc(30), later(EVICT_AFTER + 1)), None);
    assert_eq!(abandoned.to_meet(later(EVICT_AFTER + 1)), []);
}

#[test]
fn a_session_whose_snapshot_is_older_than_the_round_does_not_count() {
    let mut members = three();
    round(&mut members, 10, NOW);
    assert_eq!(members.begin_round(hlc(20), NOW), None);
    assert_eq!(members.met(session(C, 20), NOW), None);
    let old = EqualSession { peer: B, began: hlc(19), peer_clock: hlc(25) };
    assert_eq!(members.met(old, NOW), None);
    assert_eq!(members.to_meet(NOW), [B]);
    assert_eq!(members.met(session(B, 20), NOW), Some(hlc(10)));
}

#[test]
fn a_member_whose_clock_is_behind_lowers_what_a_round_vouches_for() {
    let mut members = three();
    assert_eq!(members.begin_round(hlc(10), NOW), None);
    let behind = EqualSession { peer: B, began: hlc(11), peer_clock: hlc(4) };
    assert_eq!(members.met(behind, NOW), None);
    let ahead = EqualSession { peer: C, began: hlc(12), peer_clock: hlc(90) };
    assert_eq!(members.met(ahead, NOW), None);
    assert_eq!(round(&mut members, 20, NOW), Some(hlc(4)));
    assert_eq!(round(&mut members, 30, NOW), Some(hlc(20)));
}

#[test]
fn of_two_sessions_in_a_round_the_clock_told_last_counts() {
    for (first, second) in [(5, 8), (8, 5)] {
        let mut members = three();
        assert_eq!(members.begin_round(hlc(10), NOW), None);
        for clock in [first, second] {
            let session = EqualSession { peer: B, began: hlc(10), peer_clock: hlc(clock) };
            assert_eq!(members.met(session, NOW), None);
        }
        assert_eq!(members.met(session(C, 10), NOW), None);
        assert_eq!(round(&mut members, 20, NOW), Some(hlc(second)));
    }
}

#[test]
fn watermarks_never_fall() {
    let mut members = three();
    round(&mut members, 10, NOW);
    assert_eq!(round(&mut members, 20, NOW), Some(hlc(10)));
    assert_eq!(members.begin_round(hlc(30), NOW), None);
    let lost_its_clock = EqualSession { peer: B, began: hlc(30), peer_clock: hlc(3) };
    assert_eq!(members.met(lost_its_clock, NOW), None);
    assert_eq!(members.met(session(C, 30), NOW), Some(hlc(20)));
    assert_eq!(round(&mut members, 40, NOW), None, "3 is below 20");
    assert_eq!(round(&mut members, 50, NOW), Some(hlc(40)));
}

#[test]
fn who_comes_during_a_round_is_met_in_it_and_voids_the_one_before() {
    let mut members = three();
    round(&mut members, 10, NOW);
    assert_eq!(members.begin_round(hlc(20), NOW), None);
    assert_eq!(members.met(session(B, 20), NOW), None);
    members.told_of(LATE, 500, NOW);
    assert_eq!(members.to_meet(NOW), [C, LATE]);
    assert_eq!(meet_all(&mut members, 21, NOW), None);
    assert_eq!(round(&mut members, 30, NOW), Some(hlc(20)));
}

#[test]
fn who_comes_between_two_rounds_or_with_its_session_voids_the_one_before() {
    let mut between = three();
    round(&mut between, 10, NOW);
    between.heard_from(LATE, NOW);
    assert_eq!(round(&mut between, 20, NOW), None);
    assert_eq!(round(&mut between, 30, NOW), Some(hlc(20)));

    let mut with_session = three();
    round(&mut with_session, 10, NOW);
    assert_eq!(with_session.begin_round(hlc(20), NOW), None);
    assert_eq!(with_session.met(session(LATE, 20), NOW), None);
    assert_eq!(meet_all(&mut with_session, 20, NOW), None);
    assert_eq!(round(&mut with_session, 30, NOW), Some(hlc(20)));
}

#[test]
fn a_member_counts_until_it_has_been_silent_for_longer_than_the_limit() {
    let mut members = three();
    round(&mut members, 10, NOW);
    assert_eq!(members.begin_round(hlc(20), NOW), None);
    assert_eq!(members.met(session(B, 20), later(EVICT_AFTER)), None);
    assert_eq!(members.to_meet(later(EVICT_AFTER)), [C]);
    assert_eq!(members.to_meet(later(EVICT_AFTER + 1)), []);
    assert_eq!(members.to_tell(later(EVICT_AFTER + 1)), [(B, 1)]);
    assert_eq!(members.met(session(B, 21), later(EVICT_AFTER + 1)), Some(hlc(10)));
}

#[test]
fn a_round_that_silence_has_completed_ends_when_the_next_one_begins() {
    let mut members = three();
    round(&mut members, 10, NOW);
    assert_eq!(members.begin_round(hlc(20), NOW), None);
    assert_eq!(members.met(session(B, 20), later(EVICT_AFTER)), None);
    assert_eq!(members.begin_round(hlc(30), later(EVICT_AFTER + 1)), Some(hlc(10)));
    assert_eq!(members.to_meet(later(EVICT_AFTER + 1)), [B]);
    assert_eq!(members.met(session(B, 30), later(EVICT_AFTER + 1)), Some(hlc(20)));
}

#[test]
fn who_comes_back_is_met_in_the_round_under_way_and_voids_the_one_before() {
    let gone = later(EVICT_AFTER + 1);
    let mut members = three();
    members.heard_from(B, gone);
    round(&mut members, 10, gone);
    assert_eq!(members.begin_round(hlc(20), gone), None);
    members.heard_from(C, gone);
    assert_eq!(members.to_meet(gone), [B, C]);
    assert_eq!(meet_all(&mut members, 20, gone), None);
    assert_eq!(round(&mut members, 30, gone), Some(hlc(20)));
}

#[test]
fn who_was_met_and_then_went_away_is_met_again() {
    let gone = later(EVICT_AFTER + 1);
    let mut members = three();
    round(&mut members, 10, NOW);
    assert_eq!(members.begin_round(hlc(20), NOW), None);
    assert_eq!(members.met(session(C, 20), NOW), None);
    members.heard_from(B, gone);
    members.told_of(C, 0, gone);
    assert_eq!(members.to_meet(gone), [B, C]);
    assert_eq!(meet_all(&mut members, 21, gone), None);
}

#[test]
fn hearsay_makes_a_member_younger_and_never_older() {
    let mut members = Members::new(OWN, EVICT_AFTER);
    members.told_of(B, EVICT_AFTER + 1, NOW);
    assert_eq!(members.to_tell(NOW), [], "gone already");
    members.told_of(B, EVICT_AFTER, NOW);
    assert_eq!(members.to_tell(NOW), [(B, EVICT_AFTER)]);
    members.told_of(B, 700, NOW);
    members.told_of(B, 900, NOW);
    assert_eq!(members.to_tell(NOW), [(B, 700)]);
    members.heard_from(B, NOW);
    members.told_of(B, 300, later(100));
    assert_eq!(members.to_tell(later(100)), [(B, 100)]);
}

#[test]
fn of_many_members_those_heard_of_last_are_told() {
    let mut members = Members::new(OWN, EVICT_AFTER);
    let many = MAX_TOLD as u64 + 40;
    for node in 0..many {
        // Neither end of the ids is the younger one.
        members.heard_from(NodeId(100 + node), later(node * 7 % many));
    }
    let told = members.to_tell(later(many));
    assert_eq!(told.len(), MAX_TOLD);
    assert!(told.is_sorted());
    assert!(told.iter().all(|(_, silent_millis)| *silent_millis <= MAX_TOLD as u64));
}

#[test]
fn another_limit_on_silence_holds_at_once() {
    let mut members = three();
    members.evict_after(10);
    members.heard_from(B, later(11));
    assert_eq!(members.begin_round(hlc(10), later(11)), None);
    assert_eq!(members.to_meet(later(11)), [B]);
}

#[test]
fn a_clock_that_steps_back_makes_nobody_silent() {
    let past = UnixMillis(NOW.0 - 10 * EVICT_AFTER);
    let mut members = three();
    round(&mut members, 10, NOW);
    assert_eq!(members.to_tell(past), [(B, 0), (C, 0)]);
    assert_eq!(round(&mut members, 20, past), Some(hlc(10)));
    // Heard in the past, they are not younger than that when time goes on.
    assert_eq!(members.to_tell(UnixMillis(past.0 + 5)), [(B, 5), (C, 5)]);
}

#[test]
fn who_was_left_out_does_not_slip_back_in_when_the_clock_steps_back() {
    let mut members = three();
    round(&mut members, 10, NOW);
    members.heard_from(B, later(1));
    assert_eq!(round(&mut members, 20, later(EVICT_AFTER + 1)), Some(hlc(10)));
    assert_eq!(members.to_tell(NOW), [(B, 0)]);
    members.heard_from(C, NOW);
    assert_eq!(round(&mut members, 30, NOW), None);
}

#[test]
fn extreme_times_do_no_harm() {
    let ends = [0, u64::MAX];
    for evict_after in ends {
        let mut members = Members::new(OWN, evict_after);
        for (now, silent_millis, clock) in
            ends.iter().flat_map(|now| ends.map(|n| (UnixMillis(*now), n, hlc(!n))))
        {
            members.told_of(C, silent_millis, now);
            members.heard_from(B, now);
            let _ = members.begin_round(clock, now);
            let _ = members.met(EqualSession { peer: B, began: clock, peer_clock: clock }, now);
            assert!(members.to_tell(now).len() <= 2);
            assert!(members.to_meet(now).len() <= 2);
        }
    }
}

#[test]
fn a_full_table_gives_no_watermark_before_the_surplus_is_silent() {
    let mut members = three();
    (2..MAX_MEMBERS as u64).for_each(|n| members.heard_from(NodeId(100 + n), NOW));
    [B, C, LATE].into_iter().for_each(|node| members.heard_from(node, later(1)));

    // Of the table only B and C are left. LATE still counts, and there is no meeting it.
    let crowded = later(EVICT_AFTER + 1);
    assert_eq!(members.to_tell(crowded), [(B, EVICT_AFTER), (C, EVICT_AFTER)]);
    for start in [10, 20, 30] {
        assert_eq!(round(&mut members, start, crowded), None);
    }

    let relieved = later(EVICT_AFTER + 2);
    assert_eq!(members.begin_round(hlc(40), relieved), None);
    assert_eq!(round(&mut members, 50, relieved), Some(hlc(10)));
}

#[test]
fn the_silent_make_room_in_a_full_table() {
    let gone = later(EVICT_AFTER + 1);
    let mut members = Members::new(OWN, EVICT_AFTER);
    (0..MAX_MEMBERS as u64).for_each(|n| members.heard_from(NodeId(100 + n), NOW));
    members.heard_from(B, gone);
    assert_eq!(members.to_tell(gone), [(B, 0)]);
    round(&mut members, 10, gone);
    assert_eq!(round(&mut members, 20, gone), Some(hlc(10)));
}
