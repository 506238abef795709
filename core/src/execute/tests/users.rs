//! Batches of somebody who has to be somebody: logins in the middle of others, and what is shown.

use super::{NOW, engine, run};
use crate::access::{KeyPatterns, Permissions, Salt, User, UserName, Users};
use crate::execute::{Answer, Batch, Engine, Progress, Question};
use crate::merkle::Digest;
use crate::protocol::{ClientFacts, Decoder, Dialect, Limits, NodeFacts};
use bytes::{Bytes, BytesMut};
use std::sync::Arc;

fn user(name: &str, permissions: &[&str], keys: &'static str) -> User {
    let keys = KeyPatterns::new([Bytes::from_static(keys.as_bytes())]);
    let permissions = Permissions::of(permissions.iter().copied()).unwrap();
    let name = UserName::parse(name).unwrap();
    let user = User { name, password: None, permissions, keys };
    user.with_password(b"secret", Salt(*b"sixteen of bytes")).unwrap()
}

/// Keys that were written before there were users.
fn engine_with(users: Vec<User>) -> Engine {
    let mut engine = engine();
    run(&mut engine, "MSET a1 v a2 v b1 v b2 v c v\n");
    engine.set_users(Some(Arc::new(Users::new(users))));
    engine
}

/// A connection that is open for several chunks.
struct Connection {
    decoder: Decoder,
    batch: Option<Batch>,
}

impl Connection {
    fn new() -> Connection {
        let decoder = Decoder::new(Limits::default(), Dialect::Standard);
        Connection { decoder, batch: None }
    }

    fn says(&mut self, engine: &mut Engine, text: &str) -> String {
        let mut input = BytesMut::from(text.as_bytes());
        let requests = self.decoder.decode(&mut input);
        let wording = self.decoder.wording();
        let mut batch = match self.batch.take() {
            Some(mut batch) => {
                batch.go_on(requests);
                batch
            }
            None => Batch::new(requests, wording, BytesMut::new()),
        };
        loop {
            match batch.run(engine, NOW) {
                Progress::Done => break,
                Progress::More => {}
                Progress::Ask(question) => batch.answer(answer(engine, question)),
            }
        }
        let said = String::from_utf8(batch.output.split().to_vec()).unwrap();
        self.batch = Some(batch);
        said
    }
}

fn answer(engine: &mut Engine, question: Question) -> Answer {
    match question {
        Question::LogIn(login) => match login.users.verify(&login.credentials) {
            Ok(user) => Answer::User(user),
            Err(error) => Answer::Refused(error),
        },
        Question::Keys(search) => {
            Answer::Keys(search.run(&engine.store_mut().snapshot(NOW).unwrap(), NOW))
        }
        Question::Snapshot => Answer::Snapshot(engine.store_mut().snapshot(NOW).unwrap()),
        Question::Hello(_) => Answer::Client(Box::new(ClientFacts {
            id: 7,
            address: String::new(),
            age_seconds: 0,
            idle_seconds: 0,
            name: String::new(),
            user: None,
        })),
        Question::Info => {
            let root = Some(Digest([7; 32]));
            Answer::Node(Box::new(NodeFacts { root, ..NodeFacts::default() }))
        }
        Question::Reset => Answer::Done,
        other => panic!("{other:?}"),
    }
}

fn array(line: &str) -> String {
    let words: Vec<&str> = line.split(' ').collect();
    let begin = format!("*{}\r\n", words.len());
    words.iter().fold(begin, |all, word| format!("{all}${}\r\n{word}\r\n", word.len()))
}

#[test]
fn a_login_counts_for_what_follows_it_in_the_same_chunk_and_in_later_ones() {
    let mut engine = engine_with(vec![user("ada", &["read"], "*")]);
    let mut connection = Connection::new();
    let said = connection.says(&mut engine, "GET a1\nAUTH ada secret\nGET a1\nSET a1 w\n");
    let expected = "ERROR: Not permitted: GET needs a user, log in with AUTH user password\r\n\
                    OK\r\nVALUE v\r\nERROR: Not permitted: SET needs the permission write, which \
                    the user 'ada' does not have\r\n";
    assert_eq!(said, expected);
    assert_eq!(connection.says(&mut engine, "GET a2\n"), "VALUE v\r\n");
    // Whoever fails stays who it was.
    let said = connection.says(&mut engine, "AUTH ada wrong\nGET a2\n");
    assert_eq!(said, "ERROR: Not permitted: wrong user or password\r\nVALUE v\r\n");
    assert_eq!(engine.facts().not_permitted, 2);
}

