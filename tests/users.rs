//! Users of a whole node: who may do what, what becomes of those who guess, what is said of secrets
//! and where, and the program that changes the file.

use crate::harness::{Client, Node, NodeSettings, RespClient, UsersFile, peers};
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

const SECRET: &str = "sixteen or more of them";
const PASSWORD: &str = "correct horse battery staple";

/// Ada may do everything, Bob may read what begins with `sensor/`.
fn file() -> UsersFile {
    UsersFile::of(&[
        ("ada", "read,write,admin", "*", PASSWORD),
        ("bob", "read", "sensor/*", "bob's password"),
    ])
}

fn node_of(file: &UsersFile) -> Node {
    Node::start(NodeSettings::alone("one").section(&file.section()))
}

fn said(output: &Output) -> String {
    String::from_utf8([&output.stdout[..], &output.stderr].concat()).unwrap()
}

#[track_caller]
fn logged_in(node: &Node, login: &str) -> Client {
    let mut client = node.client();
    assert_eq!(client.command(login), "OK");
    client
}

#[test]
fn whoever_has_not_logged_in_may_ask_whether_the_node_is_there_and_nothing_else() {
    let file = file();
    let node = node_of(&file);
    let mut client = node.client();
    assert_eq!(client.command("PING"), "PONG");
    assert!(client.command("VERSION").starts_with("MerkleKV "));
    for command in ["GET k", "SET k v", "SCAN", "INFO", "SHUTDOWN", "FLUSH", "CLIENT LIST"] {
        let word = command.split(' ').next().unwrap();
        let expected =
            format!("ERROR: Not permitted: {word} needs a user, log in with AUTH user password");
        assert_eq!(client.command(command), expected);
    }
    // A login counts from the next command on, in one chunk with others too.
    let login = format!("AUTH ada \"{PASSWORD}\"");
    let commands = ["GET k", &login, "SET k v", "GET k"].map(str::to_owned);
    let replies = client.pipeline(&commands);
    assert!(replies[0].starts_with("ERROR: Not permitted: "));
    assert_eq!(replies[1..], ["OK", "OK", "VALUE v"]);
    assert_eq!(client.count("not_permitted_commands"), 8);
    node.stop();
}

#[test]
fn a_user_does_what_its_permissions_and_patterns_allow() {
    let file = file();
    let node = node_of(&file);
    let mut ada = logged_in(&node, &format!("AUTH ada \"{PASSWORD}\""));
    assert_eq!(ada.command("MSET sensor/1 a sensor/2 b other c"), "OK");
    let mut bob = logged_in(&node, "AUTH bob \"bob's password\"");
    assert_eq!(bob.command("GET sensor/1"), "VALUE a");
    let error = "ERROR: Not permitted: 'other' is not among the keys of the user 'bob'";
    for command in ["GET other", "MGET sensor/1 other", "EXISTS other", "TTL other"] {
        assert_eq!(bob.command(command), error, "{command}");
    }
    let error = "needs the permission write, which the user 'bob' does not have";
    assert_eq!(bob.command("SET sensor/1 x"), format!("ERROR: Not permitted: SET {error}"));
    assert!(bob.command("SHUTDOWN").contains(" needs the permission admin"));
    assert_eq!(bob.list("SCAN"), ["KEYS 2", "sensor/1", "sensor/2"]);
    assert!(bob.command("HASH sensor/").starts_with("HASH sensor/ "));
    assert!(bob.command("HASH").starts_with("ERROR: Not permitted: HASH is about all keys"));
    assert!(!bob.list("INFO").concat().contains("root_hash"));
    assert!(ada.list("INFO").concat().contains("root_hash"));
    assert_eq!(ada.command("GET sensor/1"), "VALUE a");
    assert_eq!(ada.command("SHUTDOWN"), "OK");
}

