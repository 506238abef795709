//! What was made of files, until they are renewed. A renewal that is no good changes nothing:
//! what was good before goes on. Connections keep what they began with.

use super::error::{TlsError, moment};
use super::files::Loaded;
use log::{info, warn};
use std::fmt;
use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::{Duration, SystemTime};
use tokio_rustls::rustls::pki_types::UnixTime;

/// How long before the end of a certificate this is warned of: time for a person who is away.
const WARN_BEFORE: Duration = Duration::from_secs(14 * 86_400);

/// How often it is warned of.
const WARN_INTERVAL: Duration = Duration::from_secs(86_400);

type Load<T> = Box<dyn Fn() -> Result<Loaded<T>, TlsError> + Send + Sync>;

/// Something made of files. Shared by all who use it.
pub(super) struct Kept<T> {
    /// The section of the configuration that names the files.
    section: &'static str,
    files: Vec<PathBuf>,
    load: Load<T>,
    current: RwLock<Arc<T>>,
    state: Mutex<State>,
}

/// Private keys are in it, so it shows where they come from.
impl<T> fmt::Debug for Kept<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Kept").field("files", &self.files).finish_non_exhaustive()
    }
}

/// What tells one content of the files from another without reading them.
type Stamps = Vec<Option<(SystemTime, u64)>>;

struct State {
    /// When the files were read last, for better or worse.
    loaded: Stamps,
    /// At the last look.
    seen: Stamps,
    valid_until: Option<UnixTime>,
    warned_at: Option<UnixTime>,
}

/// What can be read anew, whatever it is.
pub(crate) trait Renewable: fmt::Debug + Send + Sync {
    /// Reads the files again and uses them from now on; if they are no good, what there was. Says
    /// so in the log. Blocks while it reads.
    fn reload(&self) -> Result<(), TlsError>;

    /// Reloads if the files are others, and have been so at the last look too. Warns of an end that
    /// is near. Blocks.
    fn look(&self);
}

impl<T: Send + Sync> Kept<T> {
    pub(super) fn load(
        section: &'static str,
        files: Vec<PathBuf>,
        load: Load<T>,
    ) -> Result<Kept<T>, TlsError> {
        let stamps = stamps(&files);
        let (made, valid_until) = load()?;
        let seen = stamps.clone();
        let state = State { loaded: stamps, seen, valid_until, warned_at: None };
        if let Some(end) = valid_until {
            info!(section, valid_until = moment(end); "a certificate is in use");
        }
        let current = RwLock::new(Arc::new(made));
        let kept = Kept { section, files, load, current, state: Mutex::new(state) };
        kept.warn_of_the_end();
        Ok(kept)
    }

    /// What is in use at this moment.
    pub(super) fn current(&self) -> Arc<T> {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn warn_of_the_end(&self) {
        let mut state = self.state();
        let (Some(end), now) = (state.valid_until, UnixTime::now()) else {
            return;
        };
        let since = |then: UnixTime| now.as_secs().saturating_sub(then.as_secs());
        let is_near = end.as_secs().saturating_sub(now.as_secs()) < WARN_BEFORE.as_secs();
        if is_near && state.warned_at.is_none_or(|at| since(at) >= WARN_INTERVAL.as_secs()) {
            state.warned_at = Some(now);
            let days = end.as_secs().saturating_sub(now.as_secs()) / 86_400;
            warn!(
                section = self.section, valid_until = moment(end), days;
                "a certificate expires soon; renew it"
            );
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing in it can panic half-way.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T: Send + Sync> Renewable for Kept<T> {
    fn reload(&self) -> Result<(), TlsError> {
        let stamps = stamps(&self.files);
        let loaded = (self.load)();
        let mut state = self.state();
        state.loaded = stamps;
        let made = match loaded {
            Ok((made, valid_until)) => {
                (state.valid_until, state.warned_at) = (valid_until, None);
                made
            }
            Err(error) => {
                warn!(section = self.section, error:%; "the old certificates stay in use");
                return Err(error);
            }
        };
        let valid_until = state.valid_until.map_or_else(|| "-".to_owned(), moment);
        drop(state);
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(made);
        info!(section = self.section, valid_until; "certificates were read again");
        self.warn_of_the_end();
        Ok(())
    }

    fn look(&self) {
        let now = stamps(&self.files);
        let mut state = self.state();
        let is_due = now != state.loaded && now == state.seen;
        state.seen = now;
        drop(state);
        if is_due {
            // It is in the log, and a later change is looked at again.
            let _ = self.reload();
        }
        self.warn_of_the_end();
    }
}

fn stamps(files: &[PathBuf]) -> Stamps {
    let stamp = |path: &PathBuf| {
        let metadata = fs::metadata(path).ok()?;
        Some((metadata.modified().ok()?, metadata.len()))
    };
    files.iter().map(stamp).collect()
}
