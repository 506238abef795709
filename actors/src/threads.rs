//! The threads of a node. What answers clients comes first: work that is handed to the blocking pool
//! (folding the Merkle tree, hashing it, looking through all keys) takes long and is awaited by
//! nobody in a hurry, so its threads give way. Where there is too little time for all folds there
//! are fewer of them, and each is for more writes, which costs less for every key that is written
//! over and over.
//!
//! A thread of low priority is stopped for one of higher priority, but not at once: Linux lets it
//! have its slice of about three milliseconds first, and clients wait. So it asks every now and then
//! whether somebody else wants the processor. As that can cost it much of its share, it does so only
//! for a while.

use log::warn;
use std::time::{Duration, Instant};
use std::{io, thread};
use tokio::runtime::{Builder, Runtime};

/// By how much threads that give way are nicer than the others: beside one busy thread on one
/// processor they have about a tenth of the time.
#[cfg(target_os = "linux")]
const GIVES_WAY: i32 = 10;

/// How long a piece of work lets others have their turn first.
const GIVES_TURNS: Duration = Duration::from_secs(1);

/// What runs actors on one thread.
pub(crate) fn runtime() -> io::Result<Runtime> {
    Builder::new_current_thread().enable_all().on_thread_start(give_way).build()
}

/// To be called between pieces of long work on a thread that gives way.
pub(crate) fn turns_to_others() -> impl FnMut() {
    let began = Instant::now();
    move || {
        if began.elapsed() < GIVES_TURNS {
            thread::yield_now();
        }
    }
}

/// Lowers the priority of the calling thread. Nothing depends on it, so failure is only told.
#[cfg(target_os = "linux")]
fn give_way() {
    // To Linux, a process here is a thread.
    if let Err(error) = rustix::process::nice(GIVES_WAY) {
        warn!(error:%; "a background thread keeps the priority of the others");
    }
}

#[cfg(not(target_os = "linux"))]
fn give_way() {}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use rustix::process::getpriority_process;
    use tokio::task;

    #[test]
    fn the_blocking_pool_gives_way_and_the_thread_of_the_actors_does_not() {
        let before = getpriority_process(None).unwrap();
        let runtime = runtime().unwrap();
        let here_and_there = runtime.block_on(async {
            let there = task::spawn_blocking(|| getpriority_process(None).unwrap());
            (getpriority_process(None).unwrap(), there.await.unwrap())
        });
        assert_eq!(here_and_there, (before, (before + GIVES_WAY).min(19)));
    }
}
