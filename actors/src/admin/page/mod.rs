//! The status page: one document that asks for two others again and again, `status.json` and, for
//! the key browser, `keys.json`. It loads nothing from elsewhere.

mod browse;
mod report;
mod samples;

pub(super) use samples::SAMPLE_INTERVAL;
pub(crate) use samples::{Samples, Totals};

use super::{AdminSettings, health};
use crate::latencies::Latencies;
use crate::store::Pin;
use crate::sync::{self, ReadPeers, ReadSessions, SyncActor};
use crate::system::FindSync;
use crate::{random, wall_clock};
use actix::dev::ToEnvelope;
use actix::{Addr, Context, Handler, Message};
use bytes::Bytes;
use merkle_kv_core::access::User;
use merkle_kv_core::protocol::{Access, COMMANDS, NodeFacts, StoreFacts};
use report::{Report, Sources};
use serde::Deserialize;
use std::sync::Arc;
use tokio::task;

/// The page, with a place for a number that only its own scripts and styles know.
const PAGE: &str = include_str!("page.html");
const NONCE: &str = "{{nonce}}";

/// The longest prefix that is looked for, in bytes: no key is longer.
const MAX_PREFIX_BYTES: usize = 65_535;

/// A document, and the rule that the browser is to hold it to: nothing from elsewhere, and no code
/// that somebody has put into a key or a value.
pub(super) fn document() -> (String, String) {
    let nonce = format!("{:016x}{:016x}", random::number(), random::number());
    let policy = format!(
        "default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; \
         connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; \
         frame-ancestors 'none'"
    );
    (PAGE.replace(NONCE, &nonce), policy)
}

/// Why there is no JSON.
#[derive(Debug, thiserror::Error)]
pub(super) enum PageError {
    /// The node is about to stop, or its store is stuck.
    #[error("the store does not answer; see /health/live")]
    NoStore,
    /// The query is none.
    #[error(
        "after is the hexadecimal digits of a key, and prefix at most {MAX_PREFIX_BYTES} bytes"
    )]
    Query,
}

/// Everything but keys.
pub(super) async fn status(settings: &AdminSettings) -> Result<String, PageError> {
    let store = health::ask_store(settings).await.ok_or(PageError::NoStore)?;
    let root = sync::root(settings.store.clone()).await;
    let facts = &settings.facts;
    let sync = settings.system.send(FindSync).await.ok().flatten();
    let lags = facts.origins.read().into_iter();
    let samples = settings.samples().all();
    let report = Report::new(Sources {
        address: settings.address.clone(),
        node: NodeFacts { root, ..facts.node() },
        store,
        peers: ask(sync.as_ref(), ReadPeers).await,
        sessions: ask(sync.as_ref(), ReadSessions).await,
        samples,
        reasons: health::ready(settings).await.reasons(),
        lags: lags.map(|(id, last)| (id, last.lag_millis as f64 / 1_000.0)).collect(),
        storage: settings.storage,
        now: wall_clock::now(),
    });
    // Nothing in it can fail to be written.
    Ok(serde_json::to_string(&report).unwrap_or_default())
}

/// What the sync actor says; nothing if there is none.
async fn ask<M, T>(sync: Option<&Addr<SyncActor>>, message: M) -> Vec<T>
where
    M: Message<Result = Vec<T>> + Send + 'static,
    T: Send + 'static,
    SyncActor: Handler<M>,
    Context<SyncActor>: ToEnvelope<SyncActor, M>,
{
    match sync {
        Some(sync) => sync.send(message).await.unwrap_or_default(),
        None => Vec::new(),
    }
}

/// Which keys are looked for.
#[derive(Debug, Deserialize)]
pub(super) struct KeyQuery {
    #[serde(default)]
    prefix: String,
    /// The last key of the page before, in hexadecimal digits.
    after: Option<String>,
}

/// Some keys, of those that this user may see.
pub(super) async fn keys(
    settings: &AdminSettings,
    query: KeyQuery,
    user: Option<Arc<User>>,
) -> Result<String, PageError> {
    let KeyQuery { prefix, after } = query;
    let after = match after {
        Some(digits) => Some(browse::from_hex(&digits).ok_or(PageError::Query)?),
        None => None,
    };
    if prefix.len() > MAX_PREFIX_BYTES {
        return Err(PageError::Query);
    }
    let snapshot = settings.store.send(Pin).await.ok().flatten().ok_or(PageError::NoStore)?;
    let now = wall_clock::now();
    let page = move || {
        let is_shown = |key: &[u8]| user.as_ref().is_none_or(|user| user.keys.allow(key));
        browse::page(&snapshot, (Bytes::from(prefix), after), is_shown, now)
    };
    let page = task::spawn_blocking(page).await.map_err(|_| PageError::NoStore)?;
    Ok(serde_json::to_string(&page).unwrap_or_default())
}

/// What has been counted up to now, for the next sample.
pub(super) fn totals(store: &StoreFacts, latencies: Option<&Latencies>) -> Totals {
    let of = |access| {
        let rows = COMMANDS.iter().zip(&store.commands);
        rows.filter(|(row, _)| row.access == access).map(|(_, runs)| runs).sum()
    };
    let mut counts = Vec::new();
    for (_, times) in latencies.map(Latencies::read).unwrap_or_default() {
        counts.resize(times.classes.len(), 0);
        for (count, (_, more)) in counts.iter_mut().zip(&times.classes) {
            *count += more;
        }
    }
    Totals { reads: of(Access::Read), writes: of(Access::Write), latencies: counts }
}
