//! Reads the configuration and the file of users again, when it is asked to by SIGHUP and when one of
//! them has changed. A bad file changes nothing; what takes a restart is told and changes nothing either.

use crate::logging::{self, LevelHandle};
use crate::system::{SystemActor, TakeOn, TakeUsers};
use crate::tls::{self, Renewable};
use crate::users;
use actix::Addr;
use log::{error, info, warn};
use merkle_kv_core::config::{Config, Reloaded};
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::task;
use tokio::time;

/// How often the file is looked at. Asking for the state of one file costs microseconds, works on
/// every file system, and finds a file that was renamed into place as well as one behind a link.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);

/// Where the configuration of a running node comes from, and what of it the process holds and not
/// the node.
pub struct ConfigSource {
    /// The file, which is watched.
    pub file: PathBuf,
    /// Reads it, and whatever overrides it; or says what is wrong, a line for each mistake.
    pub read: Box<dyn Fn() -> Result<Config, String> + Send + Sync>,
    /// What is logged in this process.
    pub log_level: LevelHandle,
}

/// What a file was like when it was last looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    inode: u64,
    bytes: u64,
    changed: (i64, i64),
}

/// The files that are watched; nothing for one that is not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamps {
    config: Option<Stamp>,
    users: Option<Stamp>,
}

impl Stamps {
    fn of(config: &Path, users: Option<&Path>) -> Stamps {
        Stamps { config: stamp(config), users: users.and_then(stamp) }
    }
}

/// Reads again, and tells the node.
pub(crate) struct Reloader {
    source: Arc<ConfigSource>,
    /// What is in force.
    config: Config,
    /// The files as they were when they were last read.
    read: Stamps,
    /// The files as they were at the last look.
    seen: Stamps,
    certificates: Vec<Arc<dyn Renewable>>,
    system: Addr<SystemActor>,
}

impl Reloader {
    pub(crate) fn new(
        source: ConfigSource,
        config: Config,
        certificates: Vec<Arc<dyn Renewable>>,
        system: Addr<SystemActor>,
    ) -> Reloader {
        let stamps = Stamps::of(&source.file, config.security.users_file.as_deref());
        Reloader {
            source: Arc::new(source),
            config,
            read: stamps,
            seen: stamps,
            certificates,
            system,
        }
    }

    /// Returns when a file has changed and all are quiet since the look before: whoever writes one in
    /// two steps shall not have half of it read.
    pub(crate) async fn changed(&mut self) {
        loop {
            time::sleep(LOOK_INTERVAL).await;
            let (source, users) = (self.source.clone(), self.config.security.users_file.clone());
            let look = move || Stamps::of(&source.file, users.as_deref());
            // A disk that hangs holds up nobody but this.
            let Ok(now) = task::spawn_blocking(look).await else { continue };
            let is_quiet = std::mem::replace(&mut self.seen, now) == now;
            // One that is gone is being replaced, or is missed when somebody asks for it.
            let are_there =
                now.config.is_some() && now.users.is_some() == self.read.users.is_some();
            if is_quiet && are_there && now != self.read {
                return;
            }
        }
    }

    /// Reads everything again, whether it has changed or not.
    pub(crate) async fn reload_all(&mut self) {
        let certificates = self.certificates.clone();
        // Each that is no good is in the log, and the old one goes on.
        let _ = task::spawn_blocking(move || tls::reload(&certificates)).await;
        self.reload().await;
    }

    /// Reads the configuration and the users, and has the node take on what it can of them: both,
    /// or nothing if something is wrong with one of them.
    pub(crate) async fn reload(&mut self) {
        let (source, config) = (self.source.clone(), self.config.clone());
        let read = move || {
            let stamps = Stamps::of(&source.file, config.security.users_file.as_deref());
            // Which file users stand in takes a restart.
            let users = users::of_config(&config).map_err(|error| error.to_string());
            (stamps, (source.read)().and_then(|new| Ok((new, users?))))
        };
        let Ok((stamps, read)) = task::spawn_blocking(read).await else {
            return error!("the configuration could not be read again, the old one holds");
        };
        self.read = stamps;
        match read {
            Ok((new, users)) => {
                if users.is_some() {
                    self.system.do_send(TakeUsers(users));
                }
                self.take_on(self.config.reload(&new));
            }
            Err(problems) => {
                for problem in problems.lines() {
                    error!("{problem}");
                }
                error!(
                    file:% = self.source.file.display();
                    "the configuration is not reloaded, the old one holds"
                );
            }
        }
    }

    fn take_on(&mut self, reloaded: Reloaded) {
        let Reloaded { config, taken, waiting } = reloaded;
        // Before anything is logged that the level may be about.
        self.source.log_level.set(logging::filter(config.logging.level));
        for changed in &taken {
            info!(key = changed.key, old = changed.old, new = changed.new; "a setting has changed");
        }
        for changed in &waiting {
            warn!(
                key = changed.key, old = changed.old, new = changed.new;
                "a setting has changed that takes a restart of the node, the old one holds"
            );
        }
        let (taken, waiting) = (taken.len(), waiting.len());
        info!(taken, waiting; "the configuration was read again");
        if taken > 0 {
            self.config = config.clone();
            self.system.do_send(TakeOn(Box::new(config)));
        }
    }
}

fn stamp(file: &Path) -> Option<Stamp> {
    let data = fs::metadata(file).ok()?;
    let changed = (data.mtime(), data.mtime_nsec());
    Some(Stamp { inode: data.ino(), bytes: data.len(), changed })
}
