"""redis-py against a node: redis_py.py PORT PROTOCOL, where PROTOCOL is 2 or 3.

Every command that a node has and the library has a method for, with the types that the library
makes of the replies. Ends with the number of replies that were checked.
"""

import asyncio
import sys
import time

import redis
import redis.asyncio

PORT, PROTOCOL = int(sys.argv[1]), int(sys.argv[2])
ADDRESS = {"host": "127.0.0.1", "port": PORT, "protocol": PROTOCOL, "socket_timeout": 20}
BINARY_KEY, BINARY_VALUE = b"\x00key\r\n\xff", bytes(range(256))
checked = 0


def same(found, expected):
    global checked
    checked += 1
    assert type(found) is type(expected) and found == expected, f"{found!r}, not {expected!r}"


def holds(fact):
    global checked
    checked += 1
    assert fact


def refused(kind, text, call, *arguments, **options):
    global checked
    checked += 1
    try:
        answer = call(*arguments, **options)
    except redis.ResponseError as error:
        assert type(error) is kind and str(error).startswith(text), f"{error!r}"
        return
    raise AssertionError(f"{answer!r} is no error")


def strings(r):
    same(r.flushall(), True)
    same(r.set("k", "v"), True)
    same(r.get("k"), b"v")
    same(r.get("none"), None)
    same(r.set("k", "w", nx=True), None)
    same(r.set("k", "w", xx=True), True)
    same(r.set("k", "x", get=True), b"w")
    same(r.set("fresh", "x", get=True), None)
    same(r.getset("k", "y"), b"x")
    same(r.getdel("k"), b"y")
    same(r.getdel("k"), None)
    same(r.setnx("k", "v"), True)
    same(r.setnx("k", "v"), False)
    same(r.strlen("k"), 1)
    same(r.append("k", "w"), 2)
    same(r.execute_command("PREPEND", "k", "u"), 3)
    same(r.get("k"), b"uvw")
    same(r.type("k"), b"string")
    same(r.type("none"), b"none")
    same(r.mset({"a": 1, "b": 2}), True)
    same(r.mget("a", "none", "b"), [b"1", None, b"2"])
    same(r.msetnx({"b": 3, "c": 3}), False)
    same(r.msetnx({"c": 3, "d": 4}), True)
    same(r.exists("a", "a", "none"), 2)
    same(r.delete("a", "b", "none"), 2)
    same(r.unlink("c", "d"), 2)
    same(r.incr("n"), 1)
    same(r.incrby("n", 41), 42)
    same(r.decr("n"), 41)
    same(r.decrby("n", 50), -9)
    same(r.set(BINARY_KEY, BINARY_VALUE), True)
    same(r.get(BINARY_KEY), BINARY_VALUE)
    same(r.set("empty", ""), True)
    same(r.get("empty"), b"")
    same(r.set("large", b"x" * (1 << 20)), True)
    same(r.strlen("large"), 1 << 20)


def expiry(r):
    now = int(time.time())
    same(r.set("t", "v", ex=1000), True)
    holds(990 < r.ttl("t") <= 1000)
    same(r.set("t", "v", px=1_000_000), True)
    holds(990_000 < r.pttl("t") <= 1_000_000)
    same(r.set("t", "w", keepttl=True), True)
    holds(r.ttl("t") > 990)
    same(r.set("t", "v", exat=now + 500), True)
    holds(490 < r.ttl("t") <= 501)
    same(r.set("t", "v", pxat=(now + 500) * 1000), True)
    holds(490 < r.ttl("t") <= 501)
    same(r.persist("t"), True)
    same(r.persist("t"), False)
    same(r.ttl("t"), -1)
    same(r.ttl("none"), -2)
    same(r.pttl("none"), -2)
    same(r.setex("t", 100, "v"), True)
    same(r.psetex("t", 100_000, "v"), True)
    same(r.expire("t", 200), True)
    same(r.expire("none", 200), False)
    same(r.expire("t", 300, nx=True), False)
    same(r.expire("t", 300, xx=True), True)
    same(r.expire("t", 200, gt=True), False)
    same(r.expire("t", 200, lt=True), True)
    same(r.pexpire("t", 300_000), True)
    same(r.expireat("t", now + 600), True)
    same(r.pexpireat("t", (now + 600) * 1000), True)
    same(r.expireat("t", 1), True)
    same(r.get("t"), None)
    same(r.set("gone", "v", px=1), True)
    deadline = time.time() + 20
    while r.get("gone") is not None:
        assert time.time() < deadline


