//! See `tests/fuzzing`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| merkle_kv_fuzzing::run("presence", bytes));
