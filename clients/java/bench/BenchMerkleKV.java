import io.merklekv.MerkleKVClient;
import io.merklekv.Pipeline;

/** The load with this library. */
public final class BenchMerkleKV {
    public static void main(String[] arguments) {
        try (MerkleKVClient client = new MerkleKVClient(arguments[0], Integer.parseInt(arguments[1]))) {
            Load.single("set", i -> client.set(Load.key(i), Load.VALUE));
            Load.single("get", i -> client.get(Load.key(i)));
            Pipeline pipeline = client.pipeline();
            Load.pipelined("set", from -> {
                for (int i = from; i < from + Load.BATCH; i++) {
                    pipeline.set(Load.key(i), Load.VALUE);
                }
                pipeline.execute().forEach(result -> result.get());
            });
            Load.pipelined("get", from -> {
                for (int i = from; i < from + Load.BATCH; i++) {
                    pipeline.get(Load.key(i));
                }
                pipeline.execute().forEach(result -> result.get());
            });
        }
    }
}
