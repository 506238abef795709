//! The page of metrics: what the node knows of itself, gathered when somebody asks for it, as
//! OpenMetrics. Nothing is counted for it twice, and nothing names a key or an address.

mod families;
mod family;

use super::AdminSettings;
use super::health;
use crate::logging;
use crate::sync::{Membership, ReadMembership};
use crate::system::FindSync;
use crate::wall_clock;
use families::Gathered;
use std::fmt;
use std::time::Duration;
use tokio::time;

/// What a page is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    OpenMetrics,
    /// The older one of Prometheus, for tools that know no other.
    Prometheus,
}

impl Format {
    /// What a request may be answered with: OpenMetrics, unless it asks for plain text alone.
    pub(super) fn accepted_by(accept: Option<&str>) -> Format {
        match accept {
            Some(types) if types.contains("text/plain") && !types.contains("openmetrics") => {
                Format::Prometheus
            }
            Some(_) | None => Format::OpenMetrics,
        }
    }

    pub(super) fn content_type(self) -> &'static str {
        match self {
            Format::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
            Format::Prometheus => "text/plain; version=0.0.4; charset=utf-8",
        }
    }
}

/// How long the sync actor may take to answer. It shares its thread with few others.
const SYNC_LIMIT: Duration = Duration::from_secs(2);

/// Why there is no page.
#[derive(Debug, thiserror::Error)]
pub(super) enum MetricsError {
    /// The node is about to stop, or its store is stuck.
    #[error("the store does not answer, so there is nothing to tell; see /health/live")]
    NoStore,
    /// Writing to memory failed.
    #[error("the metrics cannot be written: {0}")]
    Encoding(#[from] fmt::Error),
}

/// All metrics of this moment.
pub(super) async fn page(settings: &AdminSettings, format: Format) -> Result<String, MetricsError> {
    let store = health::ask_store(settings).await.ok_or(MetricsError::NoStore)?;
    let facts = &settings.facts;
    let gathered = Gathered {
        store,
        node: facts.node(),
        started_at: facts.started_at(),
        now: wall_clock::now(),
        is_full: facts.storage.is_full.get() != 0,
        latencies: facts.latencies.as_ref().map(|latencies| latencies.read()).unwrap_or_default(),
        journal_bytes: facts.journal.bytes(),
        journal_segments: facts.journal.segments(),
        journal_syncs: facts.journal.syncs(),
        origins: facts.origins.read(),
        membership: membership(settings).await,
        log_lines_dropped: logging::dropped(),
    };
    Ok(family::encode(families::of(&gathered), format)?)
}

/// What anti-entropy knows of others; nothing if it is off, or its actor is being started again.
async fn membership(settings: &AdminSettings) -> Membership {
    let ask = async {
        let sync = settings.system.send(FindSync).await.ok().flatten()?;
        sync.send(ReadMembership).await.ok()
    };
    time::timeout(SYNC_LIMIT, ask).await.ok().flatten().unwrap_or_default()
}
