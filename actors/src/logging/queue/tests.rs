//! The queue without a writer, so that full and stalled are states and not races.

use std::sync::Arc;
use std::thread;
use std::time::Instant;

use super::*;

const LINE: &[u8] = b"a line of the log\n";

fn fill(queue: &Queue) -> u64 {
    let fits = (QUEUE_BYTES / LINE.len()) as u64;
    for _ in 0..fits {
        queue.push(LINE);
    }
    fits
}

#[test]
fn lines_leave_in_the_order_they_came() {
    let queue = Queue::new();
    let mut batch = Batch::default();

    queue.push(b"one\n");
    queue.push(b"two\n");

    assert!(queue.take(&mut batch));
    assert_eq!(batch.lines, b"one\ntwo\n");
    assert_eq!(batch.dropped, 0);
}

#[test]
fn a_full_queue_drops_and_counts_without_waiting() {
    let queue = Queue::new();
    let fits = fill(&queue);
    assert_eq!(queue.dropped(), 0);

    for _ in 0..3 {
        queue.push(LINE);
    }

    let mut batch = Batch::default();
    assert!(queue.take(&mut batch));
    assert_eq!(batch.lines.len() as u64, fits * LINE.len() as u64);
    assert_eq!(batch.dropped, 3);
    assert_eq!(queue.dropped(), 3);
}

#[test]
fn a_short_line_does_not_slip_into_the_gap_a_long_one_left() {
    let queue = Queue::new();
    fill(&queue);
    queue.push(LINE);

    queue.push(b"\n");

    let mut batch = Batch::default();
    queue.take(&mut batch);
    assert_eq!(batch.dropped, 2);
    queue.push(LINE);
    queue.take(&mut batch);
    assert_eq!((batch.lines.as_slice(), batch.dropped), (LINE, 0));
}

#[test]
fn a_burst_does_not_keep_its_memory() {
    let queue = Queue::new();
    let mut batch = Batch::default();
    fill(&queue);
    queue.take(&mut batch);
    queue.push(LINE);

    queue.take(&mut batch);
    queue.push(LINE);
    queue.take(&mut batch);

    assert!(batch.lines.capacity() <= KEPT_CAPACITY);
    assert!(queue.lock().lines.capacity() <= KEPT_CAPACITY);
}

#[test]
fn waiting_ends_at_its_limit_when_the_writer_is_stuck() {
    let queue = Queue::new();
    queue.push(LINE);
    queue.take(&mut Batch::default());

    assert!(!queue.wait_until_settled(Duration::from_millis(20)));

    queue.settle(0);
    assert!(queue.wait_until_settled(Duration::ZERO));
}

#[test]
fn waiting_covers_the_lines_behind_the_batch_being_written() {
    let queue = Queue::new();
    let mut batch = Batch::default();
    queue.push(LINE);
    queue.take(&mut batch);
    queue.push(LINE);

    queue.settle(0);
    assert!(!queue.wait_until_settled(Duration::from_millis(20)));

    queue.take(&mut batch);
    queue.settle(0);
    assert!(queue.wait_until_settled(Duration::ZERO));
}

#[test]
fn a_closed_queue_hands_out_what_it_has_and_then_ends() {
    let queue = Arc::new(Queue::new());
    let mut batch = Batch::default();
    queue.push(LINE);
    queue.close();

    queue.push(LINE);

    assert!(queue.take(&mut batch));
    assert_eq!((batch.lines.as_slice(), batch.dropped), (LINE, 1));
    assert!(!queue.take(&mut batch));

    let begun = Instant::now();
    let taker = thread::spawn(move || queue.take(&mut Batch::default()));
    assert!(!taker.join().unwrap());
    assert!(begun.elapsed() < Duration::from_secs(5));
}
