//! Sessions that are cut: whatever has come so far is merged, and a later session does the rest.

use crate::shapes::{Make, SHAPES, SMALL, Shape};
use crate::talk::{Talk, assert_all_hold, repair};

/// Leads a session so far, and no further. False if it is over before.
fn led(shape: &mut Shape, opens: usize, eager: bool, frames: usize, is_last_lost: bool) -> bool {
    let nodes = &mut shape.nodes[..];
    let mut talk = Talk::between(nodes, [opens, 1 - opens], 1, eager);
    for _ in 0..frames {
        if !talk.step(nodes).unwrap() {
            return false;
        }
    }
    !is_last_lost || talk.send(nodes).is_some()
}

fn is_repaired_after_every_frame(make: Make) {
    for (opens, eager) in [(0, true), (1, false)] {
        for is_last_lost in [false, true] {
            let mut frames = 0;
            loop {
                let mut shape = make();
                if !led(&mut shape, opens, eager, frames, is_last_lost) {
                    break;
                }
                let reopens = (frames + opens) % 2;
                shape.nodes.rotate_left(reopens);
                repair(&mut shape.nodes, 20);
                let written_again = shape.nodes.iter().any(|node| node.written_again > 0);
                if shape.name != "written again" {
                    assert!(!written_again, "{}", shape.name);
                    assert_all_hold(&mut shape.nodes, &shape.expected);
                }
                let given_up = shape.nodes.iter().map(|node| node.given_up.len()).sum::<usize>();
                match shape.name {
                    "refused" => assert_eq!(given_up, 200),
                    "few refused" => assert_eq!(given_up, 20),
                    _ => assert_eq!(given_up, 0, "{}", shape.name),
                }
                frames += 1;
            }
            assert!(frames >= 4, "a session of {frames} frames");
        }
    }
}

#[test]
fn a_session_that_is_cut_after_any_frame_is_made_up_for_by_the_next() {
    SHAPES.into_iter().for_each(is_repaired_after_every_frame);
}

#[test]
fn small_sessions_that_are_cut_are_made_up_for_too() {
    SMALL.into_iter().for_each(is_repaired_after_every_frame);
}
