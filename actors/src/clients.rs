//! The table of open connections: who may come in, who is there. Survives the actors that use it,
//! so that a restarted listener neither forgets nor double-counts anyone.

use merkle_kv_core::access::UserName;
use merkle_kv_core::protocol::ClientFacts;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// All open connections. Shared; one per node.
#[derive(Debug)]
pub(crate) struct Clients {
    max: AtomicUsize,
    started: Instant,
    open: Mutex<BTreeMap<u64, Arc<Client>>>,
    accepted: AtomicU64,
    refused: AtomicU64,
}

#[derive(Debug)]
struct Client {
    address: SocketAddr,
    since: Instant,
    /// Milliseconds from the start of the node to the last received byte.
    active_at: AtomicU64,
    calling: Mutex<Calling>,
}

/// Who a client says it is, and who it is.
#[derive(Clone, Debug, Default)]
struct Calling {
    name: String,
    user: Option<UserName>,
}

impl Client {
    fn facts(&self, id: u64, now_millis: u64) -> ClientFacts {
        let active_at = self.active_at.load(Ordering::Relaxed);
        let Calling { name, user } = self.calling().clone();
        ClientFacts {
            id,
            address: self.address.to_string(),
            age_seconds: self.since.elapsed().as_secs(),
            idle_seconds: now_millis.saturating_sub(active_at) / 1_000,
            name,
            user,
        }
    }

    /// A panic while the lock was held cannot have left it half changed.
    fn calling(&self) -> MutexGuard<'_, Calling> {
        self.calling.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A place in the table. Dropping it frees the place.
#[derive(Debug)]
pub(crate) struct ClientSlot {
    id: u64,
    client: Arc<Client>,
    clients: Arc<Clients>,
}

impl Clients {
    pub(crate) fn new(max: usize) -> Clients {
        Clients {
            max: AtomicUsize::new(max),
            started: Instant::now(),
            open: Mutex::default(),
            accepted: AtomicU64::new(0),
            refused: AtomicU64::new(0),
        }
    }

    /// A place for a new connection; nothing when all are taken.
    pub(crate) fn admit(self: &Arc<Clients>, address: SocketAddr) -> Option<ClientSlot> {
        let mut open = self.lock();
        if open.len() >= self.max() {
            self.refused.fetch_add(1, Ordering::Relaxed);
            return None;
        }
        let id = self.accepted.fetch_add(1, Ordering::Relaxed) + 1;
        let active_at = AtomicU64::new(self.elapsed_millis());
        let (since, calling) = (Instant::now(), Mutex::default());
        let client = Arc::new(Client { address, since, active_at, calling });
        open.insert(id, client.clone());
        Some(ClientSlot { id, client, clients: self.clone() })
    }

    pub(crate) fn max(&self) -> usize {
        self.max.load(Ordering::Relaxed)
    }

    /// Takes so many from now on. Those that are there already stay.
    pub(crate) fn set_max(&self, max: usize) {
        self.max.store(max, Ordering::Relaxed);
    }

    pub(crate) fn count(&self) -> usize {
        self.lock().len()
    }

    pub(crate) fn accepted(&self) -> u64 {
        self.accepted.load(Ordering::Relaxed)
    }

    pub(crate) fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }

    pub(crate) fn list(&self) -> Vec<ClientFacts> {
        let now = self.elapsed_millis();
        self.lock().iter().map(|(id, client)| client.facts(*id, now)).collect()
    }

    fn elapsed_millis(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// A panic while the lock was held cannot have left the map half changed.
    fn lock(&self) -> MutexGuard<'_, BTreeMap<u64, Arc<Client>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ClientSlot {
    /// The client has sent something.
    pub(crate) fn is_active(&self) {
        self.client.active_at.store(self.clients.elapsed_millis(), Ordering::Relaxed);
    }

    /// What the client calls itself from now on.
    pub(crate) fn set_name(&self, name: &[u8]) {
        self.client.calling().name = String::from_utf8_lossy(name).into_owned();
    }

    /// Who the client is from now on.
    pub(crate) fn set_user(&self, user: UserName) {
        self.client.calling().user = Some(user);
    }

    /// The client is nobody again, as when it came.
    pub(crate) fn forget_who_it_is(&self) {
        *self.client.calling() = Calling::default();
    }

    pub(crate) fn facts(&self) -> ClientFacts {
        self.client.facts(self.id, self.clients.elapsed_millis())
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.client.address
    }
}

impl Drop for ClientSlot {
    fn drop(&mut self) {
        self.clients.lock().remove(&self.id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_free_again_once_its_slot_is_dropped() {
        let clients = Arc::new(Clients::new(2));
        let address: SocketAddr = "127.0.0.1:1".parse().unwrap();
        let first = clients.admit(address).unwrap();
        let second = clients.admit(address).unwrap();
        assert!(clients.admit(address).is_none());
        assert_eq!((clients.count(), clients.refused()), (2, 1));
        drop(first);
        let third = clients.admit(address).unwrap();
        let ids: Vec<u64> = clients.list().iter().map(|client| client.id).collect();
        assert_eq!(ids, [2, 3]);
        drop((second, third));
        assert_eq!((clients.count(), clients.accepted()), (0, 3));
    }
}
