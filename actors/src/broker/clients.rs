//! Keeps one session per client id: a newcomer cuts the session that holds its id, and starts only
//! once that one has left the router. Knows nothing of sockets or packets.
//!
//! The order matters: rumqttd reuses connection numbers at once, so a late word of the old session
//! would be taken for one of the new, or panic the router.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

/// The client ids in use. Shared by all sessions of one broker.
#[derive(Default)]
pub(super) struct Clients {
    live: Mutex<Live>,
}

#[derive(Default)]
struct Live {
    claims: u64,
    holders: HashMap<String, Holder>,
}

struct Holder {
    claim: u64,
    cut: oneshot::Sender<()>,
    gone: oneshot::Receiver<()>,
}

/// The right to be the one session of a client id. Dropping it frees the id and lets a session
/// that waits for it begin, so it must outlive everything its session says to the router.
pub(super) struct Claim {
    clients: Arc<Clients>,
    client_id: String,
    number: u64,
    cut: oneshot::Receiver<()>,
    _gone: oneshot::Sender<()>,
}

impl Clients {
    /// Cuts the holder of `client_id`, if there is one, and waits until it is gone. `None` when
    /// yet another session claimed the id meanwhile.
    pub(super) async fn claim(self: &Arc<Self>, client_id: &str) -> Option<Claim> {
        let (mut claim, previous) = self.enter(client_id);
        if let Some(previous) = previous {
            // Both fail only because that session has just ended by itself.
            let _ = previous.cut.send(());
            let _ = previous.gone.await;
        }
        match claim.cut.try_recv() {
            Err(oneshot::error::TryRecvError::Empty) => Some(claim),
            Ok(()) | Err(oneshot::error::TryRecvError::Closed) => None,
        }
    }

    fn enter(self: &Arc<Self>, client_id: &str) -> (Claim, Option<Holder>) {
        let (cut_sender, cut) = oneshot::channel();
        let (_gone, gone) = oneshot::channel();
        let mut live = self.lock();
        live.claims += 1;
        let number = live.claims;
        let holder = Holder { claim: number, cut: cut_sender, gone };
        let previous = live.holders.insert(client_id.to_owned(), holder);
        drop(live);
        let client_id = client_id.to_owned();
        (Claim { clients: Arc::clone(self), client_id, number, cut, _gone }, previous)
    }

    fn lock(&self) -> MutexGuard<'_, Live> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Claim {
    /// Resolves when another session has taken the id.
    pub(super) async fn cut(&mut self) {
        let _ = (&mut self.cut).await;
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        let mut live = self.clients.lock();
        if live.holders.get(&self.client_id).is_some_and(|holder| holder.claim == self.number) {
            live.holders.remove(&self.client_id);
        }
    }
}
