//! The engine: the store with everything that one thread owns beside it, and what each command
//! does to it.

use crate::access::{CurrentUsers, Sight, Users};
use crate::change::Change;
use crate::clock::UnixMillis;
use crate::entry::Entry;
use crate::execute::durable::Kept;
use crate::execute::lookup::Lookup;
use crate::execute::memory_limit::Room;
use crate::execute::redis::time;
use crate::execute::search::KeySearch;
use crate::execute::{Login, Question};
use crate::merkle::TreeSeed;
use crate::protocol::resp::table_answer;
use crate::protocol::{
    COMMANDS, ClientAction, ClientError, Command, CommandId, Credentials, Hello, Limits, Nested,
    Reply, Report, Step, StoreFacts,
};
use crate::replication::Outbox;
use crate::store::{Applied, HashSeed, ListingQuery, Reaping, Snapshot, Store};
use crate::version::NodeId;
use bytes::Bytes;
use std::iter;
use std::sync::Arc;

/// What an engine is made with.
#[derive(Clone, Debug)]
pub struct EngineSettings {
    /// The node in the versions of its writes.
    pub node: NodeId,
    /// Random and secret.
    pub seed: HashSeed,
    /// The shape of the Merkle tree, which all nodes of a cluster share.
    pub tree: TreeSeed,
    /// What clients may write.
    pub limits: Limits,
    /// How many keys may wait to be published; nothing if none ever does.
    pub max_unpublished: Option<usize>,
    /// The size of the data at which clients may no longer add to it; nothing is no limit.
    pub memory_limit_bytes: Option<u64>,
}

/// A node's data, its outbox and its command counters. One per node, owned by one thread.
#[derive(Debug)]
pub struct Engine {
    pub(super) store: Store,
    pub(super) memory_limit_bytes: Option<u64>,
    pub(super) limits: Limits,
    pub(super) outbox: Option<Outbox>,
    pub(super) kept: Kept,
    /// Nothing if everybody may do everything.
    pub(super) users: Option<CurrentUsers>,
    users_generation: u64,
    runs: [u64; COMMANDS.len()],
    refused: u64,
    /// Nothing more can be kept for now.
    refuses_writes: bool,
    refused_full: u64,
    not_permitted: u64,
    pub(super) applied_over_limit: u64,
}

/// What running a command led to.
pub(super) enum Outcome {
    Reply(Reply),
    /// Something to be found in a snapshot.
    Looking(Lookup),
    /// Numbers that are right once the sweep after a flush is done.
    Counting(Count),
    /// A write that changed nothing, as there is no room for it yet: a sweep is under way.
    Sweeping(Command),
    /// Only the node as a whole knows.
    Ask(Question),
}

/// What is counted for a reply.
#[derive(Clone, Copy, Debug)]
pub(super) enum Count {
    Keys,
    Memory,
    /// The store's part of INFO.
    Info,
    /// The store's part of STATS.
    Stats,
}

impl Outcome {
    /// The same for somebody to whom not all keys are shown.
    pub(super) fn seen_by(self, sight: Sight) -> Outcome {
        if sight.is_whole() {
            return self;
        }
        match self {
            // How many there are is told first, so all have to be found before.
            Outcome::Looking(Lookup::List(query)) => {
                Outcome::Ask(Question::Keys(KeySearch::listed(query).by(sight)))
            }
            Outcome::Looking(Lookup::Scan(query, _)) => {
                Outcome::Looking(Lookup::Scan(query, sight))
            }
            Outcome::Ask(Question::Keys(search)) => Outcome::Ask(Question::Keys(search.by(sight))),
            Outcome::Reply(_)
            | Outcome::Looking(Lookup::Random)
            | Outcome::Counting(_)
            | Outcome::Sweeping(_)
            | Outcome::Ask(_) => self,
        }
    }
}

impl From<Reply> for Outcome {
    fn from(reply: Reply) -> Outcome {
        Outcome::Reply(reply)
    }
}

impl Engine {
    /// An engine without data.
    pub fn new(settings: EngineSettings) -> Engine {
        let EngineSettings { node, seed, tree, limits, max_unpublished, memory_limit_bytes } =
            settings;
        let mut store = Store::new(node, seed, tree);
        if let Some(max_keys) = max_unpublished {
            store.start_publishing(max_keys);
        }
        Engine {
            store,
            memory_limit_bytes,
            limits,
            outbox: max_unpublished.map(|_| Outbox::default()),
            kept: Kept::default(),
            users: None,
            users_generation: 0,
            runs: [0; COMMANDS.len()],
            refused: 0,
            refuses_writes: false,
            refused_full: 0,
            not_permitted: 0,
            applied_over_limit: 0,
        }
    }

