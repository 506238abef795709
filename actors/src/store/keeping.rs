//! What the store does so that nothing acknowledged is lost: hands changes to the storage, holds
//! back answers until they are kept, and has snapshots and backups written.

use super::StoreActor;
use super::promised::{Promised, Waiting};
use crate::storage::{Picture, Promise, Said, Storage};
use actix::{ActorContext, AsyncContext, Context, Handler, Message};
use log::error;
use merkle_kv_core::clock::UnixMillis;
use merkle_kv_core::journal::{Mutation, Sequence};
use merkle_kv_core::merkle::Tree;
use merkle_kv_core::version::NodeId;
use std::time::Duration;
use tokio::task;

/// How often the store looks whether the broker has everything, and whether a backup is due.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);

/// Where the journal is, and who waits for it.
pub(super) struct Keeping {
    storage: Box<dyn Storage>,
    /// Answers to clients, answers to those who tell peers, and answers to who hears the broker.
    replies: Waiting,
    secured: Waiting,
    heard: Waiting,
    replied: Sequence,
    synced: Sequence,
    /// A [`Commit`] is on its way.
    committing: bool,
    is_full: bool,
    /// A snapshot or a backup is to be taken with the next fold, or of this moment.
    pub(super) picture: PictureState,
}

/// How far a snapshot is, before it is written.
pub(super) enum PictureState {
    /// None is wanted.
    None,
    /// The next fold shall be one.
    Wanted,
    /// A fold is under way that began at this record, with this beside the entries.
    Folding(Sequence, Vec<Mutation>),
}

impl Keeping {
    /// What is in the engine up to `last` is on disk.
    pub(super) fn new(storage: Box<dyn Storage>, last: Sequence) -> Keeping {
        Keeping {
            storage,
            replies: Waiting::default(),
            secured: Waiting::default(),
            heard: Waiting::default(),
            replied: last,
            synced: last,
            committing: false,
            is_full: false,
            picture: PictureState::None,
        }
    }

    fn reach(&mut self, written: Sequence, synced: Sequence) {
        self.synced = self.synced.max(synced);
        let replied = match self.storage.promise() {
            Promise::Nothing | Promise::Written => written,
            Promise::Synced => synced,
        };
        self.replied = self.replied.max(replied);
        self.replies.reach(self.replied);
        self.heard.reach(self.replied);
        self.secured.reach(self.synced);
    }
}

impl StoreActor {
    /// Ends a step of the engine: what it has changed is kept as a whole or not at all.
    pub(super) fn end_step(&mut self, ctx: &mut Context<StoreActor>) {
        let store = self.engine.store_mut();
        store.end_step();
        if store.has_logged() && !self.keeping.committing {
            self.keeping.committing = true;
            let store = ctx.address();
            match self.keeping.storage.promise() {
                // To the end of the own mailbox: what waits there is kept together with it.
                Promise::Nothing | Promise::Written => store.do_send(Commit),
                // What sockets hold by now comes first, too: one sync for all takes no longer than
                // one for each.
                Promise::Synced => {
                    actix_rt::spawn(async move {
                        task::yield_now().await;
                        store.do_send(Commit);
                    });
                }
            }
        }
    }

    /// An answer that tells what has been changed up to now.
    pub(super) fn promise<T>(&self, value: T) -> Promised<T> {
        let at = self.engine.store().log_position();
        if at <= self.keeping.replied {
            return Promised::now(value);
        }
        Promised::at(value, &self.keeping.replies, at)
    }

    /// An answer that nobody is told, and that waits only so that nobody brings changes faster than
    /// they are kept. On a full disk it would keep the broker waiting for as long as that lasts.
    pub(super) fn paced<T>(&self, value: T) -> Promised<T> {
        let at = self.engine.store().log_position();
        if at <= self.keeping.replied || self.keeping.is_full {
            return Promised::now(value);
        }
        Promised::at(value, &self.keeping.heard, at)
    }

    /// An answer that has changed nothing, but may show what others have.
    pub(super) fn show<T>(&self, value: T) -> Promised<T> {
        match self.keeping.storage.promise() {
            // On a full disk there is no telling how long it would wait.
            Promise::Synced if !self.keeping.is_full => self.promise(value),
            Promise::Synced | Promise::Nothing | Promise::Written => Promised::now(value),
        }
    }

    /// Whether changes of other nodes can be taken, so many of them. On a full disk they would wait
    /// in memory, and there is no end to what others write. What is refused is told to nobody as
    /// held, so a later session brings it.
    pub(super) fn takes_changes(&self, changes: usize) -> bool {
        if self.keeping.is_full {
            self.facts.storage.refused_changes.add(changes as u64);
        }
        !self.keeping.is_full
    }

    /// Hands over what has changed.
    pub(super) fn commit(&mut self) {
        if let Some(records) = self.engine.store_mut().take_log() {
            self.keeping.storage.append(records);
        }
    }

