//! The transcripts in `tests/transcripts` against live nodes, one node for each.

use crate::harness::{Client, Node, NodeSettings, free_port};
use merkle_kv_test_support::transcript::{self, Action, Dialect, Transcript};

/// Nobody needs to be at the broker: commands about replication answer without one.
fn node_for(transcript: &Transcript) -> Node {
    let dialect = match transcript.dialect {
        Dialect::Standard => "standard",
        Dialect::Legacy => "legacy",
    };
    let settings = NodeSettings::at_broker("node1", free_port(), "transcripts");
    Node::start(settings.network(&format!("dialect = \"{dialect}\"")))
}

/// The first line that was not answered as the transcript says.
fn play(transcript: &Transcript, client: &mut Client) -> Option<String> {
    for step in &transcript.steps {
        match &step.action {
            Action::Send(bytes) => client.send(bytes),
            expected @ (Action::Expect(_) | Action::ExpectLike(_)) => {
                let answer = client.line();
                if !expected.accepts(&answer) {
                    let Transcript { name, .. } = transcript;
                    return Some(format!("{name}.txt:{}: {answer:?} for {expected:?}", step.line));
                }
            }
        }
    }
    client.finish();
    let left = client.rest();
    (!left.is_empty()).then(|| format!("{}.txt: left over: {left:?}", transcript.name))
}

#[test]
fn every_transcript_is_answered_by_a_live_node() {
    let transcripts = transcript::read_all(&transcript::directory()).unwrap();
    assert!(transcripts.len() >= 14, "{} transcripts", transcripts.len());
    let failures: Vec<String> = transcripts
        .iter()
        .filter_map(|transcript| {
            let node = node_for(transcript);
            play(transcript, &mut node.client())
        })
        .collect();
    assert!(failures.is_empty(), "{failures:#?}");
}

#[test]
fn a_wrong_and_a_missing_expectation_are_noticed() {
    for (text, told) in [
        ("#! dialect standard\n> PING\n< PANG\n", "\"PONG\" for Expect(\"PANG\")"),
        ("#! dialect standard\n> PING\n> PING\n< PONG\n", "left over: \"PONG"),
    ] {
        let transcript = Transcript::parse("wrong", text).unwrap();
        let node = node_for(&transcript);
        let failure = play(&transcript, &mut node.client());
        assert!(failure.as_ref().is_some_and(|failure| failure.contains(told)), "{failure:?}");
    }
}