    /// The data.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// The data, for what comes from elsewhere than from clients. It is not published.
    pub fn store_mut(&mut self) -> &mut Store {
        &mut self.store
    }

    /// Takes in a change from another node, whatever the limit of memory. It is not published
    /// again.
    pub fn apply(&mut self, change: Change, now: UnixMillis) -> Applied {
        let is_entry = matches!(change, Change::Entry(_));
        let applied = self.store.apply(change, now);
        if is_entry {
            self.count_applied(applied);
        }
        applied
    }

    /// Gives back a piece of the room that a flush freed; true while more is left.
    pub fn sweep_step(&mut self) -> bool {
        self.store.sweep_step()
    }

    /// Whether [`Engine::sweep_step`] has work left.
    pub fn is_sweeping(&self) -> bool {
        self.store.is_sweeping()
    }

    /// Turns some of the values that are over into tombstones. They are not published: every node
    /// makes them by itself.
    pub fn expire_step(&mut self, now: UnixMillis) -> Reaping {
        self.store.expire_step(now)
    }

    /// The same for what is over in a snapshot, from a key on. Gives the key to go on from, if there
    /// is more.
    pub fn expire_in(
        &mut self,
        snapshot: &Snapshot,
        from: &[u8],
        now: UnixMillis,
    ) -> Option<Vec<u8>> {
        self.store.expire_in(snapshot, from, now)
    }

    /// Facts about the data and the commands so far.
    pub fn facts(&self) -> StoreFacts {
        StoreFacts {
            keys: self.store.keys() as u64,
            tombstones: self.store.tombstones() as u64,
            expiring: self.store.expiring() as u64,
            expired: self.store.expired(),
            memory_bytes: self.store.memory_bytes() as u64,
            changes_ahead: self.store.changes_ahead(),
            clock: self.store.clock(),
            commands: self.runs,
            refused: self.refused,
            refused_full: self.refused_full,
            not_permitted: self.not_permitted,
            applied_over_limit: self.applied_over_limit,
        }
    }

    /// Whether writes of clients are refused, because nothing more can be kept.
    pub fn refuse_writes(&mut self, refuse: bool) {
        self.refuses_writes = refuse;
    }

    /// Who may do what from now on; with nothing, everybody may do everything. Connections are held
    /// to it with their next command.
    pub fn set_users(&mut self, users: Option<Arc<Users>>) {
        self.users = users.map(|users| CurrentUsers::after(self.users_generation, users));
        self.users_generation += 1;
    }

    /// Who may do what now; nothing if everybody may do everything.
    pub fn users(&self) -> Option<&Arc<Users>> {
        self.users.as_ref().map(CurrentUsers::table)
    }

    pub(super) fn count_not_permitted(&mut self) {
        self.not_permitted += 1;
    }

    pub(super) fn count_refused(&mut self) {
        self.refused += 1;
    }

    pub(super) fn start(&mut self, id: CommandId, command: Command, now: UnixMillis) -> Outcome {
        self.runs[id.index()] += 1;
        if self.refuses_writes && command.writes() {
            self.refused_full += 1;
            return Reply::Error(ClientError::DiskFull).into();
        }
        self.run(command, now)
    }

    /// Runs a command that has been counted.
    pub(super) fn run(&mut self, command: Command, now: UnixMillis) -> Outcome {
        let again = self.is_sweeping().then(|| command.clone());
        match (self.execute(command, now), again) {
            (Ok(outcome), _) => outcome,
            (Err(ClientError::StorageFull { .. }), Some(command)) => Outcome::Sweeping(command),
            (Err(error), _) => {
                self.refused_full += u64::from(matches!(error, ClientError::StorageFull { .. }));
                Reply::Error(error).into()
            }
        }
    }

