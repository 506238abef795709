package io.merklekv;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class MerkleKVClientTest {
    private static String page(int keys) {
        return "KEYS " + keys + "\r\n" + IntStream.range(0, keys).mapToObj(i -> String.format("k%03d\r\n", i))
                .collect(Collectors.joining()) + "END\r\n";
    }

    private static String echo(String line) {
        return "VALUE " + line.substring(4) + "\r\n";
    }

    @Test
    void scanAsksForAPageWhenItComesToIt() {
        try (ScriptedNode node = new ScriptedNode(line -> page(line.contains("AFTER") ? 1 : 1000));
                MerkleKVClient client = node.options().build()) {
            Iterator<String> keys = client.scan("k").iterator();
            assertTrue(node.lines.isEmpty());
            for (int i = 0; i < 1000; i++) {
                keys.next();
            }
            assertEquals(List.of("VERSION", "SCAN \"k\" LIMIT 1000"), node.lines);
            assertTrue(keys.hasNext());
            assertEquals("SCAN \"k\" AFTER \"k999\" LIMIT 1000", node.lines.get(2));
            keys.next();
            assertFalse(keys.hasNext());
            assertEquals(3, node.lines.size());
        }
    }

    @Test
    void threadsGetTheirOwnAnswers() {
        try (ScriptedNode node = new ScriptedNode(MerkleKVClientTest::echo);
                MerkleKVClient client = node.options().build()) {
            boolean right = IntStream.range(0, 500).parallel()
                    .allMatch(i -> client.get("key" + i).equals(Optional.of("key" + i)));
            assertTrue(right);
        }
    }

    @Test
    void futuresGetTheirOwnAnswers() {
        try (ScriptedNode node = new ScriptedNode(MerkleKVClientTest::echo);
                AsyncMerkleKVClient client = node.options().buildAsync()) {
            List<CompletableFuture<Optional<String>>> futures = new ArrayList<>();
            for (int i = 0; i < 500; i++) {
                futures.add(client.get("key" + i));
            }
            for (int i = 0; i < 500; i++) {
                assertEquals(Optional.of("key" + i), futures.get(i).join());
            }
            CompletionException bad = assertThrows(CompletionException.class, () -> client.get("a b").join());
            assertInstanceOf(MerkleKVArgumentException.class, bad.getCause());
        }
    }

    @Test
    void closingTwiceIsFineAndACallAfterwardsIsNot() {
        try (ScriptedNode node = new ScriptedNode(MerkleKVClientTest::echo)) {
            MerkleKVClient client = node.options().build();
            client.get("a");
            client.close();
            client.close();
            assertThrows(MerkleKVConnectionException.class, () -> client.get("a"));
        }
    }

    @Test
    void aValueThatIsNoTextNamesTheTwinAndTheConnectionLives() {
        try (ScriptedNode node = new ScriptedNode(line -> "VALUE \"\\xFF\"\r\n");
                MerkleKVClient client = node.options().build()) {
            MerkleKVProtocolException failure =
                    assertThrows(MerkleKVProtocolException.class, () -> client.get("a"));
            assertTrue(failure.getMessage().contains("getBytes"));
            assertEquals((byte) 0xFF, client.getBytes("a").orElseThrow()[0]);
            assertEquals(3, node.lines.size());
        }
    }

    @Test
    void aResultIsThereOnlyAfterItsPipeline() {
        try (ScriptedNode node = new ScriptedNode(
                line -> line.startsWith("INCR") ? "ERROR: Wrong type: text\r\n" : echo(line));
                MerkleKVClient client = node.options().build()) {
            Pipeline pipeline = client.pipeline();
            Result<Long> refused = pipeline.incr("a");
            Result<Optional<String>> value = pipeline.get("b");
            assertThrows(IllegalStateException.class, value::get);
            pipeline.execute();
            assertEquals(Optional.of("b"), value.get());
            assertEquals("Wrong type", assertThrows(MerkleKVServerException.class, refused::get).code());
        }
    }

    @Test
    void aNodeThatReadsNothingCannotHoldALongWrite() throws Exception {
        try (ScriptedNode node = new ScriptedNode(line -> {
            try {
                Thread.sleep(1500);
            } catch (InterruptedException ended) {
                Thread.currentThread().interrupt();
            }
            return "";
        }); MerkleKVClient client = node.options().timeout(Duration.ofMillis(300)).build()) {
            Pipeline pipeline = client.pipeline();
            pipeline.ping();
            assertThrows(MerkleKVTimeoutException.class, pipeline::execute);
            assertThrows(MerkleKVTimeoutException.class,
                    () -> client.set("big", "x".repeat(64 << 20)));
        }
    }
}