#[test]
fn resp_and_the_legacy_dialect_say_it_in_their_words() {
    let file = file();
    let legacy = NodeSettings::alone("one").network("dialect = \"legacy\"");
    let node = Node::start(legacy.section(&file.section()));
    let mut client = node.client();
    assert!(client.command("GET k").starts_with("ERROR Not permitted: GET needs a user"));
    assert_eq!(client.command("AUTH ada wrong"), "ERROR Not permitted: wrong user or password");
    let mut resp = RespClient::connect(node.address());
    let mut code = |words: &[&str]| resp.run(words).code().map(str::to_owned);
    assert_eq!(code(&["GET", "k"]).as_deref(), Some("NOAUTH"));
    assert_eq!(code(&["AUTH", "eve", PASSWORD]).as_deref(), Some("WRONGPASS"));
    assert_eq!(code(&["HELLO", "3", "AUTH", "bob", "bob's password"]), None);
    assert_eq!(code(&["GET", "k"]).as_deref(), Some("NOPERM"));
    assert_eq!(code(&["SET", "sensor/1", "v"]).as_deref(), Some("NOPERM"));
    assert_eq!(code(&["GET", "sensor/1"]), None);
    assert_eq!(code(&["CLIENT", "SETNAME", "me"]), None);
    assert_eq!(code(&["CLIENT", "LIST"]).as_deref(), Some("NOPERM"));
    assert_eq!(code(&["RESET"]), None);
    assert_eq!(code(&["GET", "sensor/1"]).as_deref(), Some("NOAUTH"));
    node.stop();
}

#[test]
fn default_without_a_password_is_who_everybody_is_at_first() {
    let file = file();
    let add = ["add", "default", "--permissions", "read", "--no-password"];
    assert!(file.run(&add, "").status.success());
    let node = node_of(&file);
    let mut client = node.client();
    assert_eq!(client.command("GET k"), "(null)");
    assert!(client.command("SET k v").contains("the user 'default' does not have"));
    assert_eq!(client.command("AUTH bob \"bob's password\""), "OK");
    assert!(client.command("GET k").contains("keys of the user 'bob'"));
    node.stop();
}

/// The hash of each takes 19 MiB while it is computed.
#[test]
fn many_who_log_in_at_once_take_turns_and_no_more_memory_than_a_few() {
    const MANY: usize = 50;
    const MIB: u64 = 1 << 20;
    let file = file();
    let node = node_of(&file);
    let mut clients: Vec<Client> = (0..MANY).map(|_| node.client()).collect();
    for client in &mut clients {
        client.send(format!("AUTH ada \"{PASSWORD}\"\r\nSET k v\r\n"));
    }
    for client in &mut clients {
        assert_eq!((client.line(), client.line()), ("OK".to_owned(), "OK".to_owned()));
    }
    assert!(node.peak_memory() < 200 * MIB, "{}", node.peak_memory());
    node.stop();
}

/// Ten thousand common passwords are tried in a second where nothing slows them down.
#[test]
fn whoever_guesses_is_slowed_down_and_then_sent_away_while_others_work_on() {
    let file = file();
    let node = node_of(&file);
    let mut ada = logged_in(&node, &format!("AUTH ada \"{PASSWORD}\""));
    let begun = Instant::now();
    let (mut wrong, mut refused) = (0, String::new());
    while refused.is_empty() {
        // From a new connection and for another user each time: it is the address that counts.
        let reply = node.client().command(&format!("AUTH user{wrong} guess"));
        match reply.as_str() {
            "ERROR: Not permitted: wrong user or password" => wrong += 1,
            _ => refused = reply,
        }
        assert_eq!(ada.command("SET k v"), "OK");
    }
    let took = begun.elapsed();
    assert!(refused.contains("too many wrong passwords from this address, try again in"));
    assert_eq!(wrong, 8, "{refused}");
    assert!(took > Duration::from_millis(3_700), "{took:?}");
    // The right one is not looked at either, in whatever protocol.
    let right = node.client().command(&format!("AUTH ada \"{PASSWORD}\""));
    assert!(right.contains("too many wrong passwords"), "{right}");
    let mut resp = RespClient::connect(node.address());
    assert_eq!(resp.run(&["AUTH", "ada", PASSWORD]).code(), Some("WRONGPASS"));
    assert_eq!(ada.count("failed_logins"), 8);
    node.stop();
}

#[test]
fn a_program_with_an_old_password_shuts_out_nobody() {
    let file = file();
    let mut node = node_of(&file);
    for _ in 0..20 {
        let reply = node.client().command("AUTH bob old-password");
        assert_eq!(reply, "ERROR: Not permitted: wrong user or password");
    }
    let mut ada = logged_in(&node, &format!("AUTH ada \"{PASSWORD}\""));
    assert_eq!(ada.count("failed_logins"), 20);
    node.end();
    let told = node.log().matches("a login failed").count();
    assert!((10..20).contains(&told), "{told} lines: ten a minute");
}

