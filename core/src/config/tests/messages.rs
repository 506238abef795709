//! What a person is told: everything at once, in order, in one line each, and never a secret.

use super::super::raw::MAX_FILE_BYTES;
use super::super::{Cause, Place};
use super::{MINIMAL, environment, from_text, problems, problems_with, resolved};

const SECRET: &str = "hunter2";

#[test]
fn mistakes_of_different_kinds_are_all_told_in_the_order_of_the_file() {
    let file = r#"node_id = "n 1"
descripton = "x"

[network]
bind_port = "abc"
max_connections = 0
bind_addres = "127.0.0.1"

[mqt]
broker_address = "tcp://127.0.0.1"

[logging]
level = "loud"
format = json
format = "text"
"#;
    let said = problems_with(file, &[("MERKLE_KV_NETWORK_BIND_PROT", "1")]);
    assert_eq!(
        said,
        [
            "x.toml:1: node_id: found \"n 1\", expected 1 to 64 of the characters A-Z a-z 0-9 . _ -",
            "x.toml:2: descripton: unknown key; did you mean description?",
            "x.toml:5: network.bind_port: found \"abc\", expected an integer from 0 to 65535",
            "x.toml:6: network.max_connections: found 0, expected an integer from 1 to 100000",
            "x.toml:7: network.bind_addres: unknown key; did you mean network.bind_address?",
            "x.toml:9: mqt: unknown section; did you mean [mqtt]?",
            "x.toml:13: logging.level: found \"loud\", expected \"error\" or \"warn\" or \"info\" \
             or \"debug\" or \"trace\" or \"off\"",
            "x.toml:14: column 10: string values must be quoted, expected literal string",
            "x.toml:15: format: column 1: duplicate key",
            "MERKLE_KV_NETWORK_BIND_PROT: unknown variable; did you mean \
             MERKLE_KV_NETWORK_BIND_PORT?",
        ]
    );
}

#[test]
fn what_the_file_lacks_is_named_with_an_example() {
    assert_eq!(
        problems(""),
        [
            "x.toml: node_id: missing; write node_id = \"node-1\"",
            "x.toml: mqtt.broker_address: missing; write broker_address = \
             \"tcp://127.0.0.1:1883\" under [mqtt], or enabled = true under [broker] to run one \
             in this node",
        ]
    );
}

#[test]
fn nothing_is_called_missing_that_a_syntax_error_may_hide() {
    assert_eq!(
        problems("node_id \"n1\"\n"),
        ["x.toml:1: column 9: key with no value, expected `=`"]
    );
}

#[test]
fn a_line_that_is_not_toml_is_told_once() {
    let said = problems(&format!("{MINIMAL}=\n"));
    assert_eq!(said.len(), 1);
    assert!(said[0].starts_with("x.toml:4: column 1: "), "{said:?}");
}

#[test]
fn after_a_broken_header_nothing_is_said_about_what_follows() {
    let file = format!("{MINIMAL}[broker\nbind_port = 7\nenabled = true\n[logging]\nlevel = 5\n");
    assert_eq!(problems(&file), ["x.toml:4: column 8: unclosed table, expected `]`"]);
}

#[test]
fn a_duplicate_header_does_not_silence_the_rest() {
    let file = format!("{MINIMAL}[mqtt]\nkeep_alive = 0\n");
    let said = problems(&file);
    assert_eq!(said.len(), 2);
    assert_eq!(said[0], "x.toml:4: mqtt: column 2: duplicate key");
    assert!(said[1].starts_with("x.toml:5: mqtt.keep_alive: found 0, "));
}

#[test]
fn keys_of_later_releases_are_unknown_like_any_other() {
    for section in ["later", "watch"] {
        let said = problems(&format!("{MINIMAL}[{section}]\nenabled = true\n"));
        let hint = "the sections are network, mqtt, broker, anti_entropy, security, tls, \
                    storage, logging, tracing, admin";
        assert_eq!(said, [format!("x.toml:4: {section}: unknown section; {hint}")]);
    }
    let said = problems_with(MINIMAL, &[("MERKLE_KV_WATCH_EVERYTHING", "data")]);
    let hint = "a name is MERKLE_KV_<SECTION>_<KEY>";
    assert_eq!(said, [format!("MERKLE_KV_WATCH_EVERYTHING: unknown variable; {hint}")]);
}

