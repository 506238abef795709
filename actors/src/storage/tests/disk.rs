//! A disk in memory that fills up, fails, and loses power. Knows what a file system promises: the
//! bytes of a file are there after it was synced, and its name after the folder was. Everything
//! else a power cut may keep, lose, or keep in part.

use super::file::File;
use super::random::Random;
use crate::storage::disk::{Disk, DiskFile};
use std::collections::BTreeMap;
use std::io::{self, Read};
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::Duration;

/// How long a sync is held: a test that fails does not release it.
const HOLD_LIMIT: Duration = Duration::from_secs(10);

/// What can be done with a disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Operation {
    Names,
    Read,
    Create,
    Append,
    Rename,
    Remove,
    SyncNames,
    Write,
    Sync,
    Truncate,
}

/// How an operation fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// The device does not answer.
    Device,
    /// There is no room.
    Full,
    /// The power goes, or the process ends: nothing works afterwards.
    End,
}

/// A disk. A clone is the same disk.
#[derive(Clone)]
pub(super) struct SimulatedDisk(Arc<Shared>);

/// A file that is open.
pub(super) struct SimulatedFile {
    disk: Arc<Shared>,
    file: usize,
}

struct Shared {
    state: Mutex<State>,
    released: Condvar,
}

#[derive(Clone)]
struct State {
    files: Vec<File>,
    names: BTreeMap<String, usize>,
    synced_names: BTreeMap<String, usize>,
    unsynced_names: Vec<NameChange>,
    /// Bytes that still fit.
    room: Option<usize>,
    done: BTreeMap<Operation, u64>,
    faults: Vec<(Option<Operation>, u64, Fault)>,
    random: Random,
    has_ended: bool,
    /// Syncs of files wait.
    holds_syncs: bool,
}

#[derive(Clone)]
enum NameChange {
    Made(String, usize),
    Renamed(String, String, usize),
    Removed(String, usize),
}

impl SimulatedDisk {
    pub(super) fn new(seed: u64) -> SimulatedDisk {
        SimulatedDisk::of(State {
            files: Vec::new(),
            names: BTreeMap::new(),
            synced_names: BTreeMap::new(),
            unsynced_names: Vec::new(),
            room: None,
            done: BTreeMap::new(),
            faults: Vec::new(),
            random: Random::of(seed),
            has_ended: false,
            holds_syncs: false,
        })
    }

    fn of(state: State) -> SimulatedDisk {
        SimulatedDisk(Arc::new(Shared { state: Mutex::new(state), released: Condvar::new() }))
    }

    /// The disk after a power cut at this moment. This one goes on.
    pub(super) fn crash(&self, seed: u64) -> SimulatedDisk {
        let before = self.0.lock().clone();
        let mut random = Random::of(seed);
        let names = before.names_after_a_cut(&mut random);
        let files = before.files.iter().map(|file| file.after_a_cut(&mut random)).collect();
        let state = State { synced_names: names.clone(), names, files, ..before.restarted() };
        SimulatedDisk::of(State { unsynced_names: Vec::new(), ..state })
    }

    /// The disk after the process has ended at this moment.
    pub(super) fn kill(&self) -> SimulatedDisk {
        SimulatedDisk::of(self.0.lock().clone().restarted())
    }

    /// The next operation of this kind but so many fails; of any kind, if none is given.
    pub(super) fn fail(&self, operation: Option<Operation>, after: u64, fault: Fault) {
        self.0.lock().faults.push((operation, after, fault));
    }

    /// Nothing fails any more.
    pub(super) fn mend(&self) {
        self.0.lock().faults.clear();
    }

    /// So many bytes fit from now on; nothing stands for any number.
    pub(super) fn leave_room(&self, bytes: Option<usize>) {
        self.0.lock().room = bytes;
    }

    /// Has syncs of files wait until they are released.
    pub(super) fn hold_syncs(&self, hold: bool) {
        self.0.lock().holds_syncs = hold;
        self.0.released.notify_all();
    }

    /// How often something was done, or failed.
    pub(super) fn done(&self, operation: Operation) -> u64 {
        self.0.lock().done.get(&operation).copied().unwrap_or_default()
    }

    /// Whether the power went, or the process ended.
    pub(super) fn has_ended(&self) -> bool {
        self.0.lock().has_ended
    }

    /// Changes a byte, as a disk does that goes bad.
    pub(super) fn damage(&self, name: &str, at: usize) {
        let mut state = self.0.lock();
        let file = state.names[name];
        let file = &mut state.files[file];
        file.bytes[at] ^= 0x55;
        file.sync(file.bytes.clone());
    }

    /// The bytes of all files.
    pub(super) fn bytes(&self) -> usize {
        let state = self.0.lock();
        state.names.values().map(|file| state.files[*file].bytes.len()).sum()
    }

