//! The file of users: from its text to a table of users, or to everything that is wrong with it,
//! and back. The same care as for the configuration, but other keys, and no environment.

use super::damage::{Damage, Lines};
use super::nearest::nearest;
use super::print::{literal, printable, shortened};
use super::problem::{Cause, Place, Problems, Report};
use super::raw::{MAX_FILE_BYTES, Written, from_toml};
use crate::access::{KeyPatterns, PasswordHash, Permissions, User, UserName, Users};
use bytes::Bytes;
use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

/// The table that users stand in.
const USERS: &str = "users";

const PASSWORD_HASH: &str = "password_hash";
const PERMISSIONS: &str = "permissions";
const KEYS: &str = "keys";

/// The most patterns of one user, and the most bytes of one of them: all are tried on each key that
/// the user names, and a pattern takes steps for each of its bytes and those of the key.
const MAX_PATTERNS: usize = 64;
const MAX_PATTERN_BYTES: usize = 256;

const HEADER: &str = "\
# Users of a MerkleKV node. Written by `merkle-kv user`, which keeps no comments but these.
";

/// Reads the `text` of a file of users. `file_name` is only used in messages.
///
/// # Errors
///
/// [`Problems`] with everything that is wrong, not just the first thing. They hold no hash.
pub fn load_users(text: &str, file_name: &str) -> Result<Users, Problems> {
    let mut report = Report::new(file_name);
    if text.len() > MAX_FILE_BYTES {
        let cause = Cause::FileTooLarge { bytes: text.len(), most: MAX_FILE_BYTES };
        report.add(report.file(), None, cause);
        return Err(report.into_problems());
    }
    let lines = Lines::new(text);
    let (root, errors) = DeTable::parse_recoverable(text);
    let is_toml = errors.is_empty();
    let damage = Damage::assess(&lines, errors, &mut report);
    let mut file = File { lines, damage, report, is_toml, users: Vec::new() };
    for (key, value) in root.get_ref() {
        file.top_level(key, value);
    }
    let File { report, users, .. } = file;
    if report.is_empty() { Ok(Users::new(users)) } else { Err(report.into_problems()) }
}

/// The text of a file that [`load_users`] reads as the same users.
pub fn users_file(users: &Users) -> String {
    let quoted = |text: &str| literal(&Written::from(text), str::to_owned);
    let list = |texts: Vec<String>| {
        let texts: Vec<String> = texts.iter().map(|text| quoted(text)).collect();
        format!("[{}]", texts.join(", "))
    };
    let mut text = HEADER.to_owned();
    for user in users.iter() {
        text.push_str(&format!("\n[{USERS}.{}]\n", quoted(user.name.as_str())));
        if let Some(password) = &user.password {
            text.push_str(&format!("{PASSWORD_HASH} = {}\n", quoted(&password.to_string())));
        }
        let permissions = user.permissions.names().into_iter().map(str::to_owned).collect();
        text.push_str(&format!("{PERMISSIONS} = {}\n", list(permissions)));
        text.push_str(&format!("{KEYS} = {}\n", list(user.keys.texts().collect())));
    }
    text
}

type TomlKey<'i> = Spanned<DeString<'i>>;
type TomlValue<'i> = Spanned<DeValue<'i>>;

/// The walk over a parsed file.
struct File<'a> {
    lines: Lines<'a>,
    damage: Damage,
    report: Report,
    /// Otherwise what is missing may have been written and not been understood.
    is_toml: bool,
    users: Vec<User>,
}

/// What was written about one user.
#[derive(Default)]
struct Draft {
    password: Option<PasswordHash>,
    permissions: Option<Permissions>,
    keys: Option<KeyPatterns>,
    /// The keys that were written, good or not.
    wrote: Vec<&'static str>,
}

