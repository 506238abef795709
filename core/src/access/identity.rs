//! Who a connection is, and whether it may run a command. Decided when the command runs, by the
//! table of that moment: whoever is taken out of it has lost its permissions by the next command.

use super::user::{User, Users};
use crate::protocol::{Access, ClientAction, ClientError, Command, CommandId};
use std::sync::Arc;

/// The table of users of this moment.
#[derive(Clone, Debug)]
pub struct CurrentUsers {
    table: Arc<Users>,
    /// Greater than that of every table before. Never 0.
    generation: u64,
}

impl CurrentUsers {
    /// A table that takes the place of another, or of none.
    pub fn after(generation: u64, table: Arc<Users>) -> CurrentUsers {
        CurrentUsers { table, generation: generation.saturating_add(1) }
    }

    /// The table.
    pub fn table(&self) -> &Arc<Users> {
        &self.table
    }
}

/// Who a connection is. A new one is nobody, or `default` where that user has no password.
#[derive(Debug, Default)]
pub struct Identity {
    user: Option<Arc<User>>,
    /// The table that `user` is from, by its number; 0 is none, so that it is looked up anew.
    generation: u64,
}

/// Which keys are shown to somebody.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sight(Option<Arc<User>>);

impl Sight {
    /// Whether a key is shown.
    pub fn sees(&self, key: &[u8]) -> bool {
        self.0.as_ref().is_none_or(|user| user.keys.allow(key))
    }

    /// Whether all are.
    pub fn is_whole(&self) -> bool {
        self.0.is_none()
    }
}

impl Identity {
    /// Somebody whose password was right.
    pub fn of(user: Arc<User>) -> Identity {
        Identity { user: Some(user), generation: 0 }
    }

    /// Whether it may run a command now.
    pub fn check(
        &mut self,
        users: &CurrentUsers,
        id: CommandId,
        command: &Command,
    ) -> Result<(), ClientError> {
        if self.generation != users.generation {
            self.look_up(users);
        }
        let (needs, spec) = (needed(id, command), id.spec());
        let Some(user) = &self.user else {
            return match needs {
                Access::Any => Ok(()),
                Access::Read | Access::Write | Access::Admin => {
                    Err(ClientError::NotLoggedIn { command: spec })
                }
            };
        };
        if !user.permissions.allow(needs) {
            let user = user.name.clone();
            return Err(ClientError::MissingPermission { command: spec, user, needs });
        }
        if user.keys.are_all() { Ok(()) } else { check_keys(user, id, command) }
    }

    /// The keys that are shown to it, by the table of the last check.
    pub fn sight(&self) -> Sight {
        Sight(self.user.as_ref().filter(|user| !user.keys.are_all()).cloned())
    }

    /// Another password ends what was allowed by the one before.
    fn look_up(&mut self, users: &CurrentUsers) {
        let before = self.user.take();
        let now = before.as_ref().and_then(|user| users.table.find(user.name.as_str()));
        let is_same =
            |now: &&Arc<User>| before.as_ref().is_some_and(|it| it.password == now.password);
        self.user = now.filter(is_same).or_else(|| users.table.before_login()).cloned();
        self.generation = users.generation;
    }
}

/// What a command needs. What a client asks about itself needs nothing, or client libraries could
/// not even begin.
fn needed(id: CommandId, command: &Command) -> Access {
    let Command::Client(action) = command else { return id.spec().access };
    match action {
        ClientAction::List => Access::Admin,
        ClientAction::Info
        | ClientAction::Id
        | ClientAction::SetName(_)
        | ClientAction::GetName
        | ClientAction::Ignored => Access::Any,
    }
}

/// Whether a user who may use some keys only may use those of a command.
fn check_keys(user: &User, id: CommandId, command: &Command) -> Result<(), ClientError> {
    let tells_of_all = match command {
        Command::Hash { prefix: None } => !user.permissions.admin,
        other => matches!(other, Command::Flush | Command::RandomKey),
    };
    if tells_of_all {
        return Err(ClientError::NeedsAllKeys { command: id.spec(), user: user.name.clone() });
    }
    let forbidden = match command {
        Command::Hash { prefix } => prefix.as_ref().filter(|prefix| !user.keys.cover(prefix)),
        other => other.keys().find(|key| !user.keys.allow(key)),
    };
    match forbidden {
        Some(key) => Err(ClientError::ForbiddenKey { user: user.name.clone(), key: key.clone() }),
        None => Ok(()),
    }
}
