//! The fields of a line: `%HH` stands for a byte.

/// The bytes of a field.
pub(crate) fn decoded(field: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(field.len());
    let mut rest = field;
    while let Some((byte, behind)) = rest.split_first() {
        let hex = (*byte == b'%').then(|| behind.get(..2)).flatten();
        let escaped = hex.and_then(|hex| u8::from_str_radix(str::from_utf8(hex).ok()?, 16).ok());
        bytes.push(escaped.unwrap_or(*byte));
        rest = &behind[if escaped.is_some() { 2 } else { 0 }..];
    }
    bytes
}

/// A field that stands for these bytes.
pub(crate) fn encoded(bytes: &[u8]) -> Vec<u8> {
    let mut field = Vec::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        for byte in chunk.valid().bytes() {
            match byte {
                b'%' | b'\t' | b'\n' | b'\r' => push_hex(byte, &mut field),
                byte => field.push(byte),
            }
        }
        chunk.invalid().iter().for_each(|byte| push_hex(*byte, &mut field));
    }
    field
}

fn push_hex(byte: u8, field: &mut Vec<u8>) {
    field.extend(format!("%{byte:02X}").bytes());
}
