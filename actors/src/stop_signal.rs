//! Hears that the node stops, as often as it is asked and at little cost: a connection asks before
//! and while it waits for every chunk.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use tokio::sync::watch;

/// One listener. What tells it turns true once, when the node stops.
pub(crate) struct StopSignal {
    stopping: watch::Receiver<bool>,
    /// Comes when the node stops.
    stopped: Pin<Box<dyn Future<Output = ()>>>,
    /// Whom it wakes then. To say so anew for each chunk would cost more than to read it.
    wakes: Option<Waker>,
}

impl StopSignal {
    pub(crate) fn new(stopping: watch::Receiver<bool>) -> StopSignal {
        let stopped = Box::pin(stopped(stopping.clone()));
        StopSignal { stopping, stopped, wakes: None }
    }

    /// Whether the node stops.
    pub(crate) fn is_given(&self) -> bool {
        // Whoever would tell is gone if the node is.
        self.stopping.has_changed().unwrap_or(true)
    }

    /// Ready when the node stops; whoever polls is woken then.
    pub(crate) fn poll(&mut self, context: &mut Context<'_>) -> Poll<()> {
        if self.is_given() {
            return Poll::Ready(());
        }
        if self.wakes.as_ref().is_some_and(|known| known.will_wake(context.waker())) {
            return Poll::Pending;
        }
        self.wakes = Some(context.waker().clone());
        self.stopped.as_mut().poll(context)
    }
}

async fn stopped(mut stopping: watch::Receiver<bool>) {
    // Whoever would tell is gone if the node is.
    let _ = stopping.wait_for(|stopping| *stopping).await;
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::Wake;

    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Count>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn whoever_asked_last_is_woken_and_told() {
        let (sender, receiver) = watch::channel(false);
        let mut signal = StopSignal::new(receiver);
        let (first, second) = (Arc::new(Count::default()), Arc::new(Count::default()));
        for count in [&first, &second, &second] {
            let waker = Waker::from(count.clone());
            assert!(signal.poll(&mut Context::from_waker(&waker)).is_pending());
        }
        sender.send_replace(true);
        assert_eq!(first.0.load(Ordering::Relaxed), 0);
        assert_eq!(second.0.load(Ordering::Relaxed), 1);
        assert!(signal.is_given());
        let waker = Waker::from(first);
        assert!(signal.poll(&mut Context::from_waker(&waker)).is_ready());
    }

    #[test]
    fn a_node_that_is_gone_has_stopped() {
        let (sender, receiver) = watch::channel(false);
        drop(sender);
        assert!(StopSignal::new(receiver).is_given());
    }
}
