//! What an operator does with a file of users, whether a node runs on it or not: a node takes the
//! change when it reads its configuration anew.

use super::error::UsersError;
use super::file;
use crate::random;
use merkle_kv_core::access::{KeyPatterns, Permissions, Salt, User, UserName, Users};
use merkle_kv_core::config;
use std::path::Path;

/// A user who is to be added, as an operator writes it.
#[derive(Clone, Debug)]
pub struct NewUser {
    /// The name.
    pub name: String,
    /// Of read, write and admin.
    pub permissions: Vec<String>,
    /// Patterns of keys; none is all keys.
    pub keys: Vec<String>,
}

/// Adds a user, to a file that is made if it is not there. `password` is asked once it is clear that
/// the rest is good; nothing is for the user `default`, who may have no password.
pub fn add(
    path: &Path,
    new: &NewUser,
    password: Option<impl FnOnce() -> Result<Vec<u8>, UsersError>>,
) -> Result<String, UsersError> {
    let name = name(&new.name)?;
    let permissions = Permissions::of(new.permissions.iter().map(String::as_str));
    let permissions = permissions.map_err(|bad| UsersError::BadPermission(bad.to_owned()))?;
    let keys = match &new.keys[..] {
        [] => KeyPatterns::all(),
        keys => KeyPatterns::new(keys.iter().map(|key| key.clone().into())),
    };
    let users = file::read_or_new(path)?;
    if users.find(name.as_str()).is_some() {
        return Err(UsersError::Exists(name));
    }
    let user = User { name: name.clone(), password: None, permissions, keys };
    let user = match password {
        Some(password) => with_password(user, &password()?)?,
        None if name.as_str() == UserName::DEFAULT => user,
        None => return Err(UsersError::NeedsPassword),
    };
    save(path, everybody_but(&users, &name).chain([user]))?;
    Ok(format!("{name} is a user; {TAKEN}"))
}

/// Takes a user out of a file.
pub fn remove(path: &Path, user: &str) -> Result<String, UsersError> {
    let name = name(user)?;
    let users = file::read(path)?;
    existing(&users, &name)?;
    save(path, everybody_but(&users, &name))?;
    Ok(format!("{name} is no longer a user; {TAKEN}"))
}

/// Gives a user another password.
pub fn change_password(
    path: &Path,
    user: &str,
    password: impl FnOnce() -> Result<Vec<u8>, UsersError>,
) -> Result<String, UsersError> {
    let name = name(user)?;
    let users = file::read(path)?;
    let user = existing(&users, &name)?;
    let user = with_password(user, &password()?)?;
    save(path, everybody_but(&users, &name).chain([user]))?;
    Ok(format!("{name} has another password; {TAKEN}"))
}

/// A line about each user: name, permissions, keys, and whether there is a password.
pub fn list(path: &Path) -> Result<Vec<String>, UsersError> {
    let users = file::read(path)?;
    let line = |user: &User| {
        let permissions = match &user.permissions.names()[..] {
            [] => "-".to_owned(),
            names => names.join(","),
        };
        let keys: Vec<String> = user.keys.texts().collect();
        let password = if user.password.is_some() { "" } else { "  (no password)" };
        format!("{}  {permissions}  {}{password}", user.name, keys.join(" "))
    };
    Ok(users.iter().map(|user| line(user)).collect())
}

/// When a change counts.
const TAKEN: &str = "nodes take it when they are reloaded (SIGHUP) or started";

fn name(text: &str) -> Result<UserName, UsersError> {
    UserName::parse(text).ok_or_else(|| UsersError::BadName(text.to_owned()))
}

fn existing(users: &Users, name: &UserName) -> Result<User, UsersError> {
    let user = users.find(name.as_str()).ok_or_else(|| UsersError::NoSuchUser(name.clone()))?;
    Ok(User::clone(user))
}

fn everybody_but<'a>(users: &'a Users, name: &'a UserName) -> impl Iterator<Item = User> + 'a {
    users.iter().filter(move |user| user.name != *name).map(|user| User::clone(user))
}

fn with_password(user: User, password: &[u8]) -> Result<User, UsersError> {
    let mut salt = [0; 16];
    let (first, second) = salt.split_at_mut(8);
    first.copy_from_slice(&random::number().to_le_bytes());
    second.copy_from_slice(&random::number().to_le_bytes());
    user.with_password(password, Salt(salt)).ok_or(UsersError::NoMemory)
}

fn save(path: &Path, users: impl IntoIterator<Item = User>) -> Result<(), UsersError> {
    let users = Users::new(users);
    // What was given as arguments is held to the limits of the file before it is in one.
    config::load_users(&config::users_file(&users), &path.display().to_string())?;
    file::write(path, &users)
}
