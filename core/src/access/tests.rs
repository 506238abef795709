//! Who may run which command: every row of the table by every kind of user, and what time tells.

use super::password::COMPUTED;
use super::*;
use crate::protocol::{
    Access, COMMANDS, ClientError, Command, CommandId, Credentials, Decoder, Dialect, KeyPlaces,
    Limits, Request,
};
use bytes::{Bytes, BytesMut};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Cheap enough for a test.
const CHEAP: &str = "$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHRzb21lc2FsdA$\
                     K5Dz9D8Yq0pV1Z1bKcSbSNx2GzJqGkPq2vY2cQm3k1o";

/// Every command of the table once, as words. Commands with keys name some that begin with `a`.
const EXAMPLES: &[&str] = &[
    "GET a1",
    "SET a1 v",
    "DEL a1 a2",
    "INCR a1",
    "DECR a1",
    "APPEND a1 v",
    "PREPEND a1 v",
    "MGET a1 a2",
    "MSET a1 v a2 v",
    "EXISTS a1 a2",
    "SCAN 0",
    "EXPIRE a1 1",
    "PERSIST a1",
    "TTL a1",
    "DBSIZE",
    "FLUSH",
    "REPLICATE STATUS",
    "HASH",
    "SYNC",
    "PEERS",
    "PING",
    "ECHO x",
    "VERSION",
    "INFO",
    "STATS",
    "MEMORY",
    "CLIENT LIST",
    "AUTH x y",
    "HELP",
    "QUIT",
    "SHUTDOWN",
    "INCRBY a1 1",
    "DECRBY a1 1",
    "SETEX a1 1 v",
    "PSETEX a1 1 v",
    "PEXPIRE a1 1",
    "EXPIREAT a1 1",
    "PEXPIREAT a1 1",
    "PTTL a1",
    "SETNX a1 v",
    "GETSET a1 v",
    "GETDEL a1",
    "MSETNX a1 v a2 v",
    "STRLEN a1",
    "TYPE a1",
    "KEYS *",
    "RANDOMKEY",
    "TIME",
    "SELECT 0",
    "HELLO",
    "RESET",
    "COMMAND",
    "CONFIG GET x",
];

fn requests(lines: &[&str]) -> Vec<(CommandId, Command)> {
    let mut input = BytesMut::new();
    for line in lines {
        let words: Vec<&str> = line.split(' ').collect();
        input.extend_from_slice(format!("*{}\r\n", words.len()).as_bytes());
        for word in words {
            input.extend_from_slice(format!("${}\r\n{word}\r\n", word.len()).as_bytes());
        }
    }
    let requests = Decoder::new(Limits::default(), Dialect::Standard).decode(&mut input);
    let commands = requests.into_iter().map(|request| match request {
        Request::Command(id, command) => (id, command),
        Request::Refused(error) | Request::Broken(error) => panic!("{error}"),
    });
    commands.collect()
}

fn request(line: &str) -> (CommandId, Command) {
    requests(&[line]).remove(0)
}

