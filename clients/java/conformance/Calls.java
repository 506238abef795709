import io.merklekv.CommandBatch;
import io.merklekv.Result;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The calls of the suite as calls of the library; its two interfaces differ in their frame alone. */
abstract class Calls {
    /** Makes a call, and gives what the library gives. */
    abstract Object make(String name, List<byte[]> a);

    /** Makes calls in one pipeline. */
    abstract List<Result<?>> pipeline(List<List<byte[]>> batch);

    static void addAll(CommandBatch pipeline, List<List<byte[]>> batch) {
        batch.forEach(call -> add(pipeline, t(call, 0), call));
    }

    private static Result<?> add(CommandBatch c, String name, List<byte[]> a) {
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
            default: throw new IllegalArgumentException(name);
        }
    }

    static String t(List<byte[]> a, int place) {
        return Wire.text(a.get(place));
    }

    static long n(List<byte[]> a) {
        return Long.parseLong(t(a, 2));
    }

    static List<String> keys(List<byte[]> a) {
        List<String> keys = new ArrayList<>();
        a.subList(1, a.size()).forEach(key -> keys.add(Wire.text(key)));
        return keys;
    }

    static Map<String, String> pairs(List<byte[]> a) {
        Map<String, String> pairs = new LinkedHashMap<>();
        for (int i = 1; i < a.size(); i += 2) {
            pairs.put(t(a, i), t(a, i + 1));
        }
        return pairs;
    }
}
