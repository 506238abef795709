//! The file of users under the tools of an operator, and under a node.

use super::tools::{NewUser, add, change_password, list, remove};
use super::{UsersError, file};
use crate::node::{Node, Signals};
use merkle_kv_core::config;
use merkle_kv_core::protocol::Credentials;
use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Longer than anything here takes on a loaded machine.
const PATIENCE: Duration = Duration::from_secs(20);

type Asked = Result<Vec<u8>, UsersError>;

fn typed(password: &str) -> impl FnOnce() -> Asked {
    let password = password.as_bytes().to_vec();
    move || Ok(password)
}

fn new(name: &str, permissions: &[&str], keys: &[&str]) -> NewUser {
    let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
    NewUser { name: name.to_owned(), permissions: owned(permissions), keys: owned(keys) }
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

fn knows(path: &Path, user: &str, password: &str) -> bool {
    let (user, password) = (user.to_owned().into(), password.to_owned().into());
    file::read(path).unwrap().verify(&Credentials::new(Some(user), password)).is_ok()
}

#[test]
fn users_come_and_go_and_the_others_stay() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("users.toml");
    add(&path, &new("ada", &["read", "write"], &["a*", "b"]), Some(typed("first"))).unwrap();
    assert_eq!(mode(&path), 0o600);
    add(&path, &new("bob", &[], &[]), Some(typed("second"))).unwrap();
    add(&path, &new("default", &["read"], &[]), None::<fn() -> Asked>).unwrap();
    let lines = ["ada  read,write  a* b", "bob  -  *", "default  read  *  (no password)"];
    assert_eq!(list(&path).unwrap(), lines);
    assert!(knows(&path, "ada", "first") && !knows(&path, "ada", "second"));
    change_password(&path, "ada", typed("third")).unwrap();
    assert!(knows(&path, "ada", "third") && !knows(&path, "ada", "first"));
    assert_eq!(list(&path).unwrap(), lines);
    remove(&path, "ada").unwrap();
    assert_eq!(list(&path).unwrap(), lines[1..]);
    assert!(knows(&path, "bob", "second"));
    // Nothing is left beside it.
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn what_is_wrong_changes_nothing_and_asks_for_no_password() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("users.toml");
    add(&path, &new("ada", &["read"], &[]), Some(typed("first"))).unwrap();
    let before = fs::read_to_string(&path).unwrap();
    let unasked = || -> Asked { panic!("asked") };
    let refused = |user: NewUser| add(&path, &user, Some(unasked)).unwrap_err().to_string();
    assert!(refused(new("a b", &[], &[])).starts_with("'a b' is no name"));
    assert!(refused(new("eve", &["root"], &[])).starts_with("'root' is no permission"));
    assert!(refused(new("ada", &[], &[])).starts_with("there is a user ada already"));
    let long = "x".repeat(300);
    let error = add(&path, &new("eve", &[], &[&long]), Some(typed("x"))).unwrap_err();
    assert!(error.to_string().contains("users.eve.keys"), "{error}");
    let none = add(&path, &new("eve", &[], &[]), None::<fn() -> Asked>).unwrap_err();
    assert!(matches!(none, UsersError::NeedsPassword));
    assert!(matches!(remove(&path, "eve"), Err(UsersError::NoSuchUser(_))));
    assert!(matches!(change_password(&path, "eve", unasked), Err(UsersError::NoSuchUser(_))));
    assert_eq!(fs::read_to_string(&path).unwrap(), before);
    fs::write(&path, "nonsense").unwrap();
    assert!(matches!(remove(&path, "ada"), Err(UsersError::Wrong(_))));
    assert!(matches!(add(&path, &new("eve", &[], &[]), Some(unasked)), Err(UsersError::Wrong(_))));
    assert_eq!(fs::read_to_string(&path).unwrap(), "nonsense");
}