#[test]
fn resp_has_the_errors_of_redis() {
    let mut engine = engine_with(vec![user("ada", &["read"], "a*")]);
    let mut connection = Connection::new();
    let mut says = |line: &str| connection.says(&mut engine, &array(line));
    assert_eq!(says("GET a1"), "-NOAUTH Authentication required.\r\n");
    let wrong = "-WRONGPASS invalid username-password pair or user is disabled.\r\n";
    assert_eq!(says("AUTH ada wrong"), wrong);
    assert_eq!(says("AUTH eve secret"), wrong);
    assert_eq!(says("AUTH secret"), wrong);
    assert_eq!(says("HELLO 3 AUTH ada wrong"), wrong);
    assert_eq!(says("GET a1"), "-NOAUTH Authentication required.\r\n");
    assert!(says("HELLO 3 AUTH ada secret SETNAME me").starts_with("%7\r\n"));
    assert_eq!(says("GET a1"), "$1\r\nv\r\n");
    let no_permission = "-NOPERM this user has no permissions to run the 'set' command\r\n";
    assert_eq!(says("SET a1 v"), no_permission);
    let no_key =
        "-NOPERM this user has no permissions to access one of the keys used as arguments\r\n";
    assert_eq!(says("MGET a1 b1"), no_key);
    assert_eq!(says("RESET"), "+RESET\r\n");
    assert_eq!(says("GET a1"), "-NOAUTH Authentication required.\r\n");
}

#[test]
fn a_password_alone_is_that_of_default() {
    let mut engine = engine_with(vec![user("default", &["read"], "*")]);
    let mut connection = Connection::new();
    assert!(connection.says(&mut engine, &array("GET a1")).starts_with("-NOAUTH"));
    assert_eq!(connection.says(&mut engine, &array("AUTH secret")), "+OK\r\n");
    assert_eq!(connection.says(&mut engine, &array("GET a1")), "$1\r\nv\r\n");
    let open = User { password: None, ..user("default", &["read"], "*") };
    let mut engine = engine_with(vec![open]);
    let mut connection = Connection::new();
    assert_eq!(connection.says(&mut engine, &array("GET a1")), "$1\r\nv\r\n");
    let said = connection.says(&mut engine, &array("AUTH secret"));
    assert!(said.starts_with("-ERR AUTH <password> called without any password"), "{said}");
    assert_eq!(connection.says(&mut engine, &array("AUTH default any")), "+OK\r\n");
}

#[test]
fn only_keys_that_match_are_shown() {
    let mut engine =
        engine_with(vec![user("ada", &["read"], "[ab]1"), user("bob", &["read"], "*")]);
    let mut text = Connection::new();
    let mut says = |line: &str| text.says(&mut engine, &format!("{line}\n"));
    assert_eq!(says("AUTH ada secret"), "OK\r\n");
    assert_eq!(says("SCAN"), "KEYS 2\r\na1\r\nb1\r\nEND\r\n");
    assert_eq!(says("SCAN b"), "KEYS 1\r\nb1\r\nEND\r\n");
    assert_eq!(says("SCAN AFTER a1 LIMIT 5"), "KEYS 1\r\nb1\r\nEND\r\n");
    assert_eq!(says("SCAN LIMIT 1"), "KEYS 1\r\na1\r\nEND\r\n");
    assert!(says("HASH").starts_with("ERROR: Not permitted: HASH is about all keys"));
    assert!(says("HASH a").starts_with("ERROR: Not permitted: 'a' is not among the keys"));
    let info = says("INFO");
    assert!(info.contains("total_keys:5") && !info.contains("root_hash"), "{info}");
    let mut resp = Connection::new();
    let mut says = |line: &str| resp.says(&mut engine, &array(line));
    assert_eq!(says("AUTH ada secret"), "+OK\r\n");
    assert_eq!(says("KEYS *"), "*2\r\n$2\r\na1\r\n$2\r\nb1\r\n");
    assert_eq!(says("SCAN 0 MATCH *"), "*2\r\n$1\r\n0\r\n*2\r\n$2\r\na1\r\n$2\r\nb1\r\n");
    assert!(says("RANDOMKEY").starts_with("-NOPERM"));
    // Somebody else on the same connection.
    assert_eq!(says("AUTH bob secret"), "+OK\r\n");
    assert!(says("KEYS *").starts_with("*5\r\n"));
    let info = says("INFO");
    assert!(info.contains("root_hash:0707"), "{info}");
}

#[test]
fn all_is_as_before_once_there_are_no_users() {
    let mut engine = engine_with(vec![user("ada", &[], "a*")]);
    let mut connection = Connection::new();
    assert_eq!(connection.says(&mut engine, "AUTH ada secret\n"), "OK\r\n");
    engine.set_users(None);
    assert_eq!(connection.says(&mut engine, "SET x y\nGET x\n"), "OK\r\nVALUE y\r\n");
    assert!(connection.says(&mut engine, "SCAN\n").starts_with("KEYS 6\r\n"));
    let said = connection.says(&mut engine, "AUTH ada secret\n");
    assert!(said.starts_with("ERROR: Not permitted: this node has no users"), "{said}");
}
