import io.merklekv.AsyncMerkleKVClient;
import io.merklekv.AsyncPipeline;
import io.merklekv.Result;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;

/** Calls through the asynchronous interface. */
final class AsyncCalls extends Calls {
    private final AsyncMerkleKVClient c;

    AsyncCalls(AsyncMerkleKVClient client) {
        c = client;
    }

    @Override
    Object make(String name, List<byte[]> a) {
        return outcome(start(name, a));
    }

    @Override
    List<Result<?>> pipeline(List<List<byte[]>> batch) {
        AsyncPipeline pipeline = c.pipeline();
        addAll(pipeline, batch);
        return outcome(pipeline.execute());
    }

    private static <T> T outcome(CompletableFuture<T> future) {
        try {
            return future.join();
        } catch (CompletionException failure) {
            throw (RuntimeException) failure.getCause();
        }
    }

    private CompletableFuture<?> start(String name, List<byte[]> a) {
        switch (name) {
            case "get": return c.get(t(a, 1));
            case "get_bytes": return c.getBytes(t(a, 1));
            case "set": return c.set(t(a, 1), t(a, 2));
            case "set_bytes": return c.set(t(a, 1), a.get(2));
            case "delete": return c.delete(t(a, 1));
            case "persist": return c.persist(t(a, 1));
            case "incr": return a.size() > 2 ? c.incr(t(a, 1), n(a)) : c.incr(t(a, 1));
            case "decr": return a.size() > 2 ? c.decr(t(a, 1), n(a)) : c.decr(t(a, 1));
            case "append": return c.append(t(a, 1), t(a, 2));
            case "prepend": return c.prepend(t(a, 1), t(a, 2));
            case "mget": return c.mget(keys(a));
            case "mset": return c.mset(pairs(a));
            case "exists": return c.exists(keys(a));
            case "expire": return c.expire(t(a, 1), n(a));
            case "ttl": return c.ttl(t(a, 1));
            case "dbsize": return c.dbsize();
            case "memory": return c.memory();
            case "ping": return a.size() > 1 ? c.ping(t(a, 1)) : c.ping();
            case "echo": return c.echo(t(a, 1));
            case "info": return c.info();
            case "stats": return c.stats();
            case "version": return c.version();
            case "hash": return a.size() > 1 ? c.hash(t(a, 1)) : c.hash();
            case "flush": return c.flush();
            case "scan": return c.scan(a.size() > 1 ? t(a, 1) : "").toList();
            case "auth": return c.auth(t(a, 1), t(a, 2));
            case "close": c.close(); return CompletableFuture.completedFuture(null);
            default: throw new IllegalArgumentException(name);
        }
    }
}
