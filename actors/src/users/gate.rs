//! The gate: whether somebody is who they say they are. Passwords are verified beside the threads
//! that answer clients, a few at a time, and the wrong ones of an address slow it down.

use crate::facts::Facts;
use log::{debug, warn};
use merkle_kv_core::access::{Admission, Guess, Slowdown, User};
use merkle_kv_core::execute::Login;
use merkle_kv_core::protocol::ClientError;
use merkle_kv_core::rate_limit::{RateLimit, Verdict};
use std::hash::{BuildHasher, RandomState};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::{task, time};

/// Passwords that are verified at once: each takes a processor for tens of milliseconds, and the
/// memory that its hash asks for, 19 MiB as a rule. The others wait in turn.
const MAX_VERIFICATIONS: usize = 2;

/// How many failed logins are told of one by one in so long. Those that follow are counted.
const TOLD_FAILURES: u32 = 10;
const TOLD_INTERVAL: Duration = Duration::from_secs(60);

/// One per node, shared by its connections.
pub(crate) struct Gate {
    verifying: Semaphore,
    slowdown: Mutex<Slowdown>,
    told: Mutex<RateLimit>,
    /// Tells one guess from another without keeping it; its keys are random.
    hasher: RandomState,
    facts: Arc<Facts>,
}

impl Gate {
    pub(crate) fn new(facts: Arc<Facts>) -> Gate {
        Gate {
            verifying: Semaphore::new(MAX_VERIFICATIONS),
            slowdown: Mutex::default(),
            told: Mutex::new(RateLimit::new(TOLD_INTERVAL, TOLD_FAILURES)),
            hasher: RandomState::new(),
            facts,
        }
    }

    /// Whether the client at this address is who it says. Takes tens of milliseconds, as long for an
    /// unknown user as for a wrong password, and longer where many were wrong.
    pub(crate) async fn log_in(
        &self,
        client: SocketAddr,
        login: &Login,
    ) -> Result<Arc<User>, ClientError> {
        let mut waited = Duration::ZERO;
        loop {
            let unavailable = ClientError::Unavailable { what: "the gate" };
            let turn = self.verifying.acquire().await.map_err(|_| unavailable.clone())?;
            let now = self.facts.uptime();
            let admission = lock(&self.slowdown).admit(client.ip(), now, waited);
            match admission {
                Admission::Now => {
                    let verified = verify(login.clone()).await.ok_or(unavailable)?;
                    match &verified {
                        Ok(user) => debug!(client:%, user:% = user.name; "logged in"),
                        Err(_) => self.failed(client, login),
                    }
                    return verified;
                }
                Admission::After(wait) => {
                    drop(turn);
                    time::sleep(wait).await;
                    waited += wait;
                }
                Admission::Refused(wait) => {
                    let seconds = wait.as_secs().saturating_add(1);
                    return Err(ClientError::TooManyFailures { seconds });
                }
            }
        }
    }

    fn failed(&self, client: SocketAddr, Login { users, credentials, .. }: &Login) {
        let now = self.facts.uptime();
        self.facts.failed_logins.add(1);
        let guess = Guess(self.hasher.hash_one((credentials.user(), credentials.password())));
        lock(&self.slowdown).failed(client.ip(), now, guess);
        if let Verdict::Allow { suppressed } = lock(&self.told).check(now) {
            // A name that nobody has may be a password in the wrong place.
            let user = users.claimed(credentials).map_or("unknown", |user| user.name.as_str());
            warn!(client:%, user, suppressed; "a login failed");
        }
    }
}

/// Nothing if the node is stopping.
async fn verify(login: Login) -> Option<Result<Arc<User>, ClientError>> {
    task::spawn_blocking(move || login.users.verify(&login.credentials)).await.ok()
}

/// A panic while a lock was held cannot have left anything half changed.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
