import io.merklekv.MerkleKVClient;
import io.merklekv.Pipeline;
import io.merklekv.Result;
import java.util.List;
import java.util.stream.Collectors;

/** Calls through the ordinary interface. */
final class SyncCalls extends Calls {
    private final MerkleKVClient c;

    SyncCalls(MerkleKVClient client) {
        c = client;
    }

    @Override
    List<Result<?>> pipeline(List<List<byte[]>> batch) {
        Pipeline pipeline = c.pipeline();
        addAll(pipeline, batch);
        return pipeline.execute();
    }

    @Override
    Object make(String name, List<byte[]> a) {
        switch (name) {
            case "get": return c.get(t(a, 1));
            case "get_bytes": return c.getBytes(t(a, 1));
            case "set": c.set(t(a, 1), t(a, 2)); return null;
            case "set_bytes": c.set(t(a, 1), a.get(2)); return null;
            case "delete": return c.delete(t(a, 1));
            case "persist": return c.persist(t(a, 1));
            case "incr": return a.size() > 2 ? c.incr(t(a, 1), n(a)) : c.incr(t(a, 1));
            case "decr": return a.size() > 2 ? c.decr(t(a, 1), n(a)) : c.decr(t(a, 1));
            case "append": return c.append(t(a, 1), t(a, 2));
            case "prepend": return c.prepend(t(a, 1), t(a, 2));
            case "mget": return c.mget(keys(a));
            case "mset": c.mset(pairs(a)); return null;
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
            case "flush": c.flush(); return null;
            case "scan": return c.scan(a.size() > 1 ? t(a, 1) : "").stream().collect(Collectors.toList());
            case "auth": c.auth(t(a, 1), t(a, 2)); return null;
            case "close": c.close(); return null;
            default: throw new IllegalArgumentException(name);
        }
    }
}
