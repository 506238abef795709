//! Reports with figures that are told.

use super::contestants::Name;
use super::turns::{Round, paired, spread};
use super::*;
use crate::bench::verdict::Verdict;
use std::time::Duration;

fn plan() -> ComparePlan {
    ComparePlan {
        sections: Section::ALL.to_vec(),
        protocol: Protocol::Resp,
        time: Duration::from_millis(1_500),
        rounds: 3,
        keys: BUDGET_KEYS,
        pipelines: vec![1, 16, 100],
        value_bytes: vec![64, 1_024],
        memory_keys: BUDGET_MEMORY_KEYS,
        growth_keys: BUDGET_GROWTH_KEYS,
        redis: true,
        memcached: true,
        page: None,
    }
}

/// Rounds with these processor times, and rates that belong to them.
fn rounds(cpu: [f64; 3]) -> Vec<Round> {
    let time = |factor: f64, cpu: f64| Duration::from_nanos((factor * cpu) as u64);
    let round = |cpu: f64| Round {
        rate: 1e9 / cpu,
        cpu,
        p50: time(20.0, cpu),
        p99: time(100.0, cpu),
        p999: time(200.0, cpu),
        unsent: 0,
    };
    cpu.map(round).to_vec()
}

fn cell(pipeline: usize, redis: f64, is_judged: bool) -> throughput::Cell {
    let node = rounds([1_000.0, 990.0, 1_010.0]);
    let other = |name, cpu: f64| {
        throughput::other(name, pipeline, &node, rounds([cpu, cpu * 0.99, cpu * 1.01]), is_judged)
    };
    let others = vec![other(Name::Redis, redis), other(Name::Memcached, 1_000.0)];
    throughput::Cell { command: Command::Set, pipeline, value_bytes: 1_024, node, others }
}

fn report() -> CompareReport {
    let setting = machine::Setting {
        machine: "2 x none, load 0.00 0.00 0.00".to_owned(),
        day: "2026-11-24, Linux 6.1.0".to_owned(),
        servers: "MerkleKV 0.2.0 (RESP), Redis 7.0.15, memcached 1.6.18".to_owned(),
        broker: "Mosquitto 2.0.11".to_owned(),
        cores: "servers on 1, load on 0, broker and peers on 0".to_owned(),
    };
    let latency = latency::Row {
        command: Command::Get,
        rate: 30_000.0,
        node: rounds([1_000.0, 1_000.0, 1_000.0]),
        redis: Some(rounds([1_100.0, 1_100.0, 1_100.0])),
        ratio: Some(budget::Judged::at_least(1.1, Some(1.0))),
    };
    let memory = |redis| {
        let row = |name, after, node| memory::row(name, BUDGET_MEMORY_KEYS, (0, after), node);
        vec![
            row(Name::Node, 150_000_000, None),
            row(Name::Redis, redis, Some(150.0)),
            row(Name::Memcached, 140_000_000, Some(150.0)),
        ]
    };
    let growth = |many: f64| {
        let few = rounds([1_000.0, 1_000.0, 1_000.0]);
        growth::row(Name::Node, Command::Set, few, rounds([many, many, many]), true)
    };
    let replicating = replicating::row(
        16,
        rounds([1_000.0, 1_000.0, 1_000.0]),
        rounds([1_250.0, 1_250.0, 1_250.0]),
    );
    CompareReport {
        plan: plan(),
        setting,
        throughput: Some(vec![cell(1, 1_000.0, true), cell(16, 1_600.0, true)]),
        latency: Some(vec![latency]),
        memory: Some(memory(176_000_000)),
        growth: Some(vec![growth(1_500.0)]),
        replicating: Some(vec![replicating]),
    }
}

#[test]
fn a_report_says_who_was_better_and_fits_a_page() {
    let report = report();
    report.judge().unwrap();
    let text = report.to_string();
    for part in [
        "Mosquitto 2.0.11, to which",
        "3 of 1.5 s",
        "SET   16 1,024  MerkleKV   1000.0   990.1-1010.1   1000      990-1010\n",
        "Redis       625.0    618.8-631.3   1600     1584-1616   1.60  1.60   1.50 yes\n",
        "memcached  1000.0   990.1-1010.1   1000      990-1010   1.00  1.00   1.00 yes\n",
        "GET       30,000  MerkleKV        20      100      200           100-100\n",
        "Redis           22      110      220           110-110   1.10   1.00 yes\n",
        "Redis            0.0      176.0         176.0   1.17   1.00 yes\n",
        "memcached        0.0      140.0         140.0   0.93      - -\n",
        "SET MerkleKV      1000     1000-1000     1500     1500-1500   1.50   1.50 yes\n",
        "replicating   800.0    800.0-800.0   1250     1250-1250   0.80  1.25\n",
        "budgets     7, none of them broken\n",
    ] {
        assert!(text.contains(part), "{part} in\n{text}");
    }
    assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");
}

