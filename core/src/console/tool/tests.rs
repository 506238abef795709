//! Words become what is to be done, or are told with the whole form.

use super::*;
use crate::console::{complete_word, row_help};

fn of(line: &str) -> Tool {
    Tool::of_line(line.as_bytes()).unwrap().unwrap()
}

fn watch(key: &[u8]) -> Tool {
    Tool::Watch { key: key.to_vec(), count: None, interval: INTERVAL, ttl: false }
}

#[test]
fn words_become_what_is_to_be_done() {
    assert_eq!(of("watch k"), watch(b"k"));
    assert_eq!(of("  WATCH   \"a b\\xff\""), watch(b"a b\xff"));
    assert_eq!(of("watch -- --count"), watch(b"--count"));
    let interval = Duration::from_millis(20);
    let all = Tool::Watch { key: b"k".to_vec(), count: Some(3), interval, ttl: true };
    assert_eq!(of("watch --count 3 k --interval 20 --ttl"), all);
    let export = |prefix: &str, format, file: Option<&str>| Tool::Export {
        prefix: prefix.into(),
        format,
        file: file.map(str::to_owned),
    };
    assert_eq!(of("export"), export("", Format::JsonLines, None));
    assert_eq!(of("export --prefix u: a.csv"), export("u:", Format::Csv, Some("a.csv")));
    assert_eq!(of("export a.csv --format jsonl"), export("", Format::JsonLines, Some("a.csv")));
    assert_eq!(of("export --format csv -"), export("", Format::Csv, None));
    let import =
        Tool::Import { format: Format::Csv, stop_on_error: true, file: Some("a.csv".into()) };
    assert_eq!(of("import --stop-on-error a.csv"), import);
}

#[test]
fn commands_of_the_node_are_none() {
    for line in ["", "  ", "GET watch", "watchman k", "exports", "IMPORTS x"] {
        assert_eq!(Tool::of_line(line.as_bytes()), None, "{line}");
    }
    assert_eq!(Tool::of_line(b"\xff watch"), None);
}

#[test]
fn what_does_not_fit_is_told_with_the_whole_form() {
    for (line, said) in [
        ("watch", "there is no key; it is used so: watch KEY [--count N]"),
        ("watch a b", "\"b\" is one argument too many; it is used so: watch KEY"),
        ("watch k --count", "--count has no value"),
        ("watch k --count 0", "--count is \"0\", and not a number from 1"),
        ("watch k --interval soon", "--interval is \"soon\", and not a number from 1"),
        ("watch k --json", "there is no option --json"),
        ("export --format xml", "there is no format \"xml\"; it is used so: export [--prefix P]"),
        ("export a b", "\"b\" is one argument too many"),
        ("import --prefix a", "there is no option --prefix; it is used so: import [--format"),
    ] {
        let told = Tool::of_line(line.as_bytes()).unwrap().unwrap_err().to_string();
        assert!(told.starts_with(said), "{line}: {told}");
    }
}

#[test]
fn tools_are_completed_and_explained_like_commands() {
    assert_eq!(complete_word("ex"), ["exists", "expire", "export"]);
    assert_eq!(complete_word("WA"), ["WATCH"]);
    let all = complete_word("");
    assert!(all.contains(&"watch".to_owned()) && all.contains(&"GET".to_owned()));
    assert_eq!(options("watch", "--"), ["--count", "--interval", "--ttl"]);
    assert_eq!(options("export", "--p"), ["--prefix"]);
    assert_eq!(options("get", "--"), [""; 0]);
    assert!(takes_key("WATCH") && !takes_key("export"));
    assert_eq!(tool_rows().lines().count(), names().count());
    for name in names() {
        assert!(tool_rows().contains(name));
        let help = row_help(name).unwrap();
        assert!(help.starts_with(name), "{help}");
        for option in options(name, "--") {
            assert!(help.matches(&option).count() >= 2, "{name} does not explain {option}");
        }
    }
}