    /// The bytes of a file.
    pub(super) fn bytes_of(&self, name: &str) -> Vec<u8> {
        let state = self.0.lock();
        state.files[state.names[name]].bytes.clone()
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

impl State {
    fn restarted(self) -> State {
        let faults = Vec::new();
        State { room: None, has_ended: false, holds_syncs: false, faults, ..self }
    }

    /// Counts an operation, and says whether it fails.
    fn begin(&mut self, operation: Operation) -> io::Result<()> {
        *self.done.entry(operation).or_default() += 1;
        if self.has_ended {
            return Err(Fault::End.error());
        }
        let mut failed = None;
        self.faults.retain_mut(|(of, after, fault)| {
            if of.is_some_and(|of| of != operation) {
                return true;
            }
            let is_due = *after == 0;
            *after = after.saturating_sub(1);
            failed = failed.or(is_due.then_some(*fault));
            !is_due
        });
        let Some(fault) = failed else { return Ok(()) };
        self.has_ended |= fault == Fault::End;
        Err(fault.error())
    }

    fn find(&self, name: &str) -> io::Result<usize> {
        self.names.get(name).copied().ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn take_room(&mut self, wanted: usize) -> usize {
        match &mut self.room {
            None => wanted,
            Some(room) => {
                let taken = wanted.min(*room);
                *room -= taken;
                taken
            }
        }
    }

    fn give_room(&mut self, bytes: usize) {
        if let Some(room) = &mut self.room {
            *room += bytes;
        }
    }

    fn names_after_a_cut(&self, random: &mut Random) -> BTreeMap<String, usize> {
        let mut names = self.synced_names.clone();
        let in_order = random.below(self.unsynced_names.len() + 1);
        let (all, is_in_order) = (random.one_in(4), random.one_in(3));
        for (at, change) in self.unsynced_names.iter().enumerate() {
            if all || if is_in_order { at < in_order } else { random.one_in(2) } {
                change.make(&mut names);
            }
        }
        names
    }
}

impl NameChange {
    fn make(&self, names: &mut BTreeMap<String, usize>) {
        match self {
            NameChange::Made(name, file) => {
                names.insert(name.clone(), *file);
            }
            NameChange::Renamed(from, to, file) => {
                if names.get(from) == Some(file) {
                    names.remove(from);
                }
                names.insert(to.clone(), *file);
            }
            NameChange::Removed(name, file) => {
                if names.get(name) == Some(file) {
                    names.remove(name);
                }
            }
        }
    }
}

impl Fault {
    fn error(self) -> io::Error {
        match self {
            Fault::Device => io::Error::other("input/output error"),
            Fault::Full => io::ErrorKind::StorageFull.into(),
            Fault::End => io::Error::other("it has ended"),
        }
    }
}

impl Disk for SimulatedDisk {
    type File = SimulatedFile;

    fn names(&self) -> io::Result<Vec<String>> {
        let mut state = self.0.lock();
        state.begin(Operation::Names)?;
        Ok(state.names.keys().cloned().collect())
    }

    fn read(&self, name: &str) -> io::Result<Box<dyn Read + Send>> {
        let mut state = self.0.lock();
        state.begin(Operation::Read)?;
        let file = state.find(name)?;
        Ok(Box::new(io::Cursor::new(state.files[file].bytes.clone())))
    }

    fn create(&self, name: &str) -> io::Result<SimulatedFile> {
        let mut state = self.0.lock();
        state.begin(Operation::Create)?;
        if state.names.contains_key(name) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        let file = state.files.len();
        state.files.push(File::default());
        state.names.insert(name.to_owned(), file);
        state.unsynced_names.push(NameChange::Made(name.to_owned(), file));
        Ok(SimulatedFile { disk: self.0.clone(), file })
    }

    fn append(&self, name: &str) -> io::Result<(SimulatedFile, u64)> {
        let mut state = self.0.lock();
        state.begin(Operation::Append)?;
        let file = state.find(name)?;
        let bytes = state.files[file].bytes.len() as u64;
        Ok((SimulatedFile { disk: self.0.clone(), file }, bytes))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let mut state = self.0.lock();
        state.begin(Operation::Rename)?;
        let change = NameChange::Renamed(from.to_owned(), to.to_owned(), state.find(from)?);
        change.make(&mut state.names);
        state.unsynced_names.push(change);
        Ok(())
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        let mut state = self.0.lock();
        state.begin(Operation::Remove)?;
        let file = state.find(name)?;
        let bytes = state.files[file].bytes.len();
        state.give_room(bytes);
        let change = NameChange::Removed(name.to_owned(), file);
        change.make(&mut state.names);
        state.unsynced_names.push(change);
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        let mut state = self.0.lock();
        state.begin(Operation::SyncNames)?;
        let State { synced_names, unsynced_names, .. } = &mut *state;
        unsynced_names.drain(..).for_each(|change| change.make(synced_names));
        Ok(())
    }

    fn path(&self) -> &Path {
        Path::new("/simulated")
    }
}

impl DiskFile for SimulatedFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut state = self.disk.lock();
        let had_ended = state.has_ended;
        let begun = state.begin(Operation::Write);
        let wanted = match begun {
            Ok(()) => bytes.len(),
            Err(_) if had_ended => 0,
            // Nobody knows how much was done.
            Err(_) if state.random.one_in(2) => 0,
            Err(_) => state.random.below(bytes.len() + 1),
        };
        let taken = state.take_room(wanted);
        state.files[self.file].write(&bytes[..taken]);
        begun?;
        if taken < wanted { Err(Fault::Full.error()) } else { Ok(()) }
    }

    fn sync(&self) -> io::Result<()> {
        let mut state = self.disk.lock();
        // What is written from here on may come too late for it.
        let image = state.files[self.file].bytes.clone();
        let waited =
            self.disk.released.wait_timeout_while(state, HOLD_LIMIT, |state| state.holds_syncs);
        (state, _) = waited.unwrap_or_else(|poisoned| poisoned.into_inner());
        let begun = state.begin(Operation::Sync);
        let has_ended = state.has_ended;
        let file = &mut state.files[self.file];
        match begun {
            Ok(()) => file.sync(image),
            Err(_) if has_ended => {}
            Err(_) => file.give_up(),
        }
        begun
    }

    fn truncate(&mut self, bytes: u64) -> io::Result<()> {
        let mut state = self.disk.lock();
        state.begin(Operation::Truncate)?;
        let freed = state.files[self.file].truncate(bytes as usize);
        state.give_room(freed);
        Ok(())
    }

    fn again(&self) -> io::Result<SimulatedFile> {
        Ok(SimulatedFile { disk: self.disk.clone(), file: self.file })
    }
}