#[test]
fn each_budget_that_is_broken_is_named() {
    let mut report = report();
    let late = Round { unsent: 1_500, ..rounds([1_000.0; 3])[0] };
    report.latency.iter_mut().flatten().for_each(|row| row.node = vec![late]);
    report.throughput = Some(vec![cell(16, 1_490.0, true), cell(100, 1_990.0, true)]);
    report.memory = Some(vec![memory::row(Name::Redis, BUDGET_MEMORY_KEYS, (0, 1), Some(150.0))]);
    let few = || rounds([1_000.0; 3]);
    let slow = growth::row(Name::Node, Command::Get, few(), rounds([1_510.0; 3]), true);
    report.growth = Some(vec![slow]);
    for row in report.latency.iter_mut().flatten() {
        row.ratio = Some(budget::Judged::at_least(0.9, Some(1.0)));
    }
    assert_eq!(
        report.judge().unwrap_err().to_string(),
        "budgets are broken: SET at pipeline 16 with 1024 bytes beside Redis; SET at pipeline 100 \
         with 1024 bytes beside Redis; p99 of GET; memory beside Redis; growth of GET of MerkleKV"
    );
    let text = report.to_string();
    assert!(
        text.contains("1.49  1.49   1.50 NO") && text.contains("7, 5 of them broken:"),
        "{text}"
    );
}

#[test]
fn what_is_measured_otherwise_than_the_budgets_say_is_not_judged() {
    let far = cell(100, 1.0, false);
    assert!(far.others.iter().all(|other| other.cpu_ratio.verdict == Verdict::NotJudged));
    let between = cell(2, 1.0, true);
    assert!(between.others.iter().all(|other| other.cpu_ratio.verdict == Verdict::NotJudged));
    let few = memory::row(Name::Redis, 10, (0, 1), Some(150.0)).ratio.unwrap();
    assert_eq!((few.verdict, few.word()), (Verdict::NotJudged, "-"));
    let one = || rounds([1.0; 3]);
    let small = growth::row(Name::Node, Command::Set, one(), rounds([9.0; 3]), false);
    let redis = growth::row(Name::Redis, Command::Set, one(), rounds([9.0; 3]), true);
    assert_eq!([small, redis].map(|row| row.growth.verdict), [Verdict::NotJudged; 2]);
}

#[test]
fn rounds_are_held_against_their_neighbours() {
    let (one, other) = (rounds([100.0, 300.0, 50.0]), rounds([50.0, 100.0, 100.0]));
    assert_eq!(paired(&one, &other, |one, other| one.cpu / other.cpu), 2.0);
    let of = spread(&one, |round| round.cpu);
    assert_eq!((of.least, of.median, of.greatest), (50.0, 100.0, 300.0));
    assert_eq!(spread(&one[..2], |round| round.cpu).median, 200.0);
    assert!(spread(&[], |round| round.cpu).median.is_nan());
}

#[test]
fn a_plan_that_makes_no_sense_is_refused() {
    plan().check().unwrap();
    for (bad, named) in [
        (ComparePlan { time: Duration::ZERO, ..plan() }, "seconds"),
        (ComparePlan { rounds: 0, ..plan() }, "rounds"),
        (ComparePlan { keys: 0, ..plan() }, "keys"),
        (ComparePlan { memory_keys: 0, ..plan() }, "memory"),
        (ComparePlan { growth_keys: 0, ..plan() }, "growth"),
        (ComparePlan { pipelines: vec![1, 0], ..plan() }, "pipeline"),
        (ComparePlan { value_bytes: vec![0], ..plan() }, "value"),
    ] {
        let told = bad.check().unwrap_err().to_string();
        assert!(told.contains(named), "{named} in {told}");
    }
}
