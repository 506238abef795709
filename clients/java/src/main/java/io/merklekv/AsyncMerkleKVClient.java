package io.merklekv;

import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/**
 * The twin of {@link MerkleKVClient} whose calls give futures. One thread of its own makes the calls in
 * the order in which they were made; a {@link #pipeline} sends many of them at once. Failures are
 * in the futures, never thrown by the method. Futures are completed on that thread, so what is chained
 * to them must not wait for other calls of the same client: use {@code thenApplyAsync} for that.
 */
public final class AsyncMerkleKVClient implements AutoCloseable {
    private static final int IDLE_THREAD_SECONDS = 10;

    private final MerkleKVClient client;
    private final ExecutorService worker;

    /** A client with the default options. */
    public AsyncMerkleKVClient(String host, int port) {
        this(builder().host(host).port(port));
    }

    AsyncMerkleKVClient(ClientBuilder options) {
        client = new MerkleKVClient(options);
        ThreadPoolExecutor single = new ThreadPoolExecutor(1, 1, IDLE_THREAD_SECONDS, TimeUnit.SECONDS,
                new LinkedBlockingQueue<>(), task -> {
                    Thread thread = new Thread(task, "merklekv-" + options.address());
                    thread.setDaemon(true);
                    return thread;
                });
        // A client that nobody uses, or that nobody closed, keeps no thread.
        single.allowCoreThreadTimeOut(true);
        worker = single;
    }

    /** Options of a client; {@link ClientBuilder#buildAsync} makes it. */
    public static ClientBuilder builder() {
        return new ClientBuilder();
    }

    /** Gives a key a value. */
    public CompletableFuture<Void> set(String key, String value) {
        return submit(() -> Commands.set(key, Text.encode(value, "the value")));
    }

    /** Gives a key a value of any bytes. */
    public CompletableFuture<Void> set(String key, byte[] value) {
        return submit(() -> Commands.set(key, value));
    }

    /** The value of a key, or empty if there is none. */
    public CompletableFuture<Optional<String>> get(String key) {
        return submit(() -> Commands.get(key));
    }

    /** The value of a key as bytes, for values that are not UTF-8. */
    public CompletableFuture<Optional<byte[]>> getBytes(String key) {
        return submit(() -> Commands.getBytes(key));
    }

    /** Deletes a key; false if there was none. */
    public CompletableFuture<Boolean> delete(String key) {
        return submit(() -> Commands.yesOrNo("DEL", key, "DELETED"));
    }

    /** Adds 1 to a number; a missing key counts as 0. Gives the new number. */
    public CompletableFuture<Long> incr(String key) {
        return submit(() -> Commands.count("INCR", key, 1));
    }

    /** Adds to a number; a missing key counts as 0. Gives the new number. */
    public CompletableFuture<Long> incr(String key, long amount) {
        return submit(() -> Commands.count("INCR", key, amount));
    }

    /** Subtracts 1 from a number. Gives the new number. */
    public CompletableFuture<Long> decr(String key) {
        return submit(() -> Commands.count("DECR", key, 1));
    }

    /** Subtracts from a number. Gives the new number. */
    public CompletableFuture<Long> decr(String key, long amount) {
        return submit(() -> Commands.count("DECR", key, amount));
    }

    /** Puts a value behind the one that is there. Gives the whole. */
    public CompletableFuture<String> append(String key, String value) {
        return submit(() -> Commands.joinText("APPEND", key, Text.encode(value, "the value")));
    }

    /** Puts bytes behind those that are there. Gives the whole. */
    public CompletableFuture<byte[]> append(String key, byte[] value) {
        return submit(() -> Commands.joinBytes("APPEND", key, value));
    }

    /** Puts a value before the one that is there. Gives the whole. */
    public CompletableFuture<String> prepend(String key, String value) {
        return submit(() -> Commands.joinText("PREPEND", key, Text.encode(value, "the value")));
    }

    /** Puts bytes before those that are there. Gives the whole. */
    public CompletableFuture<byte[]> prepend(String key, byte[] value) {
        return submit(() -> Commands.joinBytes("PREPEND", key, value));
    }

    /** For each key what {@code get} would give. */
    public CompletableFuture<List<Optional<String>>> mget(Collection<String> keys) {
        return submit(() -> Commands.mget(keys));
    }

    /** For each key what {@code get} would give. */
    public CompletableFuture<List<Optional<String>>> mget(String... keys) {
        return submit(() -> Commands.mget(Arrays.asList(keys)));
    }

    /** For each key what {@code getBytes} would give. */
    public CompletableFuture<List<Optional<byte[]>>> mgetBytes(Collection<String> keys) {
        return submit(() -> Commands.mgetBytes(keys));
    }

