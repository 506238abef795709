package io.merklekv;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Operations that are sent together. Adding one gives its {@link Result}, which has the value when the
 * batch was executed. A bad key is refused here; what the dialect of the node cannot carry, when it
 * is executed, and then nothing is sent. For one thread.
 */
public abstract class CommandBatch {
    private List<Result<?>> results = new ArrayList<>();

    CommandBatch() {
    }

    /** Gives a key a value. */
    public Result<Void> set(String key, String value) {
        return add(Commands.set(key, Text.encode(value, "the value")));
    }

    /** Gives a key a value of any bytes. */
    public Result<Void> set(String key, byte[] value) {
        return add(Commands.set(key, value));
    }

    /** The value of a key, or empty if there is none. */
    public Result<Optional<String>> get(String key) {
        return add(Commands.get(key));
    }

    /** The value of a key as bytes, for values that are not UTF-8. */
    public Result<Optional<byte[]>> getBytes(String key) {
        return add(Commands.getBytes(key));
    }

    /** Deletes a key; false if there was none. */
    public Result<Boolean> delete(String key) {
        return add(Commands.yesOrNo("DEL", key, "DELETED"));
    }

    /** Adds 1 to a number; a missing key counts as 0. Gives the new number. */
    public Result<Long> incr(String key) {
        return add(Commands.count("INCR", key, 1));
    }

    /** Adds to a number; a missing key counts as 0. Gives the new number. */
    public Result<Long> incr(String key, long amount) {
        return add(Commands.count("INCR", key, amount));
    }

    /** Subtracts 1 from a number. Gives the new number. */
    public Result<Long> decr(String key) {
        return add(Commands.count("DECR", key, 1));
    }

    /** Subtracts from a number. Gives the new number. */
    public Result<Long> decr(String key, long amount) {
        return add(Commands.count("DECR", key, amount));
    }

    /** Puts a value behind the one that is there. Gives the whole. */
    public Result<String> append(String key, String value) {
        return add(Commands.joinText("APPEND", key, Text.encode(value, "the value")));
    }

    /** Puts bytes behind those that are there. Gives the whole. */
    public Result<byte[]> append(String key, byte[] value) {
        return add(Commands.joinBytes("APPEND", key, value));
    }

    /** Puts a value before the one that is there. Gives the whole. */
    public Result<String> prepend(String key, String value) {
        return add(Commands.joinText("PREPEND", key, Text.encode(value, "the value")));
    }

    /** Puts bytes before those that are there. Gives the whole. */
    public Result<byte[]> prepend(String key, byte[] value) {
        return add(Commands.joinBytes("PREPEND", key, value));
    }

    /** For each key what {@code get} would give. */
    public Result<List<Optional<String>>> mget(Collection<String> keys) {
        return add(Commands.mget(keys));
    }

    /** For each key what {@code get} would give. */
    public Result<List<Optional<String>>> mget(String... keys) {
        return add(Commands.mget(Arrays.asList(keys)));
    }

    /** For each key what {@code getBytes} would give. */
    public Result<List<Optional<byte[]>>> mgetBytes(Collection<String> keys) {
        return add(Commands.mgetBytes(keys));
    }

    /** Gives several keys their values: all, or none if it fails. */
    public Result<Void> mset(Map<String, String> pairs) {
        return add(Commands.mset(CommandBatch.encoded(pairs)));
    }

    /** Gives several keys values of any bytes: all, or none if it fails. */
    public Result<Void> msetBytes(Map<String, byte[]> pairs) {
        return add(Commands.mset(pairs));
    }

    /** How many of these keys there are; one named twice counts twice. */
    public Result<Long> exists(Collection<String> keys) {
        return add(Commands.exists(keys));
    }

    /** How many of these keys there are; one named twice counts twice. */
    public Result<Long> exists(String... keys) {
        return add(Commands.exists(Arrays.asList(keys)));
    }

    /** Deletes a key in so many seconds, at once if not above zero; false if there is no such key. */
    public Result<Boolean> expire(String key, long seconds) {
        return add(Commands.expire(key, seconds));
    }

    /** Keeps a key that was to expire; false if there is no key with an expiry. */
    public Result<Boolean> persist(String key) {
        return add(Commands.yesOrNo("PERSIST", key, "OK"));
    }

    /** Seconds that a key has still; -1 without an expiry, -2 without a key. */
    public Result<Long> ttl(String key) {
        return add(Commands.ttl(key));
    }

    /** The number of keys. */
    public Result<Long> dbsize() {
        return add(Commands.fact("DBSIZE"));
    }

    /** Gives {@code PONG} if the node answers. */
    public Result<String> ping() {
        return add(Commands.ping());
    }

    /** Gives the message if the node answers. */
    public Result<String> ping(String message) {
        return add(Commands.message("PING", "PONG ", message));
    }

    /** Gives the message back. */
    public Result<String> echo(String message) {
        return add(Commands.message("ECHO", "ECHO ", message));
    }

    /** Facts about the node, by name. */
    public Result<Map<String, String>> info() {
        return add(Commands.report("INFO", "# Server Information"));
    }

    /** Counters since the start of the node, by name. */
    public Result<Map<String, String>> stats() {
        return add(Commands.report("STATS", "STATS"));
    }

    /** The version of the node, such as {@code 0.2.0}. */
    public Result<String> version() {
        return add(Commands.version());
    }

    /** Estimated memory of the data, in bytes. */
    public Result<Long> memory() {
        return add(Commands.fact("MEMORY"));
    }

    /** The root of the Merkle tree, 64 hex digits. */
    public Result<String> hash() {
        return add(Commands.hash(""));
    }

    /** The root of the tree of the keys with this prefix, 64 hex digits. */
    public Result<String> hash(String prefix) {
        return add(Commands.hash(prefix));
    }

    /** Deletes every key <b>of the whole cluster</b>. */
    public Result<Void> flush() {
        return add(Commands.flush());
    }

    /** What was added so far, and begins anew. */
    List<Result<?>> take() {
        List<Result<?>> taken = results;
        results = new ArrayList<>();
        return taken;
    }

    static Map<String, byte[]> encoded(Map<String, String> pairs) {
        Map<String, byte[]> encoded = new LinkedHashMap<>();
        pairs.forEach((key, value) -> encoded.put(key, Text.encode(value, "the value")));
        return encoded;
    }

    private <T> Result<T> add(Command<T> command) {
        Result<T> result = new Result<>(command);
        results.add(result);
        return result;
    }
}
