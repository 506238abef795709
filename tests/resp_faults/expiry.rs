//! Expiry that is set over RESP, seen on two nodes.

use super::{PATIENCE, connect};
use crate::harness::{BrokerKind, Cluster, Resp, wait_until};

#[test]
fn expiry_set_over_resp_holds_on_both_nodes() {
    let cluster = Cluster::start(2, BrokerKind::Embedded);
    let (mut here, mut there) = (connect(&cluster.nodes[0]), connect(&cluster.nodes[1]));
    assert_eq!(here.command("SET far v PX 1000000"), Resp::ok());
    assert_eq!(here.command("SET late v EX 1000"), Resp::ok());
    assert_eq!(here.command("SET soon v PX 1500"), Resp::ok());
    assert_eq!(here.command("MSET given v taken v"), Resp::ok());
    assert_eq!(here.command("EXPIRE given 500"), Resp::Number(1));
    wait_until(PATIENCE, "the writes arrive", || there.command("TTL given").number() > 0);
    let left = |reply: Resp, most: i64| (most - 60..=most).contains(&reply.number());
    assert!(left(there.command("TTL far"), 1_000));
    assert!(left(there.command("TTL late"), 1_000));
    assert!(left(there.command("TTL given"), 500));
    assert_eq!(there.command("TTL taken"), Resp::Number(-1));
    // Set there, seen here.
    assert_eq!(there.command("PERSIST far"), Resp::Number(1));
    assert_eq!(there.command("PEXPIREAT late 1"), Resp::Number(1));
    assert_eq!(there.command("SET taken w PX 1500 GET"), Resp::bulk("v"));
    wait_until(PATIENCE, "the writes arrive", || {
        here.command("TTL far") == Resp::Number(-1) && here.command("GET late") == Resp::NoBulk
    });
    for client in [&mut here, &mut there] {
        wait_until(PATIENCE, "both are over", || {
            client.command("EXISTS soon taken") == Resp::Number(0)
        });
        assert_eq!(client.command("TTL soon"), Resp::Number(-2));
        assert_eq!(client.command("KEYS *").items(), [Resp::bulk("far"), Resp::bulk("given")]);
        assert_eq!(client.command("DBSIZE"), Resp::Number(2));
    }
    cluster.nodes.into_iter().for_each(crate::harness::Node::stop);
}
