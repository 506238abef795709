//! Bytes that are no session: noise, frames with a flipped bit, frames cut short, lengths that lie.

use crate::shapes::{Make, SHAPES, SMALL};
use crate::talk::{Talk, decode, repair};
use bytes::BytesMut;
use merkle_kv_core::clock::Hlc;
use merkle_kv_core::entry::Entry;
use merkle_kv_core::session::{
    Frame, FrameDecoder, MAX_FRAME_BYTES, SessionError, Side, encode_frame,
};
use merkle_kv_core::version::{NodeId, Version};

/// What is said in a session of this shape, with who says it.
fn recorded(make: Make) -> Vec<(Side, Frame)> {
    let mut shape = make();
    let mut talk = Talk::between(&mut shape.nodes, [0, 1], 1, true);
    talk.finish(&mut shape.nodes);
    talk.frames
}

fn bytes_of(frame: &Frame) -> BytesMut {
    let mut bytes = BytesMut::new();
    encode_frame(frame, &mut bytes);
    bytes
}

/// Everything that decodes of these bytes, up to the first error.
fn decoded(bytes: &[u8], trusted: bool) -> Result<Vec<Frame>, SessionError> {
    let mut decoder = FrameDecoder::default();
    let mut buffer = BytesMut::from(bytes);
    let mut frames = Vec::new();
    while let Some(frame) = decoder.decode(&mut buffer, trusted)? {
        frames.push(frame);
    }
    Ok(frames)
}

fn noise(seed: u64) -> impl Iterator<Item = u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    std::iter::repeat_with(move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 24) as u8
    })
}

#[test]
fn noise_is_an_error_or_the_wait_for_more() {
    for seed in 0..2_000 {
        let bytes: Vec<u8> = noise(seed).take(seed as usize % 300).collect();
        for trusted in [false, true] {
            let _ = decoded(&bytes, trusted);
            // The same as the body of a frame of each kind.
            for kind in 0..=9 {
                let mut framed = (bytes.len() as u32 + 1).to_be_bytes().to_vec();
                framed.push(kind);
                framed.extend(&bytes);
                let _ = decoded(&framed, trusted);
            }
        }
    }
}

#[test]
fn frames_come_out_whole_however_their_bytes_are_cut() {
    for make in SHAPES.into_iter().chain(SMALL) {
        let said: Vec<Frame> = recorded(make).into_iter().map(|(_, frame)| frame).collect();
        let all: BytesMut = said.iter().flat_map(bytes_of).collect();
        for pieces in [1, 7, 1_000] {
            let (mut decoder, mut buffer) = (FrameDecoder::default(), BytesMut::new());
            let mut frames = Vec::new();
            for piece in all.chunks(pieces) {
                buffer.extend_from_slice(piece);
                while let Some(frame) = decoder.decode(&mut buffer, true).unwrap() {
                    frames.push(frame);
                }
            }
            assert_eq!(frames, said);
        }
    }
}

#[test]
fn a_frame_that_is_cut_short_is_waited_for_and_one_that_says_it_is_whole_is_an_error() {
    for make in SMALL {
        for (_, frame) in recorded(make) {
            let bytes = bytes_of(&frame);
            for end in 0..bytes.len() {
                assert_eq!(decoded(&bytes[..end], true), Ok(Vec::new()));
            }
            for end in 4..bytes.len() {
                let mut short = ((end - 4) as u32).to_be_bytes().to_vec();
                short.extend(&bytes[4..end]);
                assert!(decoded(&short, true).is_err(), "{} of {end} bytes", frame.name());
            }
        }
    }
}

/// Leads a session in which one frame arrives with this bit flipped, and then one that is honest.
fn with_a_flipped_bit(make: Make, frame: usize, bit: usize) {
    let mut shape = make();
    let nodes = &mut shape.nodes[..];
    let mut talk = Talk::between(nodes, [0, 1], 1, true);
    for _ in 0..frame {
        talk.step(nodes).unwrap();
    }
    let mut bytes = bytes_of(&talk.send(nodes).unwrap());
    bytes[bit / 8] ^= 1 << (bit % 8);
    if let Ok(frames) = decoded(&bytes, true) {
        let mut is_well = frames.iter().all(|frame| talk.deliver(nodes, frame).is_ok());
        // The session goes on as long as nobody complains, which may be for ever.
        while is_well && talk.turns() <= 40 && !frames.is_empty() {
            is_well = talk.try_step(nodes) == Some(Ok(true));
        }
        assert!(talk.turns() <= 34, "a session of {} turns", talk.turns());
    }
    for node in &mut *nodes {
        // What the flip may have made of a timestamp, nobody else has.
        assert!(node.entries().len() <= 200);
    }
    repair(nodes, 50);
}

#[test]
fn a_flipped_bit_anywhere_in_a_session_is_survived() {
    for (shape, make) in SMALL.into_iter().enumerate() {
        for (at, (_, frame)) in recorded(make).iter().enumerate() {
            // All of a HELLO in one shape: there most bits mean something. An eleventh elsewhere.
            let every = if matches!(frame, Frame::Hello(_)) && shape == 1 { 1 } else { 11 };
            for bit in (0..8 * bytes_of(frame).len()).step_by(every) {
                with_a_flipped_bit(make, at, bit);
            }
        }
    }
}

