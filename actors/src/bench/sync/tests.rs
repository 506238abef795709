//! Small runs, and reports with figures that are told.

use super::{BUDGET_KEYS, BenchError, Cost, Naive, Row, SyncPlan, SyncReport, Verdict, run_sync};
use std::time::Duration;

fn cost(overhead: u64, repaired: u32) -> Cost {
    let took = Duration::from_millis(2);
    Cost { overhead: [overhead, 0], payload: 110, repaired, known: repaired + 1, took }
}

fn report(keys: u64, sessions: Vec<Cost>) -> SyncReport {
    let naive = Naive { bytes: 32_000_000, took: Duration::from_secs(1) };
    let row = Row { name: "1 update", budget: Some(2_500), sessions, naive };
    let plan = SyncPlan { keys, rounds: 1 };
    SyncReport { plan, machine: "1 x none, load 0".to_owned(), rows: vec![row] }
}

#[test]
fn a_small_run_repairs_every_kind_of_difference_and_says_what_it_is_doing() {
    let mut steps = Vec::new();
    let plan = SyncPlan { keys: 20_000, rounds: 2 };
    let report = run_sync(plan, &mut |step| steps.push(step.to_owned())).unwrap();
    let text = report.to_string();
    for part in
        ["machine", "two replicas of 20,000 keys", "1 update", "an empty peer", "2 sessions"]
    {
        assert!(text.contains(part), "{part} in {text}");
    }
    assert_eq!(steps.len(), 8);
    for row in &report.rows {
        assert!(row.most(|cost| cost.repaired) <= 7, "{}", row.name);
        assert_eq!(row.verdict(20_000), Verdict::NotJudged);
    }
    report.judge().unwrap();
}

#[test]
fn a_number_of_keys_that_makes_no_sense_is_an_error_that_says_which_does() {
    for keys in [0, 19_999, 90_000_001, u64::MAX] {
        let refused = run_sync(SyncPlan { keys, rounds: 1 }, &mut |_| {}).unwrap_err();
        assert!(matches!(refused, BenchError::Keys { .. }));
        assert!(refused.to_string().ends_with("from 20000 to 90000000"), "{refused}");
    }
}

#[test]
fn the_mean_is_held_against_the_budget_and_every_session_against_the_messages() {
    let kept = report(BUDGET_KEYS, vec![cost(2_600, 7), cost(2_400, 6)]);
    assert!(kept.to_string().contains(" 2,500 ok "), "{kept}");
    assert!(kept.to_string().contains("2 sessions, 2,400 to 2,600 bytes, 2,500 on average"));
    kept.judge().unwrap();
    for sessions in [vec![cost(2_501, 7)], vec![cost(1, 7), cost(1, 8)]] {
        let broken = report(BUDGET_KEYS, sessions);
        assert!(broken.to_string().contains("BROKEN"), "{broken}");
        assert_eq!(broken.judge().unwrap_err().to_string(), "budgets are broken: 1 update");
    }
}

#[test]
fn another_number_of_keys_is_not_judged() {
    let small = report(20_000, vec![cost(1_000_000, 9)]);
    small.judge().unwrap();
    assert!(!small.to_string().contains("BROKEN") && !small.to_string().contains("2,500"));
}

#[test]
fn the_peer_in_the_same_run_is_a_ratio() {
    let text = report(BUDGET_KEYS, vec![cost(2_000, 7)]).to_string();
    let naive = text.lines().last().unwrap();
    assert_eq!(
        naive.split_whitespace().collect::<Vec<_>>().join(" "),
        "1 update 32,000,000 16,000 x 1000.0 ms 500 x"
    );
}
