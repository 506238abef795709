package io.merklekv;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.Arrays;
import org.junit.jupiter.api.Test;

class CommandBufferTest {
    private static String written(Dialect dialect, byte[] value) {
        CommandBuffer out = new CommandBuffer(dialect);
        out.value(value);
        return new String(Arrays.copyOf(out.array(), out.size()), UTF_8);
    }

    @Test
    void valuesAreQuotedWhereTheyMustBe() {
        String[][] table = {
            {"plain", "plain"}, {"two words", "two words"}, {"a\tb", "a\tb"}, {"say \"x\"", "say \"x\""},
            {"", "\"\""}, {" a", "\" a\""}, {"a ", "\"a \""}, {"\"a", "\"\\\"a\""},
            {"a\n\\", "\"a\\n\\\\\""}, {"\0\u007f", "\"\\0\\x7F\""}, {"grüße 🚀", "grüße 🚀"},
        };
        for (String[] row : table) {
            assertEquals(row[1], written(Dialect.STANDARD, row[0].getBytes(UTF_8)));
        }
        assertEquals("\"\\xFFé\"", written(Dialect.STANDARD, new byte[] {-1, (byte) 0xC3, (byte) 0xA9}));
    }

    @Test
    void everyByteSurvivesItsQuotes() {
        byte[] all = new byte[256];
        for (int i = 0; i < all.length; i++) {
            all[i] = (byte) i;
        }
        assertArrayEquals(all, Quoting.unquote(written(Dialect.STANDARD, all).getBytes(UTF_8)));
    }

    @Test
    void brokenQuotesAreNone() {
        for (String bad : new String[] {"\"", "\"a", "\"a\\\"", "\"\\q\"", "\"\\x4\"", "\"a\"b\""}) {
            assertNull(Quoting.unquote(bad.getBytes(UTF_8)), bad);
        }
    }

    @Test
    void theLegacyDialectRefusesWhatItWouldChange() {
        for (String bad : new String[] {"", " a", "a\u2028", "a\nb"}) {
            assertThrows(MerkleKVArgumentException.class,
                    () -> written(Dialect.LEGACY, bad.getBytes(UTF_8)));
        }
        assertEquals("\"a\"", written(Dialect.LEGACY, "\"a\"".getBytes(UTF_8)));
    }

    @Test
    void halfASurrogatePairIsRefused() {
        assertThrows(MerkleKVArgumentException.class, () -> Text.encode("a\ud83d", "the value"));
        assertEquals(5, Text.encode("?\ud83d\ude80", "the value").length);
    }
}