impl File<'_> {
    fn top_level(&mut self, key: &TomlKey<'_>, value: &TomlValue<'_>) {
        let name: &str = key.get_ref();
        let Some(place) = self.undamaged(key, value) else { return };
        if name != USERS {
            let what = if value.get_ref().is_table() { "section" } else { "key" };
            let hint = format!("a file of users has nothing but [{USERS}.NAME]");
            return self.report.add(place, Some(printable(name)), Cause::Unknown { what, hint });
        }
        match value.get_ref().as_table() {
            Some(users) => users.iter().for_each(|(key, value)| self.user(key, value)),
            None => self.no_section(place, USERS.to_owned(), value),
        }
    }

    fn user(&mut self, key: &TomlKey<'_>, value: &TomlValue<'_>) {
        let name: &str = key.get_ref();
        let Some(place) = self.undamaged(key, value) else { return };
        let path = format!("{USERS}.{}", printable(name));
        let Some(keys) = value.get_ref().as_table() else {
            return self.no_section(place, path, value);
        };
        let parsed = UserName::parse(name);
        if parsed.is_none() {
            let found = literal(&Written::from(name), shortened);
            let cause = Cause::Refused { found, expected: UserName::expected() };
            self.report.add(place.clone(), Some(USERS.to_owned()), cause);
        }
        let mut draft = Draft::default();
        for (key, value) in keys {
            self.key(&path, key, value, &mut draft);
        }
        let missing = if self.is_toml { missing(name, &draft) } else { Vec::new() };
        for (needed, advice) in missing {
            let cause = Cause::Missing { advice };
            self.report.add(place.clone(), Some(format!("{path}.{needed}")), cause);
        }
        if let (Some(name), Some(permissions)) = (parsed, draft.permissions) {
            let keys = draft.keys.unwrap_or_else(KeyPatterns::all);
            self.users.push(User { name, password: draft.password, permissions, keys });
        }
    }

    fn key(&mut self, path: &str, key: &TomlKey<'_>, value: &TomlValue<'_>, draft: &mut Draft) {
        let Some(place) = self.undamaged(key, value) else { return };
        let name: &str = key.get_ref();
        let written = from_toml(value.get_ref());
        let known = [PASSWORD_HASH, PERMISSIONS, KEYS];
        let path = format!("{path}.{}", printable(name));
        let refused = match name {
            PASSWORD_HASH => {
                draft.password = text(&written).and_then(PasswordHash::parse);
                let refused = (written.what(), PasswordHash::expected());
                draft.password.is_none().then(|| (format!("{} (not shown)", refused.0), refused.1))
            }
            PERMISSIONS => {
                draft.permissions = texts(&written).and_then(|names| Permissions::of(names).ok());
                let expected = "a list of \"read\", \"write\" and \"admin\"".to_owned();
                draft.permissions.is_none().then(|| (literal(&written, shortened), expected))
            }
            KEYS => {
                draft.keys = texts(&written).and_then(patterns);
                let expected = format!(
                    "a list of at most {MAX_PATTERNS} patterns of 1 to {MAX_PATTERN_BYTES} bytes, \
                     like \"sensor/*\""
                );
                draft.keys.is_none().then(|| (literal(&written, shortened), expected))
            }
            unknown => {
                let hint = match nearest(unknown, known.into_iter()) {
                    Some(near) => format!("did you mean {near}?"),
                    None => format!("the keys here are {}", known.join(", ")),
                };
                return self.report.add(place, Some(path), Cause::Unknown { what: "key", hint });
            }
        };
        draft.wrote.extend(known.into_iter().find(|known| *known == name));
        if let Some((found, expected)) = refused {
            self.report.add(place, Some(path), Cause::Refused { found, expected });
        }
    }

    fn no_section(&mut self, place: Place, path: String, value: &TomlValue<'_>) {
        // The value is not shown: it may be a password.
        let found = from_toml(value.get_ref()).what().to_owned();
        self.report.add(place, Some(path), Cause::NotASection { found });
    }

    /// Where a key stands, unless a mistake in the file makes it doubtful that it does.
    fn undamaged(&self, key: &TomlKey<'_>, value: &TomlValue<'_>) -> Option<Place> {
        let first = self.lines.line(key.span().start);
        let last = match value.get_ref().is_table() {
            // Each of its keys is looked at by itself.
            true => first,
            false => self.lines.line(value.span().end.max(key.span().start)),
        };
        (!self.damage.touches(first, last)).then(|| self.report.line(first))
    }
}

/// What has to be written about a user and is not, with what to do about it.
fn missing(name: &str, draft: &Draft) -> Vec<(&'static str, String)> {
    let mut missing = Vec::new();
    if !draft.wrote.contains(&PASSWORD_HASH) && name != UserName::DEFAULT {
        let advice = format!(
            "merkle-kv user passwd writes one; only the user {} may be without",
            UserName::DEFAULT
        );
        missing.push((PASSWORD_HASH, advice));
    }
    if !draft.wrote.contains(&PERMISSIONS) {
        missing.push((PERMISSIONS, format!("write {PERMISSIONS} = [\"read\"], or more of them")));
    }
    missing
}

fn text(written: &Written) -> Option<&str> {
    match written {
        Written::Text(text) => Some(text),
        Written::Integer(_) | Written::Boolean(_) | Written::List(_) | Written::Other(_) => None,
    }
}

fn texts(written: &Written) -> Option<Vec<&str>> {
    written.list().ok()?.iter().map(text).collect()
}

fn patterns(texts: Vec<&str>) -> Option<KeyPatterns> {
    let is_good = |text: &&str| (1..=MAX_PATTERN_BYTES).contains(&text.len());
    let are_good = texts.len() <= MAX_PATTERNS && texts.iter().all(is_good);
    are_good.then(|| KeyPatterns::new(texts.into_iter().map(|text| Bytes::from(text.to_owned()))))
}
