import redis.clients.jedis.Jedis;
import redis.clients.jedis.Pipeline;

/** The load with Jedis. */
public final class BenchJedis {
    public static void main(String[] arguments) {
        try (Jedis client = new Jedis(arguments[0], Integer.parseInt(arguments[1]))) {
            Load.single("set", i -> client.set(Load.key(i), Load.VALUE));
            Load.single("get", i -> client.get(Load.key(i)));
            Load.pipelined("set", from -> {
                try (Pipeline pipeline = client.pipelined()) {
                    for (int i = from; i < from + Load.BATCH; i++) {
                        pipeline.set(Load.key(i), Load.VALUE);
                    }
                    pipeline.syncAndReturnAll();
                }
            });
            Load.pipelined("get", from -> {
                try (Pipeline pipeline = client.pipelined()) {
                    for (int i = from; i < from + Load.BATCH; i++) {
                        pipeline.get(Load.key(i));
                    }
                    pipeline.syncAndReturnAll();
                }
            });
        }
    }
}