#[test]
fn a_port_for_everybody_is_warned_of() {
    let everywhere = || NodeSettings::alone("one").network("bind_address = \"0.0.0.0\"");
    let node = Node::start(everywhere());
    node.logged("the port is open to everybody who can reach it");
    node.stop();
    let file = file();
    let node = Node::start(everywhere().section(&file.section()));
    node.logged("passwords and data cross the network as they are");
    assert!(!node.log().contains("open to everybody"));
    node.stop();
    let node = node_of(&file);
    assert!(!node.log().contains("WARN"), "{}", node.log());
    node.stop();
}

#[test]
fn secrets_are_in_no_log_no_report_and_no_printed_configuration() {
    let file = file();
    let security = format!("{}\ncluster_secret = \"{SECRET}\"", file.security());
    let settings = NodeSettings::alone("one").section(&security);
    let node = Node::start(settings.section("[logging]\nlevel = \"trace\""));
    let mut ada = logged_in(&node, &format!("AUTH ada \"{PASSWORD}\""));
    let mut client = node.client();
    assert!(client.command("AUTH ada mistyped-password").starts_with("ERROR"));
    assert!(client.command("AUTH password-for-a-name x").starts_with("ERROR"));
    let line = node.logged("a login failed");
    assert!(line.contains("user=ada") && line.contains("client=127.0.0.1:"), "{line}");
    let line = node.logged("user=unknown");
    assert!(line.contains("a login failed"), "{line}");
    let clients = ada.list("CLIENT LIST");
    let named = clients.iter().filter(|line| line.contains(" user=")).collect::<Vec<_>>();
    assert!(named.len() == 1 && named[0].ends_with(" user=ada"), "{clients:?}");
    let reports = [ada.list("INFO"), ada.list("STATS"), clients].concat();
    let mut print = Command::new(env!("CARGO_BIN_EXE_merkle-kv"));
    let config = node.folder().join("node.toml");
    let printed = said(&print.args(["print-config", "--config"]).arg(config).output().unwrap());
    assert!(printed.contains("cluster_secret = \"********\""), "{printed}");
    let hash = fs::read_to_string(file.path()).unwrap();
    let hash = hash.lines().find(|line| line.starts_with("password_hash")).unwrap();
    let arguments = fs::read_to_string(format!("/proc/{}/cmdline", node.process_id())).unwrap();
    let all = [node.log(), reports.concat(), printed, arguments].concat();
    for secret in [PASSWORD, SECRET, "mistyped-password", "password-for-a-name", hash, "$argon2id"]
    {
        assert!(!all.contains(secret), "{secret} is shown in {all}");
    }
    node.stop();
}

#[test]
fn files_that_others_can_read_are_warned_of() {
    let file = file();
    let security = format!("{}\ncluster_secret = \"{SECRET}\"", file.security());
    let mut node = Node::prepare(NodeSettings::alone("one").section(&security));
    let config = node.folder().join("node.toml");
    let allow = |mode: u32| {
        for path in [&config, &file.path()] {
            fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
        }
    };
    allow(0o600);
    node.launch();
    node.listens();
    node.end();
    assert!(!node.log().contains("others can read"), "{}", node.log());
    allow(0o644);
    node.launch();
    node.listens();
    node.logged("others can read the secrets in the configuration file");
    node.logged("others can read the hashes of the users' passwords");
    node.stop();
}

#[test]
fn a_bad_file_of_users_ends_the_start_with_all_its_mistakes() {
    let file = UsersFile::new();
    let mut node = Node::prepare(NodeSettings::alone("one").section(&file.section()));
    let (code, said) = node.start_in_vain();
    assert_eq!(code, Some(2));
    assert!(said.starts_with("cannot read the users in "), "{said}");
    fs::write(file.path(), "[users.ada]\npermissions = [\"all\"]\n[users.bob]\nx = 1\n").unwrap();
    let (code, _) = node.start_in_vain();
    assert_eq!(code, Some(2));
    let mut check = Command::new(env!("CARGO_BIN_EXE_merkle-kv"));
    let config = node.folder().join("node.toml");
    let checked = check.args(["check-config", "--config"]).arg(config).output().unwrap();
    assert_eq!(checked.status.code(), Some(2));
    for text in [node.log(), self::said(&checked)] {
        for mistake in [
            "users.toml:2: users.ada.permissions: found [\"all\"], expected a list of \"read\",",
            "users.toml:1: users.ada.password_hash: missing;",
            "users.toml:4: users.bob.x: unknown key; the keys here are password_hash,",
        ] {
            assert!(text.contains(mistake), "no {mistake} in {text}");
        }
    }
}

