//! The file of users: what it comes to, and what is told of its mistakes.

use super::super::{load_users, users_file};
use super::{MINIMAL, problems, resolved};
use crate::access::{Permissions, Users};

const HASH: &str = "$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHRzb21lc2FsdA$\
                    K5Dz9D8Yq0pV1Z1bKcSbSNx2GzJqGkPq2vY2cQm3k1o";

#[track_caller]
fn users(text: &str) -> Users {
    load_users(text, "u.toml").unwrap_or_else(|problems| panic!("{problems}"))
}

#[track_caller]
fn mistakes(text: &str) -> Vec<String> {
    let problems = load_users(text, "u.toml").expect_err("a mistake");
    problems.to_string().lines().map(str::to_owned).collect()
}

#[test]
fn a_file_comes_to_its_users_and_they_to_the_same_file() {
    let text = format!(
        "[users.reader]\npassword_hash = \"{HASH}\"\npermissions = [\"read\"]\n\
         keys = [\"sensor/*\", \"a\\\\*\"]\n\
         [users.\"o.p@site\"]\npassword_hash = \"{HASH}\"\npermissions = [\"admin\", \"write\"]\n\
         [users.default]\npermissions = []\n"
    );
    let table = users(&text);
    let names: Vec<&str> = table.iter().map(|user| user.name.as_str()).collect();
    assert_eq!(names, ["default", "o.p@site", "reader"]);
    let reader = table.find("reader").expect("a user");
    assert_eq!(reader.permissions.names(), ["read"]);
    assert!(reader.keys.allow(b"sensor/1") && reader.keys.allow(b"a*"));
    assert!(!reader.keys.allow(b"ab") && !reader.keys.are_all());
    let other = table.find("o.p@site").expect("a user");
    assert!(other.keys.are_all() && other.permissions.names() == ["write", "admin"]);
    assert_eq!(table.before_login().map(|user| user.permissions), Some(Permissions::default()));
    let printed = users_file(&table);
    let again = users(&printed);
    assert!(again.iter().eq(table.iter()), "{printed}");
    assert_eq!(users_file(&again), printed);
    assert_eq!(users("").iter().count(), 0);
}

#[test]
fn every_mistake_is_told_at_once_with_its_line_and_what_is_allowed() {
    let text = "\
[users.a]
password_hash = \"secret password\"
permissions = [\"read\", \"wriet\"]
keys = \"x*\"
[users.b]
pasword_hash = 1
[users.\"c d\"]
password_hash = 17
permissions = []
[users]
e = \"secret password\"
[node]
x = 1
";
    let said = mistakes(text).join("\n");
    for expected in [
        "u.toml:2: users.a.password_hash: found text (not shown), expected an argon2id hash as",
        "u.toml:3: users.a.permissions: found [\"read\", \"wriet\"], expected a list of \"read\",",
        "u.toml:4: users.a.keys: found \"x*\", expected a list of at most 64 patterns of 1 to 256",
        "u.toml:6: users.b.pasword_hash: unknown key; did you mean password_hash?",
        "u.toml:5: users.b.password_hash: missing; merkle-kv user passwd writes one",
        "u.toml:5: users.b.permissions: missing; write permissions = [\"read\"]",
        "u.toml:7: users: found \"c d\", expected 1 to 64 of the characters",
        "u.toml:8: users.c d.password_hash: found an integer (not shown), expected",
        "u.toml:11: users.e: found text, expected a section",
        "u.toml:12: node: unknown section; a file of users has nothing but [users.NAME]",
    ] {
        assert!(said.contains(expected), "no {expected}\nin {said}");
    }
    assert!(!said.contains("secret password"), "{said}");
}

#[test]
fn a_file_that_is_no_toml_is_told_where() {
    let said = mistakes("[users.a]\npermissions = [\"read\"]\nkeys == 3\n");
    assert!(said[0].starts_with("u.toml:3: column "), "{said:?}");
    let said = mistakes(&"#".repeat((1 << 20) + 1));
    assert_eq!(said.len(), 1);
    assert!(said[0].contains("the most is 1048576"), "{said:?}");
}

#[test]
fn hashes_of_other_kinds_and_such_that_cost_too_much_are_refused() {
    let file = |hash: &str| format!("[users.a]\npassword_hash = \"{hash}\"\npermissions = []\n");
    users(&file(HASH));
    for hash in [
        HASH.replace("argon2id", "argon2i"),
        HASH.replace("v=19", "v=16"),
        HASH.replace("v=19$", ""),
        HASH.replace("m=64", "m=262145"),
        HASH.replace("t=1", "t=17"),
        HASH.replace("p=1", "p=17"),
        HASH.replace("p=1", "p=1,keyid=AAAA"),
        HASH.rsplit_once('$').map(|(head, _)| head.to_owned()).unwrap_or_default(),
        "$2b$12$abcdefghijklmnopqrstuuABCDEFGHIJKLMNOPQRSTUVWXYZabcde".to_owned(),
        String::new(),
    ] {
        let said = mistakes(&file(&hash));
        assert_eq!(said.len(), 1, "{hash}: {said:?}");
        assert!(said[0].starts_with("u.toml:2: users.a.password_hash: found "), "{said:?}");
    }
}

#[test]
fn users_need_a_secret_between_peers_where_there_are_peers() {
    let file = |more: &str| format!("{MINIMAL}[security]\nusers_file = \"u.toml\"\n{more}");
    let said = problems(&file(""));
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(said[0].starts_with("x.toml:5: security.users_file: users without"), "{said:?}");
    assert!(said[0].contains("set the secret on every node"), "{said:?}");
    for more in
        ["cluster_secret = \"sixteen or more of them\"\n", "[anti_entropy]\nenabled = false\n"]
    {
        let config = resolved(&file(more), &[]);
        assert_eq!(config.security.users_file, Some("u.toml".into()));
        assert!(config.to_toml().contains("users_file = \"u.toml\"\n"));
    }
}

#[test]
fn a_file_with_a_secret_in_it_is_known() {
    let holds = super::super::holds_secret;
    assert!(!holds(MINIMAL));
    assert!(holds(&format!("{MINIMAL}password = \"x\"\n")));
    assert!(holds("[security]\ncluster_secret = \"x\"\nnonsense = 1\n"));
}
