// ioredis against a node: ioredis.js PORT. Every command that a node has, with the types that the
// library makes of the replies. Ends with the number of replies that were checked.

"use strict";

const assert = require("node:assert/strict");
const Redis = require("ioredis");

const address = { host: "127.0.0.1", port: Number(process.argv[2]) };
const binary = Buffer.from(Array.from({ length: 256 }, (_, n) => n));
let checked = 0;

function same(found, expected) {
  checked += 1;
  assert.deepEqual(found, expected);
}

function holds(fact) {
  checked += 1;
  assert.ok(fact);
}

async function refused(promise, text) {
  checked += 1;
  await assert.rejects(promise, (error) => {
    assert.equal(error.name, "ReplyError");
    assert.ok(error.message.startsWith(text), error.message);
    return true;
  });
}

async function strings(r) {
  same(await r.flushall(), "OK");
  same(await r.set("k", "v"), "OK");
  same(await r.get("k"), "v");
  same(await r.get("none"), null);
  same(await r.set("k", "w", "NX"), null);
  same(await r.set("k", "w", "EX", 100, "XX", "GET"), "v");
  same(await r.getset("k", "y"), "w");
  same(await r.getdel("k"), "y");
  same(await r.setnx("k", "v"), 1);
  same(await r.setnx("k", "v"), 0);
  same(await r.append("k", "w"), 2);
  same(await r.call("PREPEND", "k", "u"), 3);
  same(await r.strlen("k"), 3);
  same(await r.type("k"), "string");
  same(await r.mset({ a: 1, b: 2 }), "OK");
  same(await r.mget("a", "none", "b"), ["1", null, "2"]);
  same(await r.msetnx("b", 3, "c", 3), 0);
  same(await r.exists("a", "a", "none"), 2);
  same(await r.del("a", "none"), 1);
  same(await r.unlink("b"), 1);
  same(await r.incr("n"), 1);
  same(await r.incrby("n", 41), 42);
  same(await r.decr("n"), 41);
  same(await r.decrby("n", 50), -9);
  same(await r.set(binary, binary), "OK");
  same(await r.getBuffer(binary), binary);
  same(await r.mgetBuffer(binary, "none"), [binary, null]);
  same(await r.set("empty", ""), "OK");
  same(await r.get("empty"), "");
}

async function expiry(r) {
  const now = Math.floor(Date.now() / 1000);
  same(await r.setex("t", 1000, "v"), "OK");
  holds((await r.ttl("t")) > 990);
  same(await r.psetex("t", 1000000, "v"), "OK");
  holds((await r.pttl("t")) > 990000);
  same(await r.set("t", "w", "KEEPTTL"), "OK");
  holds((await r.ttl("t")) > 990);
  same(await r.persist("t"), 1);
  same(await r.ttl("t"), -1);
  same(await r.ttl("none"), -2);
  same(await r.expire("t", 200), 1);
  same(await r.expire("t", 100, "GT"), 0);
  same(await r.pexpire("t", 200000), 1);
  same(await r.expireat("t", now + 600), 1);
  same(await r.pexpireat("t", (now + 600) * 1000), 1);
  same(await r.expireat("t", 1), 1);
  same(await r.exists("t"), 0);
}

async function keys(r) {
  same(await r.flushdb(), "OK");
  same(await r.randomkey(), null);
  const pipeline = r.pipeline();
  for (let n = 0; n < 1000; n += 1) pipeline.set(`user:${n}`, n);
  pipeline.get("user:7").incr("user:abc:none").lpush("l", "v").get("none");
  const replies = await pipeline.exec();
  same(replies.length, 1004);
  same(replies[0], [null, "OK"]);
  same(replies[1000], [null, "7"]);
  same(replies[1001], [null, 1]);
  holds(replies[1002][0].message.startsWith("ERR unknown command 'lpush'"));
  same(replies[1003], [null, null]);
  same(await r.dbsize(), 1001);
  const found = [];
  for await (const some of r.scanStream({ match: "user:9*", count: 50 })) found.push(...some);
  same(found.length, 111);
  same(found.sort(), (await r.keys("user:9*")).sort());
  holds((await r.randomkey()).startsWith("user:"));
}

async function theNode(r) {
  same(await r.ping(), "PONG");
  same(await r.ping("hello"), "hello");
  same(await r.echo("hello"), "hello");
  holds((await r.info()).includes("redis_version:"));
  same(await r.config("GET", "appendonly"), ["appendonly", "no"]);
  same((await r.time()).length, 2);
  same(await r.select(0), "OK");
  same(typeof (await r.client("ID")), "number");
  same(await r.client("SETNAME", "worker"), "OK");
  same(await r.client("GETNAME"), "worker");
  holds((await r.client("LIST")).includes("name=worker"));
  holds((await r.client("INFO")).includes("name=worker"));
  same(typeof (await r.command("COUNT")), "number");
  same((await r.command("INFO", "get"))[0].slice(0, 2), ["get", 2]);
  same((await r.call("HASH")).length, 64);
  same(await r.call("PEERS"), []);
}

async function errors(r) {
  await r.set("text", "abc");
  await refused(r.incr("text"), "ERR value is not an integer");
  await refused(r.hset("h", "f", "v"), "ERR unknown command 'hset'");
  await refused(r.call("SET", "k", "v", "NX", "XX"), "ERR syntax error");
  await refused(r.call("GET"), "ERR wrong number of arguments for 'get' command");
  same(await r.ping(), "PONG");
}

async function options() {
  const prefixed = new Redis({ ...address, keyPrefix: "app:", connectionName: "prefixed" });
  same(await prefixed.mset("x", 1, "y", 2), "OK");
  same(await prefixed.mget("x", "y"), ["1", "2"]);
  same(await prefixed.client("GETNAME"), "prefixed");
  const plain = new Redis({ ...address, enableAutoPipelining: true });
  same(await plain.mget("app:x", "x"), ["1", null]);
  const many = await Promise.all(Array.from({ length: 1000 }, () => plain.incr("auto")));
  same(many, Array.from({ length: 1000 }, (_, n) => n + 1));
  same(await prefixed.quit(), "OK");
  same(await plain.quit(), "OK");
}

async function main() {
  const r = new Redis(address);
  r.on("error", (error) => {
    throw error;
  });
  for (const part of [strings, expiry, keys, theNode, errors]) await part(r);
  same(await r.quit(), "OK");
  await options();
  console.log(`${checked} replies checked`);
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
