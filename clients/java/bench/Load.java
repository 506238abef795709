import java.util.function.IntConsumer;

/** The load that both clients run: 1000 keys in turn, values of 64 bytes. */
final class Load {
    static final String VALUE = "x".repeat(64);
    static final int BATCH = 100;
    private static final int WARM_UP = 2_000;
    private static final int SINGLE = 20_000;
    private static final int PIPELINED = 200_000;

    private Load() {
    }

    static String key(int number) {
        return "bench:" + number % 1000;
    }

    static void single(String name, IntConsumer call) {
        measure("single " + name, WARM_UP, SINGLE, 1, call);
    }

    /** The consumer makes {@link #BATCH} calls, from this number on. */
    static void pipelined(String name, IntConsumer batch) {
        measure("pipelined " + name, WARM_UP, PIPELINED, BATCH, batch);
    }

    private static void measure(String name, int warmUp, int count, int step, IntConsumer call) {
        for (int i = 0; i < warmUp; i += step) {
            call.accept(i);
        }
        long start = System.nanoTime();
        for (int i = 0; i < count; i += step) {
            call.accept(i);
        }
        System.out.println(name + " " + count * 1_000_000_000L / (System.nanoTime() - start));
    }
}
