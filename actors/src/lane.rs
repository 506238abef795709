//! The way of a batch from its connection to the store and back. It is a message like any other,
//! with one outstanding for each connection, but the most frequent by far: so what it needs is made
//! once for a connection, and not for every chunk as a mailbox would. For a chunk of one command
//! that is a tenth of what the node does in all.

use actix::prelude::Stream;
use merkle_kv_core::execute::{Batch, Progress};
use std::future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use tokio::sync::mpsc;

/// Requests of one round, unless one errand has more: as many as the store looks ahead for.
const ROUND_REQUESTS: usize = 32;

/// Errands that the store is given before its mailbox has a turn, about as many as an actor takes of
/// messages that come one by one.
const ERRANDS_OF_A_TURN: usize = 32;

/// Where connections hand in their batches. A clone leads to the same store.
#[derive(Clone)]
pub(crate) struct Lanes(mpsc::UnboundedSender<Errand>);

/// The batches that connections have handed in, for the store. Bounded, as each connection has at
/// most one.
pub(crate) struct Errands {
    waiting: mpsc::UnboundedReceiver<Errand>,
    /// How many it has been given in this turn.
    given: usize,
}

/// The way of one connection.
pub(crate) struct Lane {
    store: mpsc::UnboundedSender<Errand>,
    place: Arc<Place>,
}

/// A batch that is to be run. Who drops it unfinished tells its connection that the store is gone.
pub(crate) struct Errand {
    /// Nothing once it is finished.
    batch: Option<Box<Batch>>,
    place: Arc<Place>,
}

/// Where a connection waits for its batch.
#[derive(Default)]
struct Place(Mutex<Waiting>);

#[derive(Default)]
struct Waiting {
    state: State,
    waker: Option<Waker>,
}

#[derive(Default)]
enum State {
    #[default]
    Away,
    Back(Box<Batch>, Progress),
    Lost,
}

impl Lanes {
    pub(crate) fn open() -> (Lanes, Errands) {
        let (sender, receiver) = mpsc::unbounded_channel();
        (Lanes(sender), Errands { waiting: receiver, given: 0 })
    }

    pub(crate) fn lane(&self) -> Lane {
        Lane { store: self.0.clone(), place: Arc::default() }
    }
}

impl Lane {
    /// Has the store run one slice of a batch. Nothing if the store is gone, and the batch with it.
    pub(crate) async fn run(&mut self, batch: Box<Batch>) -> Option<(Box<Batch>, Progress)> {
        self.place.lock().state = State::Away;
        let errand = Errand { batch: Some(batch), place: self.place.clone() };
        // An errand that cannot be sent is dropped, which tells.
        let _ = self.store.send(errand);
        future::poll_fn(|context| self.place.poll(context)).await
    }
}

impl Place {
    fn poll(&self, context: &mut Context<'_>) -> Poll<Option<(Box<Batch>, Progress)>> {
        let mut waiting = self.lock();
        match std::mem::take(&mut waiting.state) {
            State::Back(batch, progress) => Poll::Ready(Some((batch, progress))),
            State::Lost => Poll::Ready(None),
            State::Away => {
                if !waiting.waker.as_ref().is_some_and(|known| known.will_wake(context.waker())) {
                    waiting.waker = Some(context.waker().clone());
                }
                Poll::Pending
            }
        }
    }

    fn answer(&self, state: State) {
        let mut waiting = self.lock();
        waiting.state = state;
        if let Some(waker) = &waiting.waker {
            waker.wake_by_ref();
        }
    }

    /// A panic while the lock was held cannot have left the state half changed.
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Errand {
    /// What is to be run.
    pub(crate) fn batch(&self) -> Option<&Batch> {
        self.batch.as_deref()
    }

    /// Runs it, unless it is finished already.
    pub(crate) fn run(&mut self, run: impl FnOnce(&mut Batch) -> Progress) -> Progress {
        self.batch.as_mut().map_or(Progress::Done, |batch| run(batch))
    }

    /// Gives the batch back to its connection.
    pub(crate) fn finish(mut self, progress: Progress) {
        if let Some(batch) = self.batch.take() {
            self.place.answer(State::Back(batch, progress));
        }
    }
}

impl Drop for Errand {
    fn drop(&mut self) {
        if self.batch.is_some() {
            self.place.answer(State::Lost);
        }
    }
}

/// Errands that have gathered while something else had the thread, in the order in which they came.
/// They are run one after the other, but what they have in common is done once.
pub(crate) type Round = Vec<Errand>;

impl Stream for Errands {
    type Item = Round;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Round>> {
        if self.given >= ERRANDS_OF_A_TURN {
            self.given = 0;
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        let (mut round, mut requests) = (Vec::new(), 0);
        while requests < ROUND_REQUESTS {
            match self.waiting.poll_recv(context) {
                Poll::Ready(Some(errand)) => {
                    requests += errand.batch().map_or(0, Batch::slice_requests).max(1);
                    round.push(errand);
                }
                Poll::Ready(None) | Poll::Pending if !round.is_empty() => break,
                Poll::Ready(None) => return Poll::Ready(None),
                Poll::Pending => {
                    self.given = 0;
                    return Poll::Pending;
                }
            }
        }
        self.given += round.len();
        Poll::Ready(Some(round))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::BytesMut;
    use merkle_kv_core::protocol::{Dialect, Wording};

    fn batch() -> Box<Batch> {
        let wording = Wording::Text(Dialect::Standard);
        Box::new(Batch::new(Vec::new(), wording, BytesMut::new()))
    }

    #[tokio::test]
    async fn a_batch_comes_back_with_its_progress_time_and_again() {
        let (lanes, mut errands) = Lanes::open();
        let mut lane = lanes.lane();
        let store = async {
            while let Some(errand) = errands.waiting.recv().await {
                errand.finish(Progress::More);
            }
        };
        let client = async move {
            for _ in 0..3 {
                let (_, progress) = lane.run(batch()).await.unwrap();
                assert_eq!(progress, Progress::More);
            }
            drop((lane, lanes));
        };
        tokio::join!(store, client);
    }

    #[test]
    fn a_round_is_what_has_gathered_and_after_a_full_one_others_have_their_turn() {
        let mut context = Context::from_waker(Waker::noop());
        let (lanes, mut errands) = Lanes::open();
        let mut next = || match Pin::new(&mut errands).poll_next(&mut context) {
            Poll::Ready(round) => Poll::Ready(round.map(|round| round.len())),
            Poll::Pending => Poll::Pending,
        };
        let hand_in = |errands: usize| {
            for _ in 0..errands {
                let errand = Errand { batch: Some(batch()), place: Arc::default() };
                assert!(lanes.0.send(errand).is_ok());
            }
        };
        hand_in(2);
        assert_eq!((next(), next()), (Poll::Ready(Some(2)), Poll::Pending));
        hand_in(ROUND_REQUESTS + 1);
        assert_eq!((next(), next()), (Poll::Ready(Some(ROUND_REQUESTS)), Poll::Pending));
        assert_eq!((next(), next()), (Poll::Ready(Some(1)), Poll::Pending));
        drop(lanes);
        assert_eq!(next(), Poll::Ready(None));
    }

    #[tokio::test]
    async fn a_store_that_fails_is_noticed_before_and_after_it_has_the_batch() {
        let (lanes, mut errands) = Lanes::open();
        let mut lane = lanes.lane();
        let store = async move { drop(errands.waiting.recv().await) };
        let (_, run) = tokio::join!(store, lane.run(batch()));
        assert!(run.is_none());
        assert!(lane.run(batch()).await.is_none());
    }
}