def keys(r):
    same(r.flushdb(), True)
    same(r.dbsize(), 0)
    same(r.randomkey(), None)
    pipe = r.pipeline(transaction=False)
    names = [f"user:{n}".encode() for n in range(1000)]
    for name in names:
        pipe.set(name, "v")
    pipe.get("user:7").incr("count").get("none")
    replies = pipe.execute()
    same(replies[:1000], [True] * 1000)
    same(replies[1000:], [b"v", 1, None])
    same(r.dbsize(), 1001)
    same(sorted(r.scan_iter()), sorted(names + [b"count"]))
    same(sorted(r.scan_iter(match="user:9*", count=100)), sorted(r.keys("user:9*")))
    same(len(r.keys("user:9*")), 111)
    same(list(r.scan_iter(_type="list")), [])
    cursor, some = r.scan(0, count=10)
    holds(cursor > 0 and len(some) == 10)
    holds(r.randomkey() in set(names + [b"count"]))
    # One command that fails costs none of the others its reply.
    pipe = r.pipeline(transaction=False)
    pipe.set("p", "x").incr("p").get("p")
    replies = pipe.execute(raise_on_error=False)
    same(replies[0], True)
    same(type(replies[1]), redis.ResponseError)
    same(replies[2], b"x")


def the_node(r):
    same(r.ping(), True)
    same(r.echo("hello"), b"hello")
    facts = r.info()
    same(type(facts["redis_version"]), str)
    same(facts["role"], "master")
    same(facts["node_id"], "one")
    settings = r.config_get("max*")
    holds({"maxmemory", "maxmemory-policy"} <= settings.keys())
    same(r.config_get("nonsense"), {})
    seconds, micros = r.time()
    holds(abs(seconds - time.time()) < 60 and 0 <= micros < 1_000_000)
    same(r.select(0), True)
    same(type(r.client_id()), int)
    same(r.client_setname("worker"), True)
    holds(r.client_getname() in ("worker", b"worker"))
    holds("worker" in [client["name"] for client in r.client_list()])
    same(int(r.client_info()["id"]), r.client_id())
    holds(r.client_no_evict("ON") in (True, "OK", b"OK"))
    same(type(r.command_count()), int)
    holds({"get", "set", "hash"} <= set(r.command().keys()))
    same(r.command()["get"]["arity"], 2)
    holds(b"get" in r.command_list() or "get" in r.command_list())
    same(len(r.execute_command("HASH")), 64)
    same(r.execute_command("PEERS"), [])
    holds(r.execute_command("REPLICATE", "STATUS").startswith(b"disabled "))


def errors(r):
    r.set("text", "abc")
    refused(redis.ResponseError, "value is not an integer", r.incr, "text")
    refused(redis.ResponseError, "unknown command 'LPUSH'", r.lpush, "l", "v")
    refused(redis.ResponseError, "unknown command 'EVAL'", r.eval, "return 1", 0)
    refused(redis.ResponseError, "syntax error", r.execute_command, "SET", "k", "v", "NX", "XX")
    refused(redis.ResponseError, "wrong number of arguments for 'get'", r.execute_command, "GET")
    refused(redis.ResponseError, "invalid expire time", r.setex, "k", 0, "v")
    refused(redis.ResponseError, "DB index is out of range", r.execute_command, "SELECT", 99)
    r.set("n", 9223372036854775807)
    refused(redis.ResponseError, "increment or decrement would overflow", r.incr, "n")
    same(r.ping(), True)


def pool():
    pool = redis.ConnectionPool(**ADDRESS, client_name="from-the-pool", max_connections=5)
    clients = [redis.Redis(connection_pool=pool) for _ in range(5)]
    held = [pool.get_connection() for _ in range(3)]
    names = [client["name"] for client in clients[0].client_list()]
    same(names.count("from-the-pool"), 4)
    for connection in held:
        pool.release(connection)
    same([client.ping() for client in clients], [True] * 5)
    pool.disconnect()


async def asynchronous():
    r = redis.asyncio.Redis(**ADDRESS, client_name="async")
    same(await r.set("async", BINARY_VALUE, ex=100), True)
    same(await r.get("async"), BINARY_VALUE)
    same(await r.delete("count"), 1)
    same(await asyncio.gather(*(r.incr("count") for _ in range(50))) != [], True)
    same(await r.get("count"), b"50")
    async with r.pipeline(transaction=False) as pipe:
        replies = await pipe.set("x", 1).incr("x").ttl("async").execute()
    same(replies[:2], [True, 2])
    same(len([key async for key in r.scan_iter(match="user:1*")]), 111)
    holds("redis_version" in await r.info())
    try:
        await r.lpush("l", "v")
        raise AssertionError("no error")
    except redis.ResponseError:
        pass
    same(await r.get("x"), b"2")
    await r.aclose()


def main():
    with redis.Redis(**ADDRESS, decode_responses=False) as r:
        for part in (strings, expiry, keys, the_node, errors):
            part(r)
    pool()
    asyncio.run(asynchronous())
    with redis.Redis(**ADDRESS, decode_responses=True) as r:
        same(r.set("text", "schl\u00fcssel"), True)
        same(r.get("text"), "schl\u00fcssel")
    print(f"{checked} replies checked")


main()
