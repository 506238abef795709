//! Settings that change while the node runs, for those who look at them again and again. Whoever has
//! to act on a change is told of it by a message instead.

use merkle_kv_core::config::{AntiEntropy, Config};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// How often presence is said again where anti-entropy, which has a key for it, is off.
const PRESENCE_INTERVAL: Duration = Duration::from_secs(60);

/// Shared by all actors of one node.
#[derive(Debug)]
pub(crate) struct Live {
    stall_limit: Span,
    idle_limit: Span,
    presence_interval: Span,
}

/// A time in milliseconds; 0 is none.
#[derive(Debug, Default)]
struct Span(AtomicU64);

impl Live {
    pub(crate) fn new(config: &Config) -> Live {
        let live = Live {
            stall_limit: Span::default(),
            idle_limit: Span::default(),
            presence_interval: Span::default(),
        };
        live.take_on(config);
        live
    }

    /// From now on these hold.
    pub(crate) fn take_on(&self, config: &Config) {
        let network = &config.network;
        self.stall_limit.set(Some(network.connection_timeout));
        self.idle_limit.set(network.idle_timeout);
        self.presence_interval.set(Some(presence_interval(config.anti_entropy.as_ref())));
    }

    /// How long a client or a peer may stall inside what it says, or while not reading.
    pub(crate) fn stall_limit(&self) -> Duration {
        self.stall_limit.get().unwrap_or_default()
    }

    /// How long a client may be silent between commands.
    pub(crate) fn idle_limit(&self) -> Option<Duration> {
        self.idle_limit.get()
    }

    /// How long until presence is said again.
    pub(crate) fn presence_interval(&self) -> Duration {
        self.presence_interval.get().unwrap_or(PRESENCE_INTERVAL)
    }
}

fn presence_interval(anti_entropy: Option<&AntiEntropy>) -> Duration {
    anti_entropy.map_or(PRESENCE_INTERVAL, |sync| sync.peer_discovery_interval)
}

impl Span {
    fn set(&self, span: Option<Duration>) {
        let millis = |span: Duration| u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
        self.0.store(span.map_or(0, millis), Ordering::Relaxed);
    }

    fn get(&self) -> Option<Duration> {
        match self.0.load(Ordering::Relaxed) {
            0 => None,
            millis => Some(Duration::from_millis(millis)),
        }
    }
}
