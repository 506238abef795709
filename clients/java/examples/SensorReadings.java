import io.merklekv.MerkleKVClient;
import io.merklekv.Pipeline;

/** Stores readings of sensors for an hour, and lists those of one room. */
public final class SensorReadings {
    public static void main(String[] arguments) {
        String host = arguments.length > 0 ? arguments[0] : "localhost";
        int port = arguments.length > 1 ? Integer.parseInt(arguments[1]) : 7379;
        try (MerkleKVClient client = new MerkleKVClient(host, port)) {
            Pipeline pipeline = client.pipeline();
            for (int sensor = 1; sensor <= 3; sensor++) {
                String key = "sensor:kitchen:" + sensor;
                pipeline.set(key, String.format("{\"celsius\": %d}", 18 + sensor));
                pipeline.expire(key, 3600);
            }
            pipeline.execute().forEach(result -> result.get());
            for (String key : client.scan("sensor:kitchen:")) {
                System.out.println(key + " " + client.get(key).orElse("(gone)")
                        + ", for " + client.ttl(key) + " s");
            }
            System.out.println("readings so far: " + client.incr("sensor:count", 3));
        }
    }
}
