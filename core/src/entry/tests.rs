//! Layout, size and order of entries.

use super::*;

fn version(hlc: u64, node: u64) -> Version {
    Version { hlc: Hlc::from_raw(hlc), node: NodeId(node) }
}

fn encoded(entry: &Entry) -> Vec<u8> {
    let mut bytes = Vec::new();
    entry.encode(&mut bytes);
    assert_eq!(bytes.len(), entry.encoded_bytes());
    bytes
}

#[test]
fn an_entry_gives_back_what_it_was_made_of() {
    let put = Entry::value_of(b"key", b"value", version(7, 9));
    assert_eq!((put.key(), put.value()), (&b"key"[..], Some(&b"value"[..])));
    assert_eq!((put.kind(), put.version()), (Kind::Value, version(7, 9)));
    assert_eq!(Entry::joined(b"key", b"va", b"lue", None, version(7, 9)), put);
    let gone = Entry::tombstone(b"key", version(8, 9));
    assert_eq!((gone.value(), gone.kind()), (None, Kind::Tombstone));
    assert_eq!(Entry::value_of(b"k", b"", version(1, 1)).value(), Some(&b""[..]));
}

#[test]
fn a_large_value_has_its_digest_with_it_and_a_small_one_has_none() {
    let sizes = [4088, 4095, 4096, 4097, 4104, 4128, 4129, 100_000];
    for (bytes, expires_at) in
        sizes.into_iter().flat_map(|bytes| [(bytes, None), (bytes, Some(UnixMillis(7)))])
    {
        let value = vec![b'x'; bytes];
        let entry = Entry::joined(b"key", &value[..5], &value[5..], expires_at, version(1, 1));
        assert_eq!(entry.value(), Some(&value[..]));
        let digest = (bytes > 4096).then(|| Sha256::digest(&value).to_vec());
        assert_eq!(entry.large_value_digest(), digest.as_deref());
    }
}

#[test]
fn every_form_of_writer_and_key_length_gives_back_the_same() {
    for (node, key_bytes) in
        [0, 9, u64::MAX].into_iter().flat_map(|node| [1, 255, 256, 70_000].map(|key| (node, key)))
    {
        let (key, at) = (vec![b'k'; key_bytes], Some(UnixMillis(5)));
        let made = [
            Entry::value_of(&key, b"value", version(7, node)),
            Entry::joined(&key, b"va", &[b'l'; 5000], at, version(7, node)),
            Entry::tombstone(&key, version(7, node)),
        ];
        for (entry, (value, at)) in
            made.iter().zip([(Some(5), None), (Some(5002), at), (None, None)])
        {
            assert_eq!((entry.key(), entry.version()), (&key[..], version(7, node)));
            assert_eq!((entry.value().map(<[u8]>::len), entry.expires_at()), (value, at));
            assert_eq!(Entry::decode(&encoded(entry)).as_ref(), Some(entry));
            let expires = at.is_some();
            let foretold = Entry::value_memory_bytes(key_bytes, value.unwrap_or(0), expires);
            assert_eq!(entry.memory_bytes(), foretold);
        }
    }
}

#[test]
fn the_encoded_form_stays_what_it_is() {
    let entry = Entry::joined(b"key", b"value", b"", Some(UnixMillis(0x0506)), version(0x0102, 3));
    assert_eq!(
        encoded(&entry),
        *b"\0\0\0\0\0\0\x01\x02\0\0\0\0\0\0\0\x03\x02\0\0\0\x03key\0\0\0\0\0\0\x05\x06value"
    );
}

#[test]
fn what_an_entry_takes_is_known_before_it_is_made() {
    for value_bytes in (0..40).chain([4095, 4096, 4097, 100_000]) {
        let value = vec![b'x'; value_bytes];
        for at in [None, Some(UnixMillis(7))] {
            let entry = Entry::joined(b"key", &value, b"", at, version(1, 1));
            let foretold = Entry::value_memory_bytes(3, value_bytes, at.is_some());
            assert_eq!(entry.memory_bytes(), foretold);
        }
    }
    // 11 + 3 + 16 = 30; 32 is a multiple of 16, and 1024 + 256 is a quarter of the way to 2048.
    assert_eq!(Entry::tombstone(b"key", version(1, 1)).memory_bytes(), 32 + 14 + 38);
    assert_eq!(Entry::value_memory_bytes(3, 19, false), 64 + 14 + 38);
    assert_eq!(Entry::value_memory_bytes(3, 1000, false), 1280 + 14 + 38);
}

#[test]
fn the_greater_of_time_node_kind_value_digest_and_expiry_survives_from_either_side() {
    // SHA-256("b") starts 3e, ("a") ca, ("5") ef, and (""), of the tombstone, e3.
    let rising = [
        Entry::value_of(b"k", b"z", version(1, 9)),
        Entry::value_of(b"k", b"b", version(2, 1)),
        Entry::value_of(b"k", b"a", version(2, 1)),
        Entry::value_of(b"k", b"5", version(2, 1)),
        Entry::joined(b"k", b"5", b"", Some(UnixMillis(8)), version(2, 1)),
        Entry::joined(b"k", b"5", b"", Some(UnixMillis(9)), version(2, 1)),
        Entry::tombstone(b"k", version(2, 1)),
        Entry::value_of(b"k", b"b", version(2, 2)),
    ];
    for (at, lesser) in rising.iter().enumerate() {
        assert!(!lesser.supersedes(lesser));
        for greater in &rising[at + 1..] {
            assert!(greater.supersedes(lesser), "{greater:?} over {lesser:?}");
            assert!(!lesser.supersedes(greater), "{lesser:?} over {greater:?}");
        }
    }
}

#[test]
fn an_expiry_is_kept_beside_the_value_and_read_back_from_the_bytes() {
    for value in [&b""[..], b"value", &[b'x'; 5000]] {
        let at = UnixMillis(0x0102_0304_0506_0708);
        let entry = Entry::joined(b"key", value, b"", Some(at), version(7, 9));
        assert_eq!((entry.key(), entry.value()), (&b"key"[..], Some(value)));
        assert_eq!((entry.kind(), entry.expires_at()), (Kind::Value, Some(at)));
        assert_eq!(Entry::decode(&encoded(&entry)).as_ref(), Some(&entry));
        assert!(!entry.is_expired(UnixMillis(at.0 - 1)) && entry.is_expired(at));
        let stays = Entry::value_of(b"key", value, version(7, 9));
        assert_eq!((stays.expires_at(), stays.is_expired(UnixMillis(u64::MAX))), (None, false));
        assert_eq!(stays.encoded_bytes() + 8, entry.encoded_bytes());
    }
}

#[test]
fn an_expiry_at_the_beginning_of_time_is_over_and_not_none() {
    let entry = Entry::joined(b"key", b"v", b"", Some(UnixMillis(0)), version(7, 9));
    assert_eq!(entry.expires_at(), Some(UnixMillis(1)));
    let mut bytes = encoded(&entry);
    bytes[24..32].fill(0);
    assert_eq!(Entry::decode(&bytes), None, "zero stands for no expiry and has no place here");
    assert_eq!(Entry::decode(&encoded(&entry)[..31]), None);
}

#[test]
fn what_has_expired_is_a_tombstone_of_the_same_version() {
    let entry = Entry::joined(b"key", b"v", b"", Some(UnixMillis(5)), version(7, 9));
    assert_eq!(entry.expired(), Entry::tombstone(b"key", version(7, 9)));
    assert!(entry.expired().supersedes(&entry));
    let later = Entry::value_of(b"key", b"v", version(7, 10));
    assert!(later.supersedes(&entry.expired()));
}