fn user(name: &str, permissions: &[&str], keys: &[&'static str]) -> User {
    User {
        name: UserName::parse(name).unwrap(),
        password: PasswordHash::parse(CHEAP),
        permissions: Permissions::of(permissions.iter().copied()).unwrap(),
        keys: KeyPatterns::new(keys.iter().map(|key| Bytes::from_static(key.as_bytes()))),
    }
}

fn table(users: impl IntoIterator<Item = User>) -> CurrentUsers {
    CurrentUsers::after(0, Arc::new(Users::new(users)))
}

/// What becomes of a command of somebody who has logged in as the only user.
fn check(user: &User, line: &str) -> Result<(), ClientError> {
    let (id, command) = request(line);
    Identity::of(Arc::new(user.clone())).check(&table([user.clone()]), id, &command)
}

#[test]
fn every_command_is_for_those_who_have_its_permission_and_for_nobody_else() {
    let all = requests(EXAMPLES);
    let named: BTreeSet<usize> = all.iter().map(|(id, _)| id.index()).collect();
    assert_eq!(named.len(), COMMANDS.len(), "each row of the table has an example");
    for granted in [&[][..], &["read"], &["write"], &["admin"], &["read", "write", "admin"]] {
        let user = user("u", granted, &["*"]);
        let users = table([user.clone()]);
        let mut identity = Identity::of(Arc::new(user));
        for (id, command) in &all {
            let (spec, allowed) = (id.spec(), identity.check(&users, *id, command));
            match spec.access {
                Access::Any => assert_eq!(allowed, Ok(()), "{}", spec.name),
                needs if granted.contains(&needs.name()) => {
                    assert_eq!(allowed, Ok(()), "{} by {granted:?}", spec.name);
                }
                needs => {
                    let user = UserName::parse("u").unwrap();
                    let error = ClientError::MissingPermission { command: spec, user, needs };
                    assert_eq!(allowed, Err(error), "{} by {granted:?}", spec.name);
                }
            }
        }
    }
}

#[test]
fn nobody_may_only_do_what_takes_no_permission() {
    let users = table([user("u", &["read"], &["*"])]);
    for (id, command) in requests(EXAMPLES) {
        let allowed = Identity::default().check(&users, id, &command);
        match id.spec().access {
            Access::Any => assert_eq!(allowed, Ok(())),
            Access::Read | Access::Write | Access::Admin => {
                assert_eq!(allowed, Err(ClientError::NotLoggedIn { command: id.spec() }));
            }
        }
    }
}

#[test]
fn what_is_dangerous_takes_admin_and_what_libraries_begin_with_takes_nothing() {
    for name in ["SHUTDOWN", "FLUSH", "REPLICATE", "SYNC", "CLIENT", "CONFIG"] {
        let spec = COMMANDS.iter().find(|spec| spec.name == name).unwrap();
        assert_eq!(spec.access, Access::Admin, "{name}");
    }
    let nobody = user("u", &[], &[]);
    for line in [
        "CLIENT ID",
        "CLIENT INFO",
        "CLIENT SETNAME x",
        "CLIENT GETNAME",
        "CLIENT SETINFO a b",
        "CLIENT NO-EVICT on",
        "HELLO 3",
        "COMMAND DOCS",
        "PING",
        "ECHO x",
        "QUIT",
        "RESET",
        "AUTH x y",
        "SELECT 0",
    ] {
        assert_eq!(check(&nobody, line), Ok(()), "{line}");
    }
    let list = check(&nobody, "CLIENT LIST");
    assert!(matches!(list, Err(ClientError::MissingPermission { needs: Access::Admin, .. })));
}

#[test]
fn patterns_hold_for_each_key_of_each_command() {
    let some = user("u", &["read", "write", "admin"], &["a*"]);
    for line in EXAMPLES {
        let (id, _) = request(line);
        let about_all = ["FLUSH", "RANDOMKEY"].contains(&id.spec().name);
        assert_eq!(check(&some, line).is_ok(), !about_all, "{line}");
        if id.spec().keys == KeyPlaces::None {
            continue;
        }
        // The last key, of those that name several; the only one of the others.
        let others = match line.contains("a2") {
            true => line.replace("a2", "b2"),
            false => line.replace("a1", "b1"),
        };
        let refused = check(&some, &others);
        assert!(matches!(refused, Err(ClientError::ForbiddenKey { .. })), "{others}: {refused:?}");
    }
}

#[test]
fn a_digest_is_for_those_who_may_see_what_it_is_of() {
    let some = user("u", &["read"], &["a*", "sensor/?", "exact"]);
    for prefix in ["a", "ab", "a*"] {
        assert_eq!(check(&some, &format!("HASH {prefix}")), Ok(()), "{prefix}");
    }
    for prefix in ["b", "sensor/1", "exact"] {
        assert!(check(&some, &format!("HASH {prefix}")).is_err(), "{prefix}");
    }
    assert!(matches!(check(&some, "HASH"), Err(ClientError::NeedsAllKeys { .. })));
    assert_eq!(check(&user("u", &["read", "admin"], &["a*"]), "HASH"), Ok(()));
    assert_eq!(check(&user("u", &["read"], &["b", "*"]), "HASH"), Ok(()));
}

#[test]
fn whoever_is_changed_or_removed_notices_it_with_the_next_command() {
    let (id, command) = request("GET a1");
    let mut identity = Identity::of(Arc::new(user("u", &["read"], &["*"])));
    let mut under = |generation, users: Vec<User>| {
        let users = CurrentUsers::after(generation, Arc::new(Users::new(users)));
        identity.check(&users, id, &command)
    };
    assert_eq!(under(0, vec![user("u", &["read"], &["*"])]), Ok(()));
    assert_eq!(under(1, vec![user("u", &["read"], &["a*"])]), Ok(()));
    assert!(matches!(
        under(2, vec![user("u", &["read"], &["b*"])]),
        Err(ClientError::ForbiddenKey { .. })
    ));
    assert!(matches!(
        under(3, vec![user("u", &["write"], &["*"])]),
        Err(ClientError::MissingPermission { .. })
    ));
    assert_eq!(under(4, vec![user("u", &["read"], &["*"])]), Ok(()));
    let other = User {
        password: PasswordHash::parse(&CHEAP.replace("m=64", "m=65")),
        ..user("u", &["read"], &["*"])
    };
    assert!(matches!(under(5, vec![other]), Err(ClientError::NotLoggedIn { .. })));
    // Once lost it is lost, whatever the table says later.
    let again = under(6, vec![user("u", &["read"], &["*"])]);
    assert!(matches!(again, Err(ClientError::NotLoggedIn { .. })));
}

#[test]
fn everybody_is_default_where_that_user_has_no_password() {
    let (id, command) = request("GET a1");
    let open = User { password: None, ..user("default", &["read"], &["a*"]) };
    assert_eq!(Identity::default().check(&table([open.clone()]), id, &command), Ok(()));
    let (id, command) = request("GET b1");
    assert!(Identity::default().check(&table([open]), id, &command).is_err());
    let closed = table([user("default", &["read"], &["*"])]);
    let refused = Identity::default().check(&closed, id, &command);
    assert!(matches!(refused, Err(ClientError::NotLoggedIn { .. })));
}

fn credentials(user: Option<&'static str>, password: &'static str) -> Credentials {
    Credentials::new(user.map(Bytes::from), Bytes::from(password))
}

#[test]
fn only_the_right_password_of_a_user_is_taken() {
    let salt = Salt(*b"sixteen of bytes");
    let ada = user("ada", &[], &[]).with_password(b"right", salt).unwrap();
    let users = Users::new([ada.clone(), user("bob", &[], &[])]);
    let verify = |user, password| users.verify(&credentials(user, password));
    assert_eq!(verify(Some("ada"), "right").map(|user| user.name.clone()), Ok(ada.name));
    for (name, password) in
        [("ada", "wrong"), ("ada", ""), ("bob", "right"), ("eve", "right"), ("", ""), ("\0", "x")]
    {
        assert_eq!(verify(Some(name), password), Err(ClientError::WrongPassword), "{name}");
    }
    assert_eq!(verify(None, "right"), Err(ClientError::WrongPassword), "there is no default");
    let long: &'static str = "x".repeat(MAX_PASSWORD_BYTES + 1).leak();
    let exact = user("ada", &[], &[]).with_password(&long.as_bytes()[1..], salt).unwrap();
    let users = Users::new([exact]);
    assert!(users.verify(&credentials(Some("ada"), &long[1..])).is_ok());
    assert!(users.verify(&credentials(Some("ada"), long)).is_err());
}

#[test]
fn default_is_who_a_password_alone_is_for() {
    let salt = Salt(*b"sixteen of bytes");
    let closed = user("default", &[], &[]).with_password(b"right", salt).unwrap();
    let users = Users::new([closed]);
    for name in [None, Some("default")] {
        assert!(users.verify(&credentials(name, "right")).is_ok());
        assert_eq!(users.verify(&credentials(name, "no")), Err(ClientError::WrongPassword));
    }
    let open = Users::new([User { password: None, ..user("default", &[], &[]) }]);
    assert_eq!(open.verify(&credentials(None, "any")), Err(ClientError::NoPassword));
    assert!(open.verify(&credentials(Some("default"), "any")).is_ok());
}

/// Whoever measures the time hears nothing of names: for an unknown one a hash of the same cost is
/// computed, which no password has.
#[test]
fn an_unknown_user_costs_what_a_wrong_password_costs() {
    let users = Users::new([user("ada", &[], &[]), user("bob", &[], &[])]);
    let hash = PasswordHash::parse(CHEAP).unwrap();
    let nobody = users.nobody().unwrap();
    assert!(nobody.costs_as(&hash) && *nobody != hash);
    assert!(!nobody.is_of(b"") && !nobody.is_of(b"right"));
}

#[test]
fn an_unknown_user_has_as_many_hashes_computed_as_a_wrong_password() {
    let users = Users::new([user("ada", &[], &[]), user("bob", &[], &[])]);
    let computed = |name: &'static str| {
        let before = COMPUTED.get();
        assert!(users.verify(&credentials(Some(name), "wrong")).is_err());
        COMPUTED.get() - before
    };
    assert_eq!((computed("ada"), computed("eve")), (1, 1));
}

#[test]
fn a_hash_is_what_other_programs_write_and_shows_itself_to_nobody() {
    // By the reference implementation: echo -n password | argon2 somesalt -id -t 2 -m 16 -p 1
    let theirs = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$\
                  CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";
    let hash = PasswordHash::parse(theirs).unwrap();
    assert!(hash.is_of(b"password") && !hash.is_of(b"Password"));
    assert_eq!(hash.to_string(), theirs);
    let shown = format!("{:?} {:?}", hash, credentials(Some("ada"), "right"));
    assert!(!shown.contains("CTFh") && !shown.contains("ada") && !shown.contains("right"));
}