#[test]
fn a_frame_with_a_flipped_bit_is_an_error_or_another_frame() {
    for make in SMALL {
        for (_, frame) in recorded(make) {
            let mut bytes = bytes_of(&frame);
            for bit in 0..8 * bytes.len() {
                bytes[bit / 8] ^= 1 << (bit % 8);
                assert_ne!(decoded(&bytes, true), Ok(vec![frame.clone()]));
                bytes[bit / 8] ^= 1 << (bit % 8);
            }
        }
    }
}

#[test]
fn a_length_beyond_the_limit_is_an_error_before_anything_is_kept() {
    for trusted in [false, true] {
        for length in [MAX_FRAME_BYTES as u32 + 1, 1 << 30, u32::MAX >> 1, u32::MAX] {
            let error = decoded(&length.to_be_bytes(), trusted).unwrap_err();
            assert!(matches!(error, SessionError::TooLong { limit: MAX_FRAME_BYTES, .. }));
        }
    }
}

fn full_piece() -> BytesMut {
    let mut bytes = BytesMut::from(&(1 << 31 | MAX_FRAME_BYTES as u32).to_be_bytes()[..]);
    // How ENTRIES with one entry begins.
    bytes.extend_from_slice(&[4, 0x91]);
    bytes.resize(4 + MAX_FRAME_BYTES, 7);
    bytes
}

#[test]
fn only_a_single_entry_or_key_may_have_several_pieces() {
    for (begun, is_taken) in
        [([4, 0x91], true), ([5, 0x91], true), ([4, 0x92], false), ([3, 0xc6], false)]
    {
        let mut piece = full_piece();
        piece[4..6].copy_from_slice(&begun);
        let decoded = FrameDecoder::default().decode(&mut piece, true);
        assert_eq!(decoded.is_ok(), is_taken, "{begun:?}");
    }
}

#[test]
fn pieces_without_an_end_are_an_error_at_the_longest_frame() {
    let mut decoder = FrameDecoder::default();
    let mut pieces = 0;
    let error = loop {
        let mut piece = full_piece();
        match decoder.decode(&mut piece, true) {
            Ok(frame) => assert_eq!((frame, piece.len()), (None, 0)),
            Err(error) => break error,
        }
        pieces += 1;
        assert!(pieces < 1_030, "it takes more than any frame has");
    };
    assert!(pieces >= 1_024, "{pieces} pieces");
    assert!(matches!(error, SessionError::TooLong { .. }));
}

#[test]
fn whoever_is_not_trusted_sends_one_piece_only() {
    let mut piece = full_piece();
    let error = FrameDecoder::default().decode(&mut piece, false).unwrap_err();
    assert!(matches!(error, SessionError::TooLong { .. }));
    let mut short = BytesMut::from(&(1_u32 << 31 | 3).to_be_bytes()[..]);
    short.extend_from_slice(b"abc");
    let error = FrameDecoder::default().decode(&mut short, true).unwrap_err();
    assert!(matches!(error, SessionError::Malformed(_)));
}

fn large(key_bytes: usize, value_bytes: usize) -> Frame {
    let version = Version { hlc: Hlc::from_raw(1), node: NodeId(1) };
    Frame::Entries(vec![Entry::value_of(&vec![b'k'; key_bytes], &vec![b'v'; value_bytes], version)])
}

#[test]
fn the_largest_entry_travels_in_pieces_and_a_larger_one_does_not() {
    for (key, value) in [(64 << 10, 0), (1_024, 1 << 20), (64 << 10, (64 << 20) - 100)] {
        let frame = large(key, value);
        assert_eq!(decode(&mut FrameDecoder::default(), &frame, true).unwrap(), frame);
        let stranger = decode(&mut FrameDecoder::default(), &frame, false);
        assert!(matches!(stranger, Err(SessionError::TooLong { .. })));
    }
    let longer = large(64 << 10, (64 << 20) + (64 << 10));
    let error = decode(&mut FrameDecoder::default(), &longer, true).unwrap_err();
    assert!(matches!(error, SessionError::TooLong { .. }));
}

#[test]
fn counts_that_lie_reserve_nothing() {
    // Arrays, maps, byte strings and texts of four thousand million elements, as each kind.
    for kind in 1..=8 {
        for marker in [0xdd, 0xdf, 0xc6, 0xdb] {
            let body = [kind, marker, 0xff, 0xff, 0xff, 0xff, 0x01, 0x01];
            let mut bytes = (body.len() as u32).to_be_bytes().to_vec();
            bytes.extend(body);
            match decoded(&bytes, true) {
                // BUSY has no content that is read.
                Ok(frames) => assert_eq!(frames, [Frame::Busy]),
                Err(error) => assert!(matches!(error, SessionError::Malformed(_))),
            }
        }
    }
}

#[test]
fn frames_nested_without_end_are_an_error() {
    for kind in 1..=8 {
        for (marker, levels) in [(0x91, 60_000), (0x81, 60_000)] {
            let mut bytes = (levels as u32 + 1).to_be_bytes().to_vec();
            bytes.push(kind);
            bytes.resize(5 + levels, marker);
            let decoded = decoded(&bytes, true);
            assert!(decoded.is_err() || decoded == Ok(vec![Frame::Busy]));
        }
    }
}
