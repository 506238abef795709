//! What sessions with peers do to the engine.

use super::Engine;
use crate::change::Change;
use crate::clock::{MAX_DRIFT_MILLIS, UnixMillis};
use crate::entry::Entry;
use crate::registers::Registers;
use crate::session::{Effect, Hello, Outcome};
use crate::version::Version;

/// What became of what a session asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Carried {
    /// How many entries won over what was here.
    pub won: usize,
    /// How many values were written once more, as writes of this node.
    pub written_again: usize,
    /// What this node gives up, for its operator to look at.
    pub given_up: Vec<Entry>,
}

impl Engine {
    /// Prepares for the session that a peer opens with this hello. The snapshot for it is taken
    /// afterwards, so that nothing which this node writes later is older than the peer's clock. The
    /// peer may be a stranger yet: a clock is followed only so far, and nothing else is believed.
    pub fn meet(&mut self, hello: &Hello, now: UnixMillis) {
        self.store.follow(hello.clock, now);
    }

    /// Does what a session asks for.
    pub fn carry_out(&mut self, effect: Effect, now: UnixMillis) -> Carried {
        let mut carried = Carried::default();
        match effect {
            Effect::Hello(hello) => self.store.follow(hello.clock, now),
            Effect::Flush(flush) => self.raise_flush(flush),
            Effect::Apply { entries, watermark } => {
                let is_outdated = self.store.registers().watermark > watermark;
                for entry in entries {
                    let applied = if is_outdated {
                        self.store.apply(Change::Entry(entry), now)
                    } else {
                        self.store.merge(entry, now)
                    };
                    self.count_applied(applied);
                    carried.won += usize::from(applied.has_won());
                }
            }
            Effect::GiveUp(entries) => {
                let store = &mut self.store;
                // What is over, here or by a clock that is a little ahead, the others have not
                // deleted: it is gone by itself.
                let soon = UnixMillis(now.0.saturating_add(MAX_DRIFT_MILLIS));
                let given_up = entries.into_iter().filter(|entry| store.forget(entry));
                carried.given_up = given_up.filter(|entry| !entry.is_expired(soon)).collect();
            }
            Effect::WriteAgain(entries) => {
                let mut again = |entry: &Entry| self.write_again(entry, now);
                carried.written_again = entries.iter().filter(|entry| again(entry)).count();
            }
        }
        carried
    }

    /// Takes over what both sides of a session hold for dead, if they have ended with equal roots.
    pub fn conclude(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::Equal { registers, .. } => self.store.raise(registers),
            Outcome::Different => {}
        }
    }

    /// Gives a key once more the value that it has, if that is this entry: with a version of this
    /// moment, as a client would.
    fn write_again(&mut self, entry: &Entry, now: UnixMillis) -> bool {
        let is_held = self.store.held(entry.key()) == Some(entry);
        match entry.value() {
            // It need not outlive itself.
            Some(_) if entry.is_expired(now) => false,
            // Fails where no version is left above the old one, which then stays.
            Some(value) if is_held => {
                self.put(entry.key(), value, &[], entry.expires_at(), now).is_ok()
            }
            Some(_) | None => false,
        }
    }

    fn raise_flush(&mut self, flush: Version) {
        let registers = self.store.registers();
        self.store.raise(Registers { flush, ..registers });
    }
}
