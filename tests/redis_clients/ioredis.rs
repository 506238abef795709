//! ioredis, under Node.js.

use super::{checked, node, output, script};
use crate::harness::test_tool;
use std::process::Command;

#[test]
fn ioredis_works() {
    let node = node();
    let port = node.address().port().to_string();
    let mut javascript = Command::new("node");
    javascript.env("NODE_PATH", test_tool("node/node_modules"));
    let said = output(javascript.arg(script("ioredis.js")).arg(&port));
    assert!(checked(&said) > 80);
    node.stop();
}