#[test]
fn a_key_in_the_wrong_section_is_sent_to_the_right_one() {
    let said = problems(&format!("max_connections = 1\n{MINIMAL}"));
    let hint = "did you mean network.max_connections?";
    assert_eq!(said, [format!("x.toml:1: max_connections: unknown key; {hint}")]);
}

#[test]
fn a_section_that_is_not_one_is_told() {
    assert_eq!(
        problems(&format!("network = 5\n{MINIMAL}\n[[logging]]\n")),
        [
            "x.toml:1: network: found an integer, expected a section",
            "x.toml:6: logging: found an array, expected a section",
        ]
    );
}

#[test]
fn a_long_value_is_cut_and_a_strange_one_is_escaped() {
    let said = problems_with(MINIMAL, &[("MERKLE_KV_NODE_ID", &"é".repeat(100))]);
    assert!(said[0].contains(&format!("found \"{}…\", expected", "é".repeat(60))), "{said:?}");
    let said = problems_with(MINIMAL, &[("MERKLE_KV_NODE_ID", "a\n\u{1b}[31m\"")]);
    assert!(said[0].contains(r#"found "a\n\u001B[31m\"", expected"#), "{said:?}");
}

#[test]
fn a_wrong_element_of_a_list_is_named_with_its_place() {
    let expected = "expected a list of up to 1000 host:port, IPv6 in brackets";
    let cases = [
        ("\"a:1\"", "\"a:1\""),
        ("[\"a:1\", \"node-2\"]", "\"node-2\" as element 2"),
        ("[\n\"a:1\",\n\"b:0\",\n]", "\"b:0\" as element 2"),
        ("[\"::1:7379\"]", "\"::1:7379\" as element 1"),
        ("[7379]", "7379 as element 1"),
        ("[\"a:1\", [\"b:1\"]]", "an array as element 2"),
    ];
    for (value, found) in cases {
        let said = problems(&format!("{MINIMAL}[anti_entropy]\npeer_list = {value}\n"));
        assert_eq!(said, [format!("x.toml:5: anti_entropy.peer_list: found {found}, {expected}")]);
    }
    for (value, found) in [("a", "\"a\" as element 1"), ("a:1, b:1", "\" b:1\" as element 2")] {
        let said = problems_with(MINIMAL, &[("MERKLE_KV_ANTI_ENTROPY_PEER_LIST", value)]);
        assert_eq!(said, [format!("MERKLE_KV_ANTI_ENTROPY_PEER_LIST: found {found}, {expected}")]);
    }
}

#[test]
fn a_list_is_told_by_its_length_where_none_or_a_shorter_one_belongs() {
    let peers = |count| {
        let list = vec!["a:1"; count].join(",");
        super::load(MINIMAL, "x.toml", &environment(&[("MERKLE_KV_ANTI_ENTROPY_PEER_LIST", &list)]))
    };
    assert!(peers(1_000).is_ok());
    let said = peers(1_001).expect_err("too many").to_string();
    assert!(said.contains(": found an array of length 1001, expected a list of up to 1000 "));
    let said = problems(&format!("{MINIMAL}keep_alive = [1, 2]\n"));
    assert!(said[0].contains(": found an array of length 2, expected an integer "), "{said:?}");
}

#[test]
fn a_file_over_the_limit_is_not_read() {
    let comment = "#".repeat(MAX_FILE_BYTES - MINIMAL.len());
    resolved(&format!("{MINIMAL}{comment}"), &[]);
    assert_eq!(
        problems(&format!("{MINIMAL}{comment}#")),
        ["x.toml: the file has 1048577 bytes, the most is 1048576; is this the right file?"]
    );
}

#[test]
fn only_a_hundred_problems_are_told() {
    let file: String = (0..150).map(|n| format!("k{n:03} = 1\n")).collect();
    let problems = from_text(&file).expect_err("nothing is known");
    assert_eq!((problems.iter().len(), problems.untold()), (100, 52));
    let said = problems.to_string();
    assert!(said.starts_with("x.toml:1: k000: ") && said.ends_with("\nand 52 more"), "{said}");
}

#[test]
fn a_problem_has_its_place_key_and_cause_as_values() {
    let problems = from_text(&format!("{MINIMAL}keep_alive = 0\n")).expect_err("0 seconds");
    let problem = problems.iter().next().expect("one problem");
    assert!(matches!(&problem.place, Place::Line { line: 4, file } if &**file == "x.toml"));
    assert_eq!(problem.key.as_deref(), Some("mqtt.keep_alive"));
    assert!(matches!(&problem.cause, Cause::Refused { found, .. } if found == "0"));
}

#[test]
fn lines_end_with_or_without_a_carriage_return_and_a_byte_order_mark_is_no_key() {
    let file = format!("\u{feff}{MINIMAL}keep_alive = 0\n").replace('\n', "\r\n");
    let said = problems(&file);
    assert_eq!(said.len(), 1);
    assert!(said[0].starts_with("x.toml:4: mqtt.keep_alive: "), "{said:?}");
}

#[test]
fn a_secret_is_in_no_message_however_it_is_written() {
    let wrong = [
        "password = \"hunter2\"",
        "password = hunter2",
        "password = hunter2 hunter2",
        "password = \"hunter2",
        "password = 'hunter2",
        "password = '''hunter2",
        "password = \"\"\"hunter2\nhunter2 = 1",
        "password = \"hunter2\" \"hunter2\"",
        "password = \"\\hunter2\"",
        "password = [\"hunter2\"]",
        "password = [\n\"hunter2\"\nhunter2 = 1\n",
        "password = { hunter2 = \"hunter2\" }",
        "password = hunter2 = hunter2",
        "password: \"hunter2\"",
        "password \"hunter2\"",
        "passwort = \"hunter2\"",
        "Password = \"hunter2\"",
        "password = \"a\"\npassword = \"hunter2\"",
        "username = \"\"\npassword = \"hunter2\"",
        "broker_address = \"tcp://u:hunter2@host\"",
    ];
    for line in wrong {
        let file = format!("node_id = \"n1\"\n[mqtt]\n{line}\n");
        let problems = from_text(&file).expect_err("each of them is wrong");
        assert!(!problems.to_string().contains(SECRET), "{line}: {problems}");
        assert!(!format!("{problems:?}").contains(SECRET), "{line}: {problems:?}");
    }
    for value in ["22756.25", "99999999999999999999999999999999999999999999", "22756"] {
        let said = problems(&format!("{MINIMAL}username = \"u\"\npassword = {value}\n"));
        assert!(said[0].contains("(not shown)") && !said[0].contains(value), "{said:?}");
    }
    let url = [("MERKLE_KV_MQTT_BROKER_ADDRESS", "tcp://u:hunter2@host")];
    assert!(!problems_with(MINIMAL, &url).concat().contains(SECRET));
    let long = [("MERKLE_KV_MQTT_PASSWORD", SECRET.repeat(10_000))];
    let long = long.map(|(name, value)| (name.to_owned(), value));
    let problems = super::load(MINIMAL, "x.toml", &long.into()).expect_err("too long");
    assert!(!format!("{problems} {problems:?}").contains(SECRET));
}

#[test]
fn a_cluster_secret_is_in_no_message_however_it_is_written() {
    let wrong = [
        "cluster_secret = \"hunter2\"",
        "cluster_secret = \" hunter2 hunter2 \"",
        "cluster_secret = [\"hunter2\", \"hunter2\"]",
        "cluster_secret = { hunter2 = \"hunter2\" }",
        "cluster_secret = hunter2hunter2hunter2",
        "cluster_secrets = \"hunter2hunter2hunter2\"",
    ];
    for line in wrong {
        let problems = from_text(&format!("{MINIMAL}[security]\n{line}\n")).expect_err(line);
        assert!(!format!("{problems} {problems:?}").contains(SECRET), "{line}: {problems}");
    }
    let secret = SECRET.repeat(3);
    let config = resolved(MINIMAL, &[("MERKLE_KV_SECURITY_CLUSTER_SECRET", &secret)]);
    assert!(!format!("{config:?} {config:#?} {}", config.to_toml()).contains(SECRET));
    let cluster_secret = config.security.cluster_secret.expect("a secret");
    assert_eq!(cluster_secret.expose(), secret);
}

#[test]
fn a_resolved_secret_is_shown_only_to_who_asks_for_it() {
    let variables = [("MERKLE_KV_MQTT_USERNAME", "u"), ("MERKLE_KV_MQTT_PASSWORD", SECRET)];
    let config = super::load(MINIMAL, "x.toml", &environment(&variables)).expect("it is right");
    assert!(!format!("{config:?} {config:#?}").contains(SECRET));
    assert!(!config.to_toml().contains(SECRET));
    let password = config.mqtt.and_then(|mqtt| mqtt.password).expect("a password");
    assert_eq!(password.expose(), SECRET);
    assert_eq!(format!("{password:?}"), "********");
}