#[test]
fn a_group_that_could_read_still_can_and_others_no_longer() {
    let folder = tempfile::tempdir().unwrap();
    let (path, link) = (folder.path().join("users.toml"), folder.path().join("link"));
    fs::write(&path, "").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o664)).unwrap();
    symlink("users.toml", &link).unwrap();
    add(&link, &new("ada", &[], &[]), Some(typed("x"))).unwrap();
    assert_eq!(mode(&path), 0o640);
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(list(&path).unwrap().len(), 1);
}

/// A client of a node that runs in this process.
struct Client(BufReader<TcpStream>);

impl Client {
    fn connect(node: &Node) -> Client {
        let stream = TcpStream::connect(node.address()).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        Client(BufReader::new(stream))
    }

    fn says(&mut self, line: &str) -> String {
        self.0.get_mut().write_all(format!("{line}\r\n").as_bytes()).unwrap();
        let mut reply = String::new();
        self.0.read_line(&mut reply).unwrap();
        reply.trim_end().to_owned()
    }

    /// Waits until a command is answered so.
    #[track_caller]
    fn hears(&mut self, line: &str, expected: &str) {
        let begun = Instant::now();
        let mut last = String::new();
        while !last.starts_with(expected) {
            assert!(begun.elapsed() < PATIENCE, "{line}: {last}, not {expected}");
            last = self.says(line);
        }
    }
}

#[test]
fn another_table_holds_at_once_for_connections_that_are_open() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("users.toml");
    let table = || Some(Arc::new(file::read(&path).unwrap()));
    add(&path, &new("ada", &["read", "write"], &[]), Some(typed("first"))).unwrap();
    add(&path, &new("bob", &["read"], &[]), Some(typed("second"))).unwrap();
    let text = format!(
        "node_id = \"one\"\n[network]\nbind_port = 0\n[mqtt]\nenabled = false\n\
         [anti_entropy]\nenabled = false\n[security]\nusers_file = \"{}\"\n",
        path.display()
    );
    let config = config::load(&text, "test.toml", &BTreeMap::new()).unwrap();
    let node = Node::start(&config, Signals::Ignore).unwrap();
    let mut ada = Client::connect(&node);
    let mut bob = Client::connect(&node);
    assert_eq!(ada.says("AUTH ada first"), "OK");
    assert_eq!(bob.says("AUTH bob second"), "OK");
    assert_eq!(ada.says("SET k v"), "OK");
    assert_eq!(bob.says("GET k"), "VALUE v");

    // Less permission, without a new login.
    remove(&path, "ada").unwrap();
    let text = fs::read_to_string(&path).unwrap();
    add(&path, &new("ada", &["read"], &[]), Some(typed("first"))).unwrap();
    node.take_users(table());
    // The password is the same, but its hash is another one: that is another password to a node.
    ada.hears("SET k v", "ERROR: Not permitted: SET needs a user");
    assert_eq!(ada.says("AUTH ada first"), "OK");
    assert!(
        ada.says("SET k v").starts_with("ERROR: Not permitted: SET needs the permission write")
    );
    assert_eq!(ada.says("GET k"), "VALUE v");
    let more = fs::read_to_string(&path).unwrap().replace("[\"read\"]", "[\"read\", \"write\"]");
    fs::write(&path, more).unwrap();
    node.take_users(table());
    ada.hears("SET k w", "OK");
    assert_eq!(bob.says("GET k"), "VALUE w");

    // Nobody of that name any more, and then nobody to ask.
    fs::write(&path, text).unwrap();
    node.take_users(table());
    ada.hears("GET k", "ERROR: Not permitted: GET needs a user");
    assert_eq!(ada.says("AUTH ada first"), "ERROR: Not permitted: wrong user or password");
    assert_eq!(bob.says("GET k"), "VALUE w");
    node.take_users(None);
    ada.hears("SET k x", "OK");
    assert!(
        ada.says("AUTH bob second").starts_with("ERROR: Not permitted: this node has no users")
    );
}