#[test]
fn the_program_adds_lists_changes_and_removes_users() {
    let file = UsersFile::new();
    let run = |arguments: &[&str], password: &str| {
        let output = file.run(arguments, password);
        (output.status.code(), said(&output))
    };
    let (code, text) = run(&["add", "ada", "--permissions", "read,write"], "first");
    assert_eq!(code, Some(0), "{text}");
    assert!(text.starts_with("ada is a user; nodes take it when "), "{text}");
    let two = ["add", "bob", "--permissions", "read", "--keys", "a*", "--keys", "b,c"];
    assert_eq!(run(&two, "second").0, Some(0));
    assert_eq!(run(&["list"], "").1, "ada  read,write  *\nbob  read  a* b,c\n");
    assert_eq!(run(&["passwd", "bob"], "third").0, Some(0));
    assert_eq!(run(&["remove", "ada"], "").0, Some(0));
    assert_eq!(run(&["list"], "").1, "bob  read  a* b,c\n");
    for (arguments, password, expected) in [
        (&["add", "bob", "--permissions", "read"][..], "x", "there is a user bob already"),
        (&["add", "eve", "--permissions", "reed"], "x", "'reed' is no permission"),
        (&["add", "e v", "--permissions", "read"], "x", "'e v' is no name for a user"),
        (&["add", "eve", "--permissions", "read"], "", "a password has 1 to 1024 bytes"),
        (&["add", "eve", "--permissions", "read", "--no-password"], "", "only the user default"),
        (&["remove", "eve"], "", "there is no user eve in that file"),
        (&["passwd", "eve"], "x", "there is no user eve in that file"),
    ] {
        let (code, text) = run(arguments, password);
        assert_eq!(code, Some(2), "{text}");
        assert!(text.starts_with(expected), "{text}");
    }
    assert_eq!(run(&["list"], "").1, "bob  read  a* b,c\n");
    let mut add = Command::new(env!("CARGO_BIN_EXE_merkle-kv"));
    add.args(["user", "add", "default", "--permissions", "read", "--no-password", "--file"]);
    let added = add.arg("/proc/users.toml").output().unwrap();
    assert_eq!(added.status.code(), Some(1));
    assert!(said(&added).starts_with("cannot write the users to /proc/users.toml: "));
    let node = node_of(&file);
    assert_eq!(node.client().command("AUTH bob third"), "OK");
    assert!(node.client().command("AUTH bob second").starts_with("ERROR"));
    node.stop();
    let mode = fs::metadata(file.path()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

/// `script` gives the program a terminal; what is typed there is not shown.
#[test]
fn a_password_that_is_typed_is_asked_for_twice_and_not_shown() {
    let file = UsersFile::new();
    let typed = |first: &str, again: &str| {
        let program = env!("CARGO_BIN_EXE_merkle-kv");
        let path = file.path();
        let add =
            format!("exec {program} user add ada --permissions read --file {}", path.display());
        let mut command = Command::new("timeout");
        command.args(["20", "script"]);
        command.args(["--quiet", "--return", "--echo", "never", "--command", &add, "/dev/null"]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut process = command.spawn().unwrap();
        let mut keyboard = process.stdin.take().unwrap();
        let mut screen = process.stdout.take().unwrap();
        let mut shown = String::new();
        for (prompt, password) in [("new password: ", first), ("again: ", again)] {
            read_until(&mut screen, prompt, &mut shown);
            std::io::Write::write_all(&mut keyboard, format!("{password}\n").as_bytes()).unwrap();
        }
        std::io::Read::read_to_string(&mut screen, &mut shown).unwrap();
        (process.wait().unwrap().code(), shown)
    };
    let (code, shown) = typed("hidden-one", "hidden-two");
    assert_eq!(code, Some(2), "{shown}");
    assert!(shown.contains("the two passwords are not the same"), "{shown}");
    assert!(!file.path().exists());
    let (code, shown) = typed("hidden-one", "hidden-one");
    assert_eq!(code, Some(0), "{shown}");
    assert!(!shown.contains("hidden-one"), "{shown}");
    let node = node_of(&file);
    assert_eq!(node.client().command("AUTH ada hidden-one"), "OK");
    node.stop();
}

/// Reads until the screen ends with a prompt.
fn read_until(screen: &mut impl std::io::Read, prompt: &str, shown: &mut String) {
    let mut byte = [0];
    while !shown.ends_with(prompt) {
        assert_eq!(screen.read(&mut byte).unwrap(), 1, "no {prompt:?} in {shown:?}");
        shown.push(char::from(byte[0]));
    }
}

#[test]
fn a_peer_without_the_secret_gets_nothing_of_a_node_with_users() {
    let file = file();
    let nodes =
        peers(2, "interval_seconds = 600\npeer_discovery_interval = 1", |n, settings| match n {
            0 => settings.section(&format!("{}\ncluster_secret = \"{SECRET}\"", file.security())),
            _ => settings,
        });
    let mut ada = logged_in(&nodes[0], &format!("AUTH ada \"{PASSWORD}\""));
    assert_eq!(ada.command("SET private value"), "OK");
    let mut stranger = nodes[1].client();
    let synced = stranger.sync_with(nodes[0].address());
    assert_eq!((synced.result.as_str(), synced.received), ("failed", 0), "{synced:?}");
    assert_eq!(stranger.command("DBSIZE"), "DBSIZE 0");
    assert_eq!(ada.count("sync_entries_sent"), 0);
}

#[test]
fn peers_with_the_secret_need_no_user() {
    let file = file();
    let security = format!("{}\ncluster_secret = \"{SECRET}\"", file.security());
    let nodes = peers(2, "interval_seconds = 600", |_, settings| settings.section(&security));
    let mut ada = logged_in(&nodes[0], &format!("AUTH ada \"{PASSWORD}\""));
    assert_eq!(ada.command("SET shared value"), "OK");
    let synced = ada.sync_with(nodes[1].address());
    assert!(synced.is_equal(), "{synced:?}");
    let mut there = logged_in(&nodes[1], &format!("AUTH ada \"{PASSWORD}\""));
    assert_eq!(there.command("GET shared"), "VALUE value");
}

#[test]
fn the_programs_own_commands_log_in_with_a_password_from_the_environment() {
    let file = file();
    let node = node_of(&file);
    let run = |user: &str, password: &str, words: &[&str]| {
        let mut program = Command::new(env!("CARGO_BIN_EXE_merkle-kv"));
        program.args(["cli", "--user", user, &node.address().to_string()]).args(words);
        let output = program.env("MERKLEKV_PASSWORD", password).stdin(Stdio::null()).output();
        let output = output.unwrap();
        (output.status.code(), said(&output).trim_end().to_owned())
    };
    assert_eq!(run("ada", PASSWORD, &["SET", "k", "v"]), (Some(0), "OK".to_owned()));
    let (code, text) = run("bob", "bob's password", &["GET", "k"]);
    assert_eq!(code, Some(1));
    assert!(text.starts_with("ERROR: Not permitted: "), "{text}");
    let (code, text) = run("ada", "wrong", &["GET", "k"]);
    assert_eq!(code, Some(1));
    assert!(text.contains("does not let ada in"), "{text}");
    node.stop();
}

#[test]
fn a_changed_file_of_users_is_noticed_and_a_bad_one_changes_nothing() {
    let file = file();
    let node = node_of(&file);
    let mut ada = logged_in(&node, &format!("AUTH ada \"{PASSWORD}\""));
    let mut bob = logged_in(&node, "AUTH bob \"bob's password\"");
    assert_eq!(ada.command("SET sensor/1 1"), "OK");
    assert_eq!(bob.command("GET sensor/1"), "VALUE 1");
    let good = fs::read_to_string(file.path()).unwrap();
    fs::write(file.path(), good.replace("permissions", "permisions")).unwrap();
    let line = node.logged("permisions");
    assert!(line.contains("users.toml:"), "{line}");
    node.logged("is not reloaded");
    assert_eq!(bob.command("GET sensor/1"), "VALUE 1");
    fs::write(file.path(), &good).unwrap();
    assert!(file.run(&["remove", "bob"], "").status.success());
    // An open connection is nobody's from then on.
    let refused = "ERROR: Not permitted: GET needs a user, log in with AUTH user password";
    bob.until("GET sensor/1", refused);
    assert_eq!(ada.command("GET sensor/1"), "VALUE 1");
    node.stop();
}
