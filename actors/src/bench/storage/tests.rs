//! Reports with figures that are told, and what looks at a node become.

use super::recovery::{Recovery, Restart};
use super::snapshots::{Look, Snapshots, spans, split};
use super::writes::{Row, Side};
use super::{BUDGET_KEYS, Measured, StoragePlan, StorageReport, StorageTopic};
use crate::bench::latencies::Latencies;
use crate::bench::servers::Durability;
use std::time::{Duration, Instant};

fn plan(keys: u64) -> StoragePlan {
    StoragePlan {
        topic: StorageTopic::Writes,
        keys,
        time: Duration::from_secs(4),
        rounds: 3,
        durabilities: vec![Durability::Always],
        pipelines: vec![1, 16],
        folder: None,
        redis: true,
    }
}

fn report(keys: u64, measured: Measured) -> StorageReport {
    let (machine, disk) = ("1 x none".to_owned(), "ext4, /tmp".to_owned());
    StorageReport { plan: plan(keys), machine, disk, measured }
}

fn side(rates: &[f64]) -> Side {
    let times = vec![Duration::from_micros(120), Duration::from_micros(80)];
    let round_trips = Latencies::of(times).unwrap();
    Side { rates: rates.to_vec(), round_trips, cpu_seconds: 2.5 }
}

fn row(durability: Durability, pipeline: usize, node: &[f64], redis: &[f64]) -> Row {
    let redis = (!redis.is_empty()).then(|| side(redis));
    Row { durability, pipeline, node: side(node), redis, generator: 0.5 }
}

#[test]
fn the_ratio_is_the_median_of_the_rounds_and_not_the_ratio_of_medians() {
    let row = row(Durability::Interval, 1, &[100.0, 300.0, 50.0], &[50.0, 100.0, 100.0]);
    assert_eq!(row.ratio(), Some(2.0));
}

#[test]
fn a_ratio_below_its_budget_fails_and_is_named() {
    let rows = |node| {
        vec![
            row(Durability::Always, 16, &[node], &[100.0]),
            row(Durability::Off, 16, &[1.0], &[100.0]),
            row(Durability::Interval, 4, &[1.0], &[100.0]),
            row(Durability::Interval, 1, &[1.0], &[]),
        ]
    };
    let kept = report(BUDGET_KEYS, Measured::Writes(rows(150.0)));
    kept.judge().unwrap();
    assert!(kept.to_string().contains(" 1.50   1.50 ok"), "{kept}");
    let broken = report(BUDGET_KEYS, Measured::Writes(rows(149.0)));
    assert!(broken.to_string().contains("BROKEN"), "{broken}");
    assert_eq!(
        broken.judge().unwrap_err().to_string(),
        "budgets are broken: always at pipeline 16"
    );
    report(20_000, Measured::Writes(rows(149.0))).judge().unwrap();
}

#[test]
fn a_start_that_takes_longer_than_its_budget_fails() {
    let measured = |node| {
        let restart = |budget| Restart {
            node: Duration::from_millis(node),
            redis: Some(Duration::from_millis(3_000)),
            budget: Duration::from_secs(budget),
        };
        Measured::Recovery(Recovery { journal: restart(4), snapshot: restart(2) })
    };
    report(BUDGET_KEYS, measured(2_000)).judge().unwrap();
    let broken = report(BUDGET_KEYS, measured(2_001));
    assert!(broken.to_string().contains("2.00 s BROKEN"), "{broken}");
    assert!(broken.judge().unwrap_err().to_string().ends_with("the start from a snapshot"));
    report(20_000, measured(9_000)).judge().unwrap();
}

#[test]
fn what_makes_no_sense_is_an_error_that_says_so() {
    plan(1).check().unwrap();
    let seconds = StoragePlan { time: Duration::ZERO, ..plan(1) }.check().unwrap_err();
    assert_eq!(seconds.to_string(), "the number of seconds is 0, and has to be from 1 to 3600");
    assert!(plan(0).check().is_err());
    assert!(StoragePlan { pipelines: vec![1, 1_001], ..plan(1) }.check().is_err());
    assert_eq!("always".parse(), Ok(Durability::Always));
    assert!("sometimes".parse::<Durability>().is_err());
}

#[test]
fn a_snapshot_lasts_from_the_look_before_it_to_the_look_after_it() {
    let begun = Instant::now();
    let at = |millis| begun + Duration::from_millis(millis);
    let look = |millis, written, is_running| Look {
        asked: at(millis),
        answered: at(millis + 1),
        written,
        is_running,
    };
    let looks = [
        look(0, 0, false),
        look(10, 0, true),
        look(20, 0, true),
        look(30, 1, false),
        look(40, 1, false),
        // One that was over between two looks.
        look(50, 2, false),
        look(60, 2, false),
    ];
    let spans = spans(&looks);
    assert_eq!(spans, [(at(0), at(31)), (at(40), at(51))]);
    let reads =
        [(1, 2), (30, 33), (33, 38), (39, 52), (53, 54)].map(|(sent, got)| (at(sent), at(got)));
    let (during, between) = split(&reads, &spans);
    let millis = |times: Vec<Duration>| times.iter().map(Duration::as_millis).collect::<Vec<_>>();
    assert_eq!((millis(during), millis(between)), (vec![1, 3, 13], vec![5, 1]));
}

#[test]
fn reads_are_told_apart_by_snapshots() {
    let measured = Measured::Snapshots(Snapshots {
        count: 4,
        took: Duration::from_secs(2),
        rate: 200_000.0,
        during: Latencies::of(vec![Duration::from_micros(1_500)]),
        between: None,
    });
    let text = report(BUDGET_KEYS, measured).to_string();
    for part in ["4, 0.50 s on average", "max 1.500 ms  (1 samples)", "none was read"] {
        assert!(text.contains(part), "{part} in {text}");
    }
}