    /// Whether a snapshot or a backup is due.
    pub(super) fn look_for_picture(&mut self, ctx: &mut Context<StoreActor>) {
        let keeping = &mut self.keeping;
        let is_wanted = matches!(keeping.picture, PictureState::None)
            && (keeping.storage.wants_snapshot() || keeping.storage.wants_backup());
        if is_wanted {
            keeping.picture = PictureState::Wanted;
            if !self.folding {
                self.fold(ctx);
            }
        }
    }

    /// Whether the next fold is to be a snapshot or a backup, and should not be long in coming.
    pub(super) fn wants_picture(&self) -> bool {
        matches!(self.keeping.picture, PictureState::Wanted)
    }

    /// A fold begins: if a snapshot is wanted, this is its moment.
    pub(super) fn begin_picture(&mut self) {
        if matches!(self.keeping.picture, PictureState::Wanted) {
            self.commit();
            let last = self.engine.store().log_position();
            self.keeping.picture = PictureState::Folding(last, self.engine.beside_entries());
        }
    }

    /// The fold has ended.
    pub(super) fn end_picture(&mut self, tree: &Tree) {
        if let PictureState::Folding(last, beside) =
            std::mem::replace(&mut self.keeping.picture, PictureState::None)
        {
            self.facts.storage.snapshot_running.set(1);
            self.keeping.storage.take(Picture { tree: tree.clone(), beside, last });
        }
    }

    /// Looks now and then at what no message tells of.
    pub(super) fn look_later(&self, ctx: &mut Context<StoreActor>) {
        if self.keeping.storage.promise() != Promise::Nothing {
            ctx.run_interval(LOOK_INTERVAL, |actor, ctx| {
                actor.engine.keep_published();
                actor.end_step(ctx);
                actor.look_for_picture(ctx);
            });
        }
    }
}

/// Keep what has changed since the last one.
struct Commit;

impl Message for Commit {
    type Result = ();
}

impl Handler<Commit> for StoreActor {
    type Result = ();

    fn handle(&mut self, _: Commit, ctx: &mut Context<StoreActor>) {
        self.keeping.committing = false;
        self.commit();
        self.look_for_picture(ctx);
    }
}

impl Message for Said {
    type Result = ();
}

impl Handler<Said> for StoreActor {
    type Result = ();

    fn handle(&mut self, said: Said, ctx: &mut Context<StoreActor>) {
        self.keeping.storage.ended(&said);
        let counters = &self.facts.storage;
        match said {
            Said::Reached { written, synced } => self.keeping.reach(written, synced),
            Said::Full => {
                self.keeping.is_full = true;
                counters.is_full.set(1);
                self.keeping.heard.reach(Sequence(u64::MAX));
                self.engine.refuse_writes(true);
            }
            Said::HasRoom => {
                self.keeping.is_full = false;
                counters.is_full.set(0);
                self.engine.refuse_writes(false);
            }
            Said::Failed(cause) => {
                error!(cause = cause.as_str(); "nothing can be kept any more");
                self.words.say(cause);
                ctx.stop();
            }
            Said::SnapshotWritten { .. } => {
                counters.snapshots_written.add(1);
                counters.snapshot_running.set(0);
            }
            Said::SnapshotFailed => {
                counters.snapshots_failed.add(1);
                counters.snapshot_running.set(0);
            }
            Said::BackupEnded { is_written } => {
                if is_written {
                    counters.backups_written.add(1);
                } else {
                    counters.backups_failed.add(1);
                }
                counters.snapshot_running.set(0);
            }
        }
    }
}

/// Answer when all that has changed so far is on disk: before it is told to another node. Whether it
/// is; if not, the disk is full.
pub(crate) struct Secure;

impl Message for Secure {
    type Result = bool;
}

impl Handler<Secure> for StoreActor {
    type Result = Promised<bool>;

    fn handle(&mut self, _: Secure, _: &mut Context<StoreActor>) -> Promised<bool> {
        self.commit();
        let at = self.engine.store().log_position();
        let keeping = &mut self.keeping;
        if at <= keeping.synced || keeping.storage.promise() == Promise::Nothing {
            return Promised::now(true);
        }
        if keeping.is_full {
            return Promised::now(false);
        }
        keeping.storage.sync();
        Promised::at(true, &keeping.secured, at)
    }
}

/// Keep the members, and when each was last heard of.
pub(crate) struct KeepMembers(pub(crate) Vec<(NodeId, UnixMillis)>);

impl Message for KeepMembers {
    type Result = ();
}

impl Handler<KeepMembers> for StoreActor {
    type Result = ();

    fn handle(&mut self, KeepMembers(members): KeepMembers, ctx: &mut Context<StoreActor>) {
        self.engine.keep_members(members);
        self.end_step(ctx);
    }
}

/// The node stops: have everything on disk.
pub(crate) struct Close;

impl Message for Close {
    type Result = ();
}

impl Handler<Close> for StoreActor {
    type Result = ();

    fn handle(&mut self, _: Close, _: &mut Context<StoreActor>) {
        self.engine.keep_published();
        self.commit();
        self.engine.store_mut().note_last_clock();
        let last = self.engine.store_mut().take_log();
        self.keeping.storage.stop(last);
    }
}
