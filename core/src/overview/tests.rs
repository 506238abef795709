//! What the nodes say comes to the right verdict, in words that name whom it is about.

use super::*;
use crate::console::{ClientReply, Palette};

fn report(title: &str, lines: &[&str]) -> ClientReply {
    let lines = lines.iter().map(|line| (*line).to_owned()).collect();
    ClientReply::Report(title.to_owned(), lines)
}

fn node(name: &str, root: &str) -> NodeView {
    let id = format!("node_id:{name}");
    let info = report(
        "INFO",
        &[&id, "ready:yes", "total_keys:5", "uptime_seconds:90061", "version:0.2.0"],
    );
    let stats = report("STATS", &["mqtt_queued:7"]);
    let hash = ClientReply::Fact("HASH".to_owned(), root.as_bytes().to_vec());
    NodeView::of(&format!("{name}:7379"), &info, &stats, &hash)
}

fn overview(nodes: &[(&str, &str)]) -> Overview {
    let nodes = nodes.iter().map(|(name, root)| node(name, root)).collect();
    Overview { nodes, unlisted: None }
}

#[test]
fn nodes_that_hold_the_same_are_well() {
    let seen = overview(&[("a", "0123456789"), ("b", "0123456789")]);
    let verdict = seen.verdict(None);
    assert!(verdict.is_well() && !seen.may_settle());
    let text = table(&seen, &verdict, Palette::Colourless);
    let row = "b     b:7379   yes  yes    5     01234567  yes    7      -           0.2.0    1d 1h";
    assert!(text.contains(row), "{text}");
    assert!(text.ends_with("well: all 2 nodes are up, ready, and hold the same\n"), "{text}");
}

#[test]
fn roots_that_stay_apart_are_different_and_those_that_all_change_are_busy() {
    let before = overview(&[("a", "1"), ("b", "2")]);
    let after = overview(&[("a", "3"), ("b", "4")]);
    let half = overview(&[("a", "3"), ("b", "2")]);
    assert!(after.may_settle());
    assert_eq!(after.verdict(Some(&before)), Verdict::Busy { nodes: vec!["b".to_owned()] });
    assert_eq!(half.verdict(Some(&before)), Verdict::Different { nodes: vec!["b".to_owned()] });
    assert_eq!(after.verdict(None), Verdict::Different { nodes: vec!["b".to_owned()] });
}

#[test]
fn a_node_that_is_down_or_not_ready_is_named_with_its_reason() {
    let mut seen = overview(&[("a", "1"), ("b", "1")]);
    seen.nodes.push(NodeView::down("c:7379", "nothing listens there".to_owned()));
    seen.nodes[1].is_ready = Some(false);
    let verdict = seen.verdict(None);
    let text = verdict.to_string();
    assert!(!verdict.is_well() && !seen.may_settle());
    assert!(text.contains("c:7379 gives no answer: nothing listens there"), "{text}");
    assert!(text.contains("b is not ready"), "{text}");
    seen.nodes[1].root = Some("2".to_owned());
    assert!(seen.verdict(None).to_string().contains("other data than a: b"));
}

#[test]
fn a_node_that_does_not_tell_its_peers_leaves_the_picture_incomplete() {
    let mut seen = overview(&[("a", "1")]);
    assert!(seen.verdict(None).is_well());
    seen.unlisted = Some("a does not tell its peers".to_owned());
    assert_eq!(seen.verdict(None).name(), "incomplete");
}

#[test]
fn a_refusal_is_no_answer() {
    let refused = ClientReply::Error("Not permitted".to_owned());
    let view = NodeView::of("a:1", &refused, &report("STATS", &[]), &ClientReply::Null);
    assert_eq!(view.error.as_deref(), Some("Not permitted"));
}

#[test]
fn peers_are_read_from_their_lines_and_what_is_none_is_left_out() {
    let reply = report(
        "PEERS",
        &[
            "b 10.0.0.2:7379 up root=equal last_equal=1700000000 last_error=none",
            "? 10.0.0.3:7379 unknown root=unknown last_equal=never last_error=\"a b\"",
            "nonsense",
        ],
    );
    let peers = known_peers(&reply);
    assert_eq!(peers.len(), 2);
    assert_eq!(peers[0].node_id.as_deref(), Some("b"));
    assert_eq!(peers[0].last_equal, Some(1_700_000_000));
    assert_eq!((peers[1].node_id.as_deref(), peers[1].last_equal), (None, None));
}

#[test]
fn a_name_cannot_drive_the_terminal() {
    let seen = overview(&[("\u{1b}[31m", "1"), ("b", "2")]);
    let text = table(&seen, &seen.verdict(None), Palette::Colourless);
    assert!(!text.contains('\u{1b}'), "{text:?}");
    let json: serde_json::Value = serde_json::from_str(&seen.to_json(&seen.verdict(None))).unwrap();
    assert_eq!(json["well"], false);
    assert_eq!(json["nodes"][1]["equal"], false);
}
