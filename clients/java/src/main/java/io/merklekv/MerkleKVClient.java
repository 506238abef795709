package io.merklekv;

import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;

/**
 * A client of one node. It connects with its first call, and again when the connection broke. Threads
 * may share it: their calls take turns on its one connection.
 *
 * <p>Every operation may throw a {@link MerkleKVException}: see its subclasses.
 */
public final class MerkleKVClient implements AutoCloseable {
    private final Session session;
    private final ReentrantLock turn = new ReentrantLock();

    /** A client with the default options. */
    public MerkleKVClient(String host, int port) {
        this(builder().host(host).port(port));
    }

    MerkleKVClient(ClientBuilder options) {
        session = new Session(options);
    }

    /** Options of a client. */
    public static ClientBuilder builder() {
        return new ClientBuilder();
    }

    /** Gives a key a value. */
    public void set(String key, String value) {
        call(Commands.set(key, Text.encode(value, "the value")));
    }

    /** Gives a key a value of any bytes. */
    public void set(String key, byte[] value) {
        call(Commands.set(key, value));
    }

    /** The value of a key, or empty if there is none. */
    public Optional<String> get(String key) {
        return call(Commands.get(key));
    }

    /** The value of a key as bytes, for values that are not UTF-8. */
    public Optional<byte[]> getBytes(String key) {
        return call(Commands.getBytes(key));
    }

    /** Deletes a key; false if there was none. */
    public boolean delete(String key) {
        return call(Commands.yesOrNo("DEL", key, "DELETED"));
    }

    /** Adds 1 to a number; a missing key counts as 0. Gives the new number. */
    public long incr(String key) {
        return call(Commands.count("INCR", key, 1));
    }

    /** Adds to a number; a missing key counts as 0. Gives the new number. */
    public long incr(String key, long amount) {
        return call(Commands.count("INCR", key, amount));
    }

    /** Subtracts 1 from a number. Gives the new number. */
    public long decr(String key) {
        return call(Commands.count("DECR", key, 1));
    }

    /** Subtracts from a number. Gives the new number. */
    public long decr(String key, long amount) {
        return call(Commands.count("DECR", key, amount));
    }

    /** Puts a value behind the one that is there. Gives the whole. */
    public String append(String key, String value) {
        return call(Commands.joinText("APPEND", key, Text.encode(value, "the value")));
    }

    /** Puts bytes behind those that are there. Gives the whole. */
    public byte[] append(String key, byte[] value) {
        return call(Commands.joinBytes("APPEND", key, value));
    }

    /** Puts a value before the one that is there. Gives the whole. */
    public String prepend(String key, String value) {
        return call(Commands.joinText("PREPEND", key, Text.encode(value, "the value")));
    }

    /** Puts bytes before those that are there. Gives the whole. */
    public byte[] prepend(String key, byte[] value) {
        return call(Commands.joinBytes("PREPEND", key, value));
    }

    /** For each key what {@code get} would give. */
    public List<Optional<String>> mget(Collection<String> keys) {
        return call(Commands.mget(keys));
    }

    /** For each key what {@code get} would give. */
    public List<Optional<String>> mget(String... keys) {
        return call(Commands.mget(Arrays.asList(keys)));
    }

    /** For each key what {@code getBytes} would give. */
    public List<Optional<byte[]>> mgetBytes(Collection<String> keys) {
        return call(Commands.mgetBytes(keys));
    }

    /** Gives several keys their values: all, or none if it fails. */
    public void mset(Map<String, String> pairs) {
        call(Commands.mset(CommandBatch.encoded(pairs)));
    }

    /** Gives several keys values of any bytes: all, or none if it fails. */
    public void msetBytes(Map<String, byte[]> pairs) {
        call(Commands.mset(pairs));
    }

    /** How many of these keys there are; one named twice counts twice. */
    public long exists(Collection<String> keys) {
        return call(Commands.exists(keys));
    }

    /** How many of these keys there are; one named twice counts twice. */
    public long exists(String... keys) {
        return call(Commands.exists(Arrays.asList(keys)));
    }

    /** Deletes a key in so many seconds, at once if not above zero; false if there is no such key. */
    public boolean expire(String key, long seconds) {
        return call(Commands.expire(key, seconds));
    }

    /** Keeps a key that was to expire; false if there is no key with an expiry. */
    public boolean persist(String key) {
        return call(Commands.yesOrNo("PERSIST", key, "OK"));
    }

    /** Seconds that a key has still; -1 without an expiry, -2 without a key. */
    public long ttl(String key) {
        return call(Commands.ttl(key));
    }

    /** The number of keys. */
    public long dbsize() {
        return call(Commands.fact("DBSIZE"));
    }

    /** Gives {@code PONG} if the node answers. */
    public String ping() {
        return call(Commands.ping());
    }

    /** Gives the message if the node answers. */
    public String ping(String message) {
        return call(Commands.message("PING", "PONG ", message));
    }

    /** Gives the message back. */
    public String echo(String message) {
        return call(Commands.message("ECHO", "ECHO ", message));
    }

    /** Facts about the node, by name. */
    public Map<String, String> info() {
        return call(Commands.report("INFO", "# Server Information"));
    }

    /** Counters since the start of the node, by name. */
    public Map<String, String> stats() {
        return call(Commands.report("STATS", "STATS"));
    }

    /** The version of the node, such as {@code 0.2.0}. */
    public String version() {
        return call(Commands.version());
    }

    /** Estimated memory of the data, in bytes. */
    public long memory() {
        return call(Commands.fact("MEMORY"));
    }

    /** The root of the Merkle tree, 64 hex digits. */
    public String hash() {
        return call(Commands.hash(""));
    }

    /** The root of the tree of the keys with this prefix, 64 hex digits. */
    public String hash(String prefix) {
        return call(Commands.hash(prefix));
    }

    /** Deletes every key <b>of the whole cluster</b>. */
    public void flush() {
        call(Commands.flush());
    }

    /** All keys in byte order. */
    public KeyScan scan() {
        return scan("");
    }

    /** The keys with this prefix in byte order; asked for 1000 at a time, as the iterator comes to them. */
    public KeyScan scan(String prefix) {
        Text.encode(prefix, "the prefix");
        return new KeyScan(after -> call(Commands.scan(prefix, after)));
    }

    /** Logs in: this connection, and those after it, are this user's. */
    public void auth(String user, String password) {
        turn.lock();
        try {
            session.auth(user, password);
        } finally {
            turn.unlock();
        }
    }

    /** Collects operations that {@link Pipeline#execute} sends together. */
    public Pipeline pipeline() {
        return new Pipeline(this);
    }

    /** Closes the connection, when the call that is being made has ended. May be called twice. */
    @Override
    public void close() {
        turn.lock();
        try {
            session.close();
        } finally {
            turn.unlock();
        }
    }

    List<Result<?>> callAll(List<Result<?>> results) {
        turn.lock();
        try {
            return session.callAll(results);
        } finally {
            turn.unlock();
        }
    }

    <T> T call(Command<T> command) {
        turn.lock();
        try {
            return session.call(command);
        } finally {
            turn.unlock();
        }
    }
}