    /** Gives several keys their values: all, or none if it fails. */
    public CompletableFuture<Void> mset(Map<String, String> pairs) {
        return submit(() -> Commands.mset(CommandBatch.encoded(pairs)));
    }

    /** Gives several keys values of any bytes: all, or none if it fails. */
    public CompletableFuture<Void> msetBytes(Map<String, byte[]> pairs) {
        return submit(() -> Commands.mset(pairs));
    }

    /** How many of these keys there are; one named twice counts twice. */
    public CompletableFuture<Long> exists(Collection<String> keys) {
        return submit(() -> Commands.exists(keys));
    }

    /** How many of these keys there are; one named twice counts twice. */
    public CompletableFuture<Long> exists(String... keys) {
        return submit(() -> Commands.exists(Arrays.asList(keys)));
    }

    /** Deletes a key in so many seconds, at once if not above zero; false if there is no such key. */
    public CompletableFuture<Boolean> expire(String key, long seconds) {
        return submit(() -> Commands.expire(key, seconds));
    }

    /** Keeps a key that was to expire; false if there is no key with an expiry. */
    public CompletableFuture<Boolean> persist(String key) {
        return submit(() -> Commands.yesOrNo("PERSIST", key, "OK"));
    }

    /** Seconds that a key has still; -1 without an expiry, -2 without a key. */
    public CompletableFuture<Long> ttl(String key) {
        return submit(() -> Commands.ttl(key));
    }

    /** The number of keys. */
    public CompletableFuture<Long> dbsize() {
        return submit(() -> Commands.fact("DBSIZE"));
    }

    /** Gives {@code PONG} if the node answers. */
    public CompletableFuture<String> ping() {
        return submit(() -> Commands.ping());
    }

    /** Gives the message if the node answers. */
    public CompletableFuture<String> ping(String message) {
        return submit(() -> Commands.message("PING", "PONG ", message));
    }

    /** Gives the message back. */
    public CompletableFuture<String> echo(String message) {
        return submit(() -> Commands.message("ECHO", "ECHO ", message));
    }

    /** Facts about the node, by name. */
    public CompletableFuture<Map<String, String>> info() {
        return submit(() -> Commands.report("INFO", "# Server Information"));
    }

    /** Counters since the start of the node, by name. */
    public CompletableFuture<Map<String, String>> stats() {
        return submit(() -> Commands.report("STATS", "STATS"));
    }

    /** The version of the node, such as {@code 0.2.0}. */
    public CompletableFuture<String> version() {
        return submit(() -> Commands.version());
    }

    /** Estimated memory of the data, in bytes. */
    public CompletableFuture<Long> memory() {
        return submit(() -> Commands.fact("MEMORY"));
    }

    /** The root of the Merkle tree, 64 hex digits. */
    public CompletableFuture<String> hash() {
        return submit(() -> Commands.hash(""));
    }

    /** The root of the tree of the keys with this prefix, 64 hex digits. */
    public CompletableFuture<String> hash(String prefix) {
        return submit(() -> Commands.hash(prefix));
    }

    /** Deletes every key <b>of the whole cluster</b>. */
    public CompletableFuture<Void> flush() {
        return submit(() -> Commands.flush());
    }

    /** The keys with this prefix in byte order, a page at a time. */
    public AsyncScan scan(String prefix) {
        return new AsyncScan(after -> submit(() -> Commands.scan(prefix, after)));
    }

    /** Logs in: this connection, and those after it, are this user's. */
    public CompletableFuture<Void> auth(String user, String password) {
        return run(() -> {
            client.auth(user, password);
            return null;
        });
    }

    /** Collects operations that {@link AsyncPipeline#execute} sends together. */
    public AsyncPipeline pipeline() {
        return new AsyncPipeline(this);
    }

    /** Ends the call that is being made, fails those that wait, and closes. May be called twice. */
    @Override
    public void close() {
        client.close();
    }

    CompletableFuture<List<Result<?>>> callAll(List<Result<?>> results) {
        return run(() -> client.callAll(results));
    }

    private <T> CompletableFuture<T> submit(Supplier<Command<T>> command) {
        try {
            Command<T> made = command.get();
            return run(() -> client.call(made));
        } catch (MerkleKVArgumentException refused) {
            return CompletableFuture.failedFuture(refused);
        }
    }

    private <T> CompletableFuture<T> run(Supplier<T> call) {
        CompletableFuture<T> future = new CompletableFuture<>();
        worker.execute(() -> {
            try {
                future.complete(call.get());
            } catch (RuntimeException | Error failure) {
                future.completeExceptionally(failure);
            }
        });
        return future;
    }
}
