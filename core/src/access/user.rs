//! Users, and the table of them. Who a connection is stands in `identity`.

use super::password::{MAX_PASSWORD_BYTES, PasswordHash, Salt};
use crate::pattern::Pattern;
use crate::protocol::{Access, ClientError, Credentials};
use bytes::Bytes;
use std::borrow::Borrow;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// The longest name of a user, in characters: it stands in error replies and in the log.
const MAX_NAME_CHARS: usize = 64;

/// The name of a user: one word that needs no quotes anywhere.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct UserName(String);

impl UserName {
    /// Who logs in with a password alone, and, if this user has no password, who everybody is before
    /// `AUTH`. As in Redis.
    pub const DEFAULT: &'static str = "default";

    /// The name, if it is one.
    pub fn parse(text: &str) -> Option<UserName> {
        let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._-@".contains(&byte);
        let valid = (1..=MAX_NAME_CHARS).contains(&text.len()) && text.bytes().all(is_allowed);
        valid.then(|| UserName(text.to_owned()))
    }

    /// What is accepted, as it follows the word "expected".
    pub fn expected() -> String {
        format!("1 to {MAX_NAME_CHARS} of the characters A-Z a-z 0-9 . _ - @")
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for UserName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Borrow<str> for UserName {
    fn borrow(&self) -> &str {
        &self.0
    }
}

/// What a user may do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Permissions {
    /// Read data, and facts about the node.
    pub read: bool,
    /// Change data, and hear what a command that changes data answers.
    pub write: bool,
    /// Change the node itself, and inspect its clients and settings.
    pub admin: bool,
}

impl Permissions {
    /// Everything.
    pub const ALL: Permissions = Permissions { read: true, write: true, admin: true };

    /// The permissions of these names; otherwise the first that is none.
    pub fn of<'a>(names: impl IntoIterator<Item = &'a str>) -> Result<Permissions, &'a str> {
        let mut permissions = Permissions::default();
        for name in names {
            match name {
                "read" => permissions.read = true,
                "write" => permissions.write = true,
                "admin" => permissions.admin = true,
                other => return Err(other),
            }
        }
        Ok(permissions)
    }

    /// The names of those that are there.
    pub fn names(self) -> Vec<&'static str> {
        let all = [(self.read, "read"), (self.write, "write"), (self.admin, "admin")];
        all.into_iter().filter(|(is_there, _)| *is_there).map(|(_, name)| name).collect()
    }

    /// Whether they are enough.
    pub fn allow(self, access: Access) -> bool {
        match access {
            Access::Any => true,
            Access::Read => self.read,
            Access::Write => self.write,
            Access::Admin => self.admin,
        }
    }
}

/// The keys that a user may use, as patterns like those of `KEYS`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyPatterns {
    patterns: Vec<Pattern>,
    /// One of them is a lone star, so none has to be looked at.
    are_all: bool,
}

impl KeyPatterns {
    /// Keys that match one of these.
    pub fn new(patterns: impl IntoIterator<Item = Bytes>) -> KeyPatterns {
        let patterns: Vec<Pattern> = patterns.into_iter().map(Pattern::new).collect();
        let are_all = patterns.iter().any(|pattern| pattern.text() == &b"*"[..]);
        KeyPatterns { patterns, are_all }
    }

    /// Every key.
    pub fn all() -> KeyPatterns {
        KeyPatterns::new([Bytes::from_static(b"*")])
    }

    /// Whether every key is among them.
    pub fn are_all(&self) -> bool {
        self.are_all
    }

    /// Whether this key is among them.
    pub fn allow(&self, key: &[u8]) -> bool {
        self.are_all || self.patterns.iter().any(|pattern| pattern.matches(key))
    }

    /// Whether every key that begins with `prefix` is among them for sure.
    pub fn cover(&self, prefix: &[u8]) -> bool {
        let covers = |pattern: &Pattern| {
            let fixed = pattern.prefix();
            pattern.text().strip_prefix(&fixed[..]) == Some(b"*") && prefix.starts_with(&fixed)
        };
        self.are_all || self.patterns.iter().any(covers)
    }

    /// The patterns as text.
    pub fn texts(&self) -> impl Iterator<Item = String> {
        self.patterns.iter().map(|pattern| String::from_utf8_lossy(pattern.text()).into_owned())
    }
}

/// One user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Unique in its table.
    pub name: UserName,
    /// What the user logs in with; only `default` may have none.
    pub password: Option<PasswordHash>,
    /// What it may do.
    pub permissions: Permissions,
    /// With which keys.
    pub keys: KeyPatterns,
}

/// All users of a node. Does not change; another table takes its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Users {
    by_name: BTreeMap<UserName, Arc<User>>,
    /// What is computed for a name that nobody has. Costs what the first user's hash costs, so that
    /// time does not tell which names there are; nothing if nobody has a password.
    nobody: Option<PasswordHash>,
}

impl Users {
    /// A table of these. Of two with one name the last one stays.
    pub fn new(users: impl IntoIterator<Item = User>) -> Users {
        let by_name: BTreeMap<UserName, Arc<User>> =
            users.into_iter().map(|user| (user.name.clone(), Arc::new(user))).collect();
        let first = by_name.values().find_map(|user| user.password.as_ref());
        let nobody = first.map(PasswordHash::of_nobody);
        Users { by_name, nobody }
    }

    /// The users in the order of their names.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<User>> {
        self.by_name.values()
    }

    /// The user of this name.
    pub fn find(&self, name: &str) -> Option<&Arc<User>> {
        self.by_name.get(name)
    }

    /// Who a connection is that has not logged in.
    pub fn before_login(&self) -> Option<&Arc<User>> {
        self.find(UserName::DEFAULT).filter(|user| user.password.is_none())
    }

    /// Whom somebody claims to be, if there is such a user: for the log, which shall not have what a
    /// person typed by mistake.
    pub fn claimed(&self, credentials: &Credentials) -> Option<&Arc<User>> {
        match credentials.user() {
            None => self.find(UserName::DEFAULT),
            Some(name) => std::str::from_utf8(name).ok().and_then(|name| self.find(name)),
        }
    }

    /// Whether somebody is a user. Takes tens of milliseconds, as long for an unknown user as for a
    /// wrong password.
    pub fn verify(&self, credentials: &Credentials) -> Result<Arc<User>, ClientError> {
        let claimed = self.claimed(credentials);
        let expected = match claimed.map(|user| &user.password) {
            // Anybody may be a user without a password; Redis says so only to who names it.
            Some(None) if credentials.user().is_none() => return Err(ClientError::NoPassword),
            Some(None) => return claimed.cloned().ok_or(ClientError::WrongPassword),
            Some(Some(password)) => Some(password),
            None => self.nobody.as_ref(),
        };
        let password = credentials.password();
        let is_short = password.len() <= MAX_PASSWORD_BYTES;
        let password = &password[..password.len().min(MAX_PASSWORD_BYTES)];
        let is_right = match expected {
            Some(expected) => expected.is_of(password),
            // Nobody has a password, so there are no names to be found out.
            None => false,
        };
        claimed.filter(|_| is_right && is_short).cloned().ok_or(ClientError::WrongPassword)
    }

    #[cfg(test)]
    pub(super) fn nobody(&self) -> Option<&PasswordHash> {
        self.nobody.as_ref()
    }
}

impl User {
    /// A user who logs in with this password. Takes tens of milliseconds; nothing if there is no
    /// memory for that.
    pub fn with_password(mut self, password: &[u8], salt: Salt) -> Option<User> {
        self.password = Some(PasswordHash::of(password, salt)?);
        Some(self)
    }
}
