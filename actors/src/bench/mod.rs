//! The benchmarks. What replication costs between running nodes is in `replication`; anti-entropy
//! is measured apart, in `sync`, without any node, and in `live`, by what clients notice of it; what
//! it costs to keep the data on disk in `storage`, beside Redis. `servers` has the processes that
//! such a comparison starts, and `compare` holds a node against Redis and memcached.

mod client;
mod compare;
mod error;
mod figures;
mod latencies;
mod live;
mod load;
mod machine;
mod replication;
mod servers;
mod storage;
mod sync;
mod verdict;

pub use compare::{ComparePlan, CompareReport, Section, run_compare};
pub use error::BenchError;
pub use live::{LivePlan, LiveReport, run_live};
pub use load::{LoadPlan, LoadProgress, LoadReport, Login, Protocol, run_load};
pub use replication::{BenchPlan, BenchReport, run};
pub use servers::{Durability, ServerError};
pub use storage::{StoragePlan, StorageReport, StorageTopic, run_storage};
pub use sync::{SyncPlan, SyncReport, run_sync};

use std::time::Duration;

/// How long a write may take to arrive before the measurement is given up.
const ARRIVAL_LIMIT: Duration = Duration::from_secs(60);

/// How long the nodes may take to join their cluster: a moment, if they have just been started.
const JOIN_LIMIT: Duration = Duration::from_secs(10);
