//! Bytes as a socket may deliver them: cut into pieces, by a number that the input holds.

/// The longest piece, in bytes: short, so that most things are cut somewhere inside.
const MAX_PIECE_BYTES: u64 = 23;

/// The pieces of `bytes`, other ones for each `seed`.
pub(crate) fn pieces(bytes: &[u8], seed: u8) -> impl Iterator<Item = &[u8]> {
    let mut rest = bytes;
    let mut state = u64::from(seed) + 1;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        // The constants are Knuth's MMIX.
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let length = 1 + ((state >> 33) % MAX_PIECE_BYTES) as usize;
        let (piece, behind) = rest.split_at(length.min(rest.len()));
        rest = behind;
        Some(piece)
    })
}
