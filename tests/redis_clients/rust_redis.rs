//! The Rust library `redis`: typed commands, pipelines, scans, both versions of RESP.

use super::node;
use crate::harness::Node;
use redis::{Commands, Connection, ConnectionLike, ErrorKind, ExistenceCheck, RedisResult};
use redis::{ServerErrorKind, SetExpiry, SetOptions, Value};
use std::collections::{BTreeSet, HashMap};

fn connect(node: &Node, version: u8) -> Connection {
    let url = format!("redis://{}/?protocol=resp{version}", node.address());
    redis::Client::open(url).unwrap().get_connection().unwrap()
}

#[test]
fn the_rust_library_works_in_both_versions() {
    let node = node();
    for version in [2, 3] {
        let mut r = connect(&node, version);
        let () = redis::cmd("FLUSHALL").exec(&mut r).unwrap();
        strings(&mut r).unwrap();
        expiry(&mut r).unwrap();
        keys(&mut r).unwrap();
        errors(&mut r);
        facts(&mut r, version);
    }
    node.stop();
}

fn strings(r: &mut Connection) -> RedisResult<()> {
    let binary: Vec<u8> = (0..=255).collect();
    let () = r.set("k", "v")?;
    assert_eq!(r.get::<_, String>("k")?, "v");
    assert_eq!(r.get::<_, Option<String>>("none")?, None);
    let () = r.set(&binary, &binary)?;
    assert_eq!(r.get::<_, Vec<u8>>(&binary)?, binary);
    assert_eq!(r.incr::<_, _, i64>("n", 41)?, 41);
    assert_eq!(r.incr::<_, _, i64>("n", 1)?, 42);
    assert_eq!(r.decr::<_, _, i64>("n", 50)?, -8);
    assert_eq!(r.append::<_, _, usize>("k", "w")?, 2);
    assert_eq!(r.strlen::<_, usize>("k")?, 2);
    assert!(!r.set_nx::<_, _, bool>("k", "x")?);
    assert_eq!(r.getset::<_, _, String>("k", "x")?, "vw");
    let () = r.mset(&[("a", 1), ("b", 2)])?;
    assert!(!r.mset_nx::<_, _, bool>(&[("b", 3), ("c", 3)])?);
    assert_eq!(r.mget::<_, Vec<Option<i32>>>(&["a", "c", "b"])?, [Some(1), None, Some(2)]);
    assert_eq!(r.exists::<_, usize>(&["a", "a", "none"])?, 2);
    assert_eq!(r.del::<_, usize>(&["a", "none"])?, 1);
    assert_eq!(r.unlink::<_, usize>("b")?, 1);
    assert_eq!(r.get_del::<_, String>("k")?, "x");
    Ok(())
}

fn expiry(r: &mut Connection) -> RedisResult<()> {
    let options = SetOptions::default()
        .conditional_set(ExistenceCheck::NX)
        .with_expiration(SetExpiry::EX(1_000))
        .get(true);
    assert_eq!(r.set_options::<_, _, Option<String>>("t", "v", options)?, None);
    assert!((990..=1_000).contains(&r.ttl::<_, i64>("t")?));
    assert!(r.expire::<_, bool>("t", 100)?);
    assert!((90_000..=100_000).contains(&r.pttl::<_, i64>("t")?));
    assert!(r.persist::<_, bool>("t")?);
    assert_eq!(r.ttl::<_, i64>("t")?, -1);
    let () = r.set_ex("t", "v", 100)?;
    let () = r.pset_ex("t", "v", 100_000)?;
    assert!(r.expire_at::<_, bool>("t", 1)?);
    assert!(!r.exists::<_, bool>("t")?);
    Ok(())
}

fn keys(r: &mut Connection) -> RedisResult<()> {
    let mut pipe = redis::pipe();
    for n in 0..1_000 {
        pipe.set(format!("user:{n}"), n).ignore();
    }
    let (seven, count): (i32, i32) = pipe.get("user:7").incr("count", 1).query(r)?;
    assert_eq!((seven, count), (7, 1));
    let scanned: BTreeSet<String> =
        r.scan_match::<_, String>("user:9*")?.collect::<RedisResult<_>>()?;
    assert_eq!(scanned.len(), 111);
    assert_eq!(r.keys::<_, BTreeSet<String>>("user:9*")?, scanned);
    assert_eq!(r.scan::<String>()?.count() as i64, redis::cmd("DBSIZE").query::<i64>(r)?);
    Ok(())
}

fn errors(r: &mut Connection) {
    let () = r.set("text", "abc").unwrap();
    let error = r.incr::<_, _, i64>("text", 1).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Server(ServerErrorKind::ResponseError));
    assert_eq!(error.detail(), Some("value is not an integer or out of range"));
    let error = r.lpush::<_, _, i64>("l", 1).unwrap_err();
    assert!(error.detail().unwrap().starts_with("unknown command 'LPUSH'"), "{error}");
    assert!(r.check_connection());
}

fn facts(r: &mut Connection, version: u8) {
    let info: redis::InfoDict = redis::cmd("INFO").query(r).unwrap();
    assert_eq!(info.get::<String>("role").unwrap(), "master");
    let settings: HashMap<String, String> =
        redis::cmd("CONFIG").arg("GET").arg("*").query(r).unwrap();
    assert_eq!(settings["databases"], "1");
    let raw: Value = redis::cmd("CONFIG").arg("GET").arg("databases").query(r).unwrap();
    match version {
        3 => assert!(matches!(raw, Value::Map(_)), "{raw:?}"),
        _ => assert!(matches!(raw, Value::Array(_)), "{raw:?}"),
    }
}
