//! What may go to a terminal. A value is whatever somebody wrote: it must not move the cursor,
//! change colours, set titles or turn the direction of writing.

use std::fmt::Write;

/// The text with all that drives a terminal written as escapes, and what is no UTF-8 as `\xHH`.
/// Tabs stay.
pub fn printable(text: &[u8]) -> String {
    let mut safe = String::with_capacity(text.len());
    for chunk in text.utf8_chunks() {
        for c in chunk.valid().chars() {
            // Writing to a String cannot fail.
            let _ = match c {
                '\t' => write!(safe, "\t"),
                c if c.is_ascii_control() => write!(safe, "\\x{:02x}", u32::from(c)),
                c if drives(c) => write!(safe, "\\u{{{:x}}}", u32::from(c)),
                c => write!(safe, "{c}"),
            };
        }
        for byte in chunk.invalid() {
            let _ = write!(safe, "\\x{byte:02x}");
        }
    }
    safe
}

/// Whether a text can be shown as it is.
pub(super) fn is_safe(text: &[u8]) -> bool {
    std::str::from_utf8(text).is_ok_and(|text| !text.chars().any(|c| c != '\t' && drives(c)))
}

/// Control characters, also those behind ASCII, which some terminals obey in UTF-8 too; line and
/// paragraph separators; marks and overrides of the direction.
fn drives(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}