    fn execute(&mut self, command: Command, now: UnixMillis) -> Result<Outcome, ClientError> {
        let reply = match command {
            Command::Get { key } => self.value_or(&key, now, Reply::NoValue),
            Command::Set { key, value } => {
                self.write(&key, &value, &[], None, now)?;
                Reply::Ok
            }
            Command::Delete { key } => {
                if self.delete(&key, now)? {
                    Reply::Deleted
                } else {
                    Reply::NotFound
                }
            }
            Command::SetIf { key, value, options } => self.set_if(&key, &value, options, now)?,
            Command::GetAndDelete { key } => {
                let old = self.value_or(&key, now, Reply::NoValue);
                self.delete(&key, now)?;
                old
            }
            Command::DeleteMany { keys } => {
                self.store.can_write(keys.iter().map(|key| &key[..]))?;
                let mut deleted = 0;
                for key in &keys {
                    deleted += u64::from(self.delete(key, now)?);
                }
                Reply::Number("DELETED", deleted)
            }
            Command::Add { key, step } => self.add(key, step, now)?,
            Command::Append { key, value } => {
                let old = self.store.get(&key, now).cloned();
                let head = old.as_ref().and_then(|entry| entry.value()).unwrap_or_default();
                let expires_at = old.as_ref().and_then(Entry::expires_at);
                self.join(&key, head, &value, expires_at, now)?
            }
            Command::Prepend { key, value } => {
                let old = self.store.get(&key, now).cloned();
                let tail = old.as_ref().and_then(|entry| entry.value()).unwrap_or_default();
                let expires_at = old.as_ref().and_then(Entry::expires_at);
                self.join(&key, &value, tail, expires_at, now)?
            }
            Command::Expire { key, at, when } => self.expire(&key, at, when, now)?,
            Command::Persist { key } => self.persist(&key, now)?,
            Command::TimeToLive { key, unit } => self.time_to_live(&key, unit, now),
            Command::GetMany { keys } => {
                let found = |key: Bytes| {
                    let entry = self.store.get(&key, now).cloned();
                    (key, entry)
                };
                Reply::Values(keys.into_iter().map(found).collect())
            }
            Command::SetMany { pairs } => {
                self.set_many(&pairs, now)?;
                Reply::Ok
            }
            Command::SetManyIfNone { pairs } => {
                let is_free = pairs.iter().all(|(key, _)| self.store.get(key, now).is_none());
                if is_free {
                    self.set_many(&pairs, now)?;
                }
                Reply::Number("SET", u64::from(is_free))
            }
            Command::Exists { keys } => {
                let found = keys.iter().filter(|key| self.store.get(key, now).is_some()).count();
                Reply::Number("EXISTS", found as u64)
            }
            Command::Length { key } => {
                let value = self.store.get(&key, now).and_then(Entry::value);
                Reply::Number("LENGTH", value.map_or(0, <[u8]>::len) as u64)
            }
            Command::Type { key } => {
                let is_there = self.store.get(&key, now).is_some();
                Reply::Nested(Nested::Word(if is_there { "string" } else { "none" }))
            }
            Command::Scan { prefix, after, limit } => {
                let query = ListingQuery { prefix, after, limit, now };
                return Ok(Outcome::Looking(Lookup::List(query)));
            }
            Command::ScanFrom(query) => {
                return Ok(Outcome::Looking(Lookup::Scan(query, Sight::default())));
            }
            Command::RandomKey => return Ok(Outcome::Looking(Lookup::Random)),
            Command::KeysLike { pattern } => {
                return Ok(Outcome::Ask(Question::Keys(KeySearch::like(pattern))));
            }
            Command::KeyCount => return Ok(Outcome::Counting(Count::Keys)),
            Command::Memory => return Ok(Outcome::Counting(Count::Memory)),
            Command::Flush => {
                let flush = self.store.flush(now)?;
                self.publish_flush(flush);
                Reply::Ok
            }
            Command::Ping { message } => Reply::Message("PONG", message),
            Command::Echo { message } => Reply::Message("ECHO", Some(message)),
            Command::Version => Reply::Version,
            Command::Help => Reply::Report(Report::Help),
            Command::Auth(credentials) => return self.log_in(credentials, None),
            Command::Info => return Ok(Outcome::Counting(Count::Info)),
            Command::Stats => return Ok(Outcome::Counting(Count::Stats)),
            Command::Client(ClientAction::Ignored) | Command::Select => Reply::Ok,
            Command::Client(action) => return Ok(Outcome::Ask(Question::Client(action))),
            Command::Hello(hello, None) => return Ok(Outcome::Ask(Question::Hello(hello))),
            Command::Hello(hello, Some(credentials)) => {
                return self.log_in(credentials, Some(hello));
            }
            Command::Reset => return Ok(Outcome::Ask(Question::Reset)),
            Command::Table(query) => Reply::Nested(table_answer(&query)),
            Command::Settings { patterns } => Reply::Nested(self.settings(&patterns)),
            Command::Time => Reply::Nested(time(now)),
            Command::Replicate(action) => return Ok(Outcome::Ask(Question::Replicate(action))),
            Command::Hash { prefix } => return Ok(Outcome::Ask(Question::Hash(prefix))),
            Command::Sync { peer } => return Ok(Outcome::Ask(Question::Sync(peer))),
            Command::Peers => return Ok(Outcome::Ask(Question::Peers)),
            Command::Quit => return Ok(Outcome::Ask(Question::Quit)),
            Command::Shutdown => return Ok(Outcome::Ask(Question::Shutdown)),
        };
        Ok(Outcome::Reply(reply))
    }

