//! Runs schedules on all processors, and tells what they came to.

use crate::cost::Costs;
use crate::coverage::{Coverage, Event};
use crate::mutants::{MUTANTS, Mutant};
use crate::plan::{Plan, Size};
use crate::random::Random;
use crate::world::World;
use std::env;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Instant;

/// Schedules of the ordinary run.
const SMALL_SCHEDULES: u64 = 50_000;
const LARGE_SCHEDULES: u64 = 500;

/// Seeds within which a mutant must be caught, and one that shows only if a crash falls between two
/// particular moments.
const MUTANT_SEEDS: u64 = 2_000;
const RARE_MUTANT_SEEDS: u64 = 20_000;

/// Lines of a trace that are shown, unless `SIMULATION_TRACE_LINES` says otherwise.
const TRACE_LINES: u64 = 60;

/// What need not happen: digests that are equal by chance, and what a world has too few schedules
/// or no room for.
fn too_rare(size: Size) -> &'static [Event] {
    match size {
        Size::Small => &[Event::SessionDifferent, Event::WrittenLong],
        Size::Large => &[
            Event::SessionDifferent,
            Event::WrittenAgain,
            Event::CutAtRefused,
            Event::SnapshotWritten,
        ],
    }
}

/// What was asked for in the environment.
fn asked(name: &str) -> Option<u64> {
    env::var(name).ok().and_then(|text| text.parse().ok())
}

fn world(size: Size, mutant: Option<Mutant>, seed: u64, traced: bool) -> World {
    let mut random = Random::new(seed.wrapping_mul(0x0010_0000_01b3));
    let plan = match size {
        Size::Small => Plan::small(mutant, &mut random),
        Size::Large => Plan::large(mutant, &mut random),
    };
    World::new(plan, random, traced)
}

/// Runs one schedule; what went wrong in it.
fn run(size: Size, mutant: Option<Mutant>, seed: u64) -> (World, Option<String>) {
    let mut world = world(size, mutant, seed, false);
    let failed = world.run().err().map(|violation| violation.0);
    (world, failed)
}

/// What a schedule that fails did last, and how to see it again.
fn story(size: Size, seed: u64, what: &str) -> String {
    let mut world = world(size, None, seed, true);
    let _ = world.run();
    let trace = world.traced();
    let lines = asked("SIMULATION_TRACE_LINES").unwrap_or(TRACE_LINES) as usize;
    let shown = &trace[trace.len().saturating_sub(lines)..];
    format!(
        "seed {seed} of the {size:?} world: {what}\n{:#?}\n{}\nagain: SIMULATION_FIRST_SEED={seed} \
         SIMULATION_SCHEDULES=1 cargo test --release -p merkle-kv-core --test simulation {}",
        world.plan,
        shown.join("\n"),
        match size {
            Size::Small => "small",
            Size::Large => "large",
        },
    )
}

fn run_all(size: Size, schedules: u64) {
    let first = asked("SIMULATION_FIRST_SEED").unwrap_or(0);
    let asked = asked("SIMULATION_SCHEDULES");
    let behind = first + asked.unwrap_or(schedules);
    let (next, failed) = (AtomicU64::new(first), AtomicBool::new(false));
    let sums = Mutex::new((Coverage::default(), Costs::default()));
    let began = Instant::now();
    let work = || {
        let (mut coverage, mut costs) = (Coverage::default(), Costs::default());
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= behind || failed.load(Ordering::Relaxed) {
                break;
            }
            let (world, violation) = run(size, None, seed);
            if let Some(what) = violation {
                failed.store(true, Ordering::Relaxed);
                panic!("{}", story(size, seed, &what));
            }
            coverage.add(&world.coverage);
            costs.join(&world.costs);
        }
        let mut sums = sums.lock().unwrap();
        sums.0.add(&coverage);
        sums.1.join(&costs);
    };
    thread::scope(|scope| {
        let workers = thread::available_parallelism().map_or(1, usize::from);
        (0..workers).for_each(|_| _ = scope.spawn(work));
    });
    let (coverage, costs) = sums.into_inner().unwrap();
    let seconds = began.elapsed().as_secs_f64();
    let done = behind - first;
    println!(
        "{done} {size:?} schedules in {seconds:.1} s: {:.0} each second\n{}{costs:?}",
        done as f64 / seconds,
        coverage.report()
    );
    let missing = coverage.missing(too_rare(size));
    assert!(asked.is_some() || missing.is_empty(), "never came to pass: {missing:?}");
}

#[test]
fn small_worlds_agree_on_the_right_thing_after_any_schedule() {
    run_all(Size::Small, SMALL_SCHEDULES);
}

#[test]
fn large_worlds_agree_on_the_right_thing_after_any_schedule() {
    run_all(Size::Large, LARGE_SCHEDULES);
}

#[test]
fn every_mutant_is_caught() {
    let mut survivors = Vec::new();
    for mutant in MUTANTS {
        let seeds = if mutant.is_rare() { RARE_MUTANT_SEEDS } else { MUTANT_SEEDS };
        let caught = (0..seeds)
            .find_map(|seed| run(Size::Small, Some(mutant), seed).1.map(|what| (seed, what)));
        match caught {
            Some((seed, what)) => println!("{mutant:?} is caught by seed {seed}: {what}"),
            None => survivors.push(mutant),
        }
    }
    assert!(survivors.is_empty(), "not caught: {survivors:?}");
}