    /// Passwords are verified where it holds up nobody.
    fn log_in(&self, who: Credentials, then: Option<Hello>) -> Result<Outcome, ClientError> {
        match &self.users {
            Some(users) => {
                let login = Login { then, ..Login::new(who, users.table().clone()) };
                Ok(Outcome::Ask(Question::LogIn(Box::new(login))))
            }
            None => Err(ClientError::NoUsers),
        }
    }

    fn value_or(&self, key: &[u8], now: UnixMillis, missing: Reply) -> Reply {
        self.store.get(key, now).map_or(missing, |entry| Reply::Value(entry.clone()))
    }

    fn add(&mut self, key: Bytes, step: Step, now: UnixMillis) -> Result<Reply, ClientError> {
        let old = self.store.get(&key, now);
        let expires_at = old.and_then(Entry::expires_at);
        let old = match old.and_then(Entry::value) {
            None => 0,
            Some(value) => std::str::from_utf8(value)
                .ok()
                .and_then(|text| text.parse().ok())
                .ok_or_else(|| ClientError::ValueNotANumber { key: key.clone() })?,
        };
        let new = step.from(old).ok_or_else(|| ClientError::Overflow { key: key.clone() })?;
        let mut digits = itoa::Buffer::new();
        let new = digits.format(new).as_bytes();
        self.write(&key, new, &[], expires_at, now).map(Reply::Counted)
    }

    fn join(
        &mut self,
        key: &[u8],
        head: &[u8],
        tail: &[u8],
        expires_at: Option<UnixMillis>,
        now: UnixMillis,
    ) -> Result<Reply, ClientError> {
        let (limit, found) = (self.limits.max_value_bytes, head.len() + tail.len());
        if found > limit {
            return Err(ClientError::ValueTooLong { limit, found });
        }
        self.write(key, head, tail, expires_at, now).map(Reply::Grown)
    }

    fn set_many(&mut self, pairs: &[(Bytes, Bytes)], now: UnixMillis) -> Result<(), ClientError> {
        self.store.can_write(pairs.iter().map(|(key, _)| &key[..]))?;
        self.check_room(pairs.iter().map(|(key, value)| (&key[..], Room::of(value.len(), None))))?;
        for (key, value) in pairs {
            self.put(key, value, &[], None, now)?;
        }
        Ok(())
    }

    /// Puts what a client writes, until a time if there is one, and if there is room.
    pub(super) fn write(
        &mut self,
        key: &[u8],
        head: &[u8],
        tail: &[u8],
        expires_at: Option<UnixMillis>,
        now: UnixMillis,
    ) -> Result<Entry, ClientError> {
        let room = Room::of(head.len() + tail.len(), expires_at);
        self.check_room(iter::once((key, room)))?;
        self.put(key, head, tail, expires_at, now)
    }

    pub(super) fn put(
        &mut self,
        key: &[u8],
        head: &[u8],
        tail: &[u8],
        expires_at: Option<UnixMillis>,
        now: UnixMillis,
    ) -> Result<Entry, ClientError> {
        Ok(self.store.put(key, head, tail, expires_at, now)?)
    }

    /// Whether there was something to delete.
    pub(super) fn delete(&mut self, key: &[u8], now: UnixMillis) -> Result<bool, ClientError> {
        Ok(self.store.delete(key, now)?.is_some())
    }
}
