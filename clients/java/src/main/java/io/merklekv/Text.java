package io.merklekv;

import static java.nio.charset.StandardCharsets.UTF_8;

/** UTF-8 as bytes: strict both ways, where {@link String} would put in replacement characters. */
final class Text {
    private Text() {
    }

    static byte[] encode(String text, String what) {
        byte[] bytes = text.getBytes(UTF_8);
        // Half a surrogate pair becomes a question mark, so only texts with one can be bad.
        for (byte each : bytes) {
            if (each == '?') {
                checkPairs(text, what);
                break;
            }
        }
        return bytes;
    }

    static byte[] key(String key) {
        if (key.isEmpty()) {
            throw new MerkleKVArgumentException("a key needs at least one byte");
        }
        for (int i = 0; i < key.length(); i++) {
            char each = key.charAt(i);
            if (each <= ' ' || each == 0x7F) {
                throw new MerkleKVArgumentException(String.format(
                        "character %d of the key is U+%04X: keys have no spaces, tabs or control"
                        + " characters", i + 1, (int) each));
            }
        }
        return encode(key, "the key");
    }

    /** The text of these bytes, or null if they are not UTF-8. */
    static String decode(byte[] bytes, int start, int end) {
        String text = new String(bytes, start, end - start, UTF_8);
        return text.indexOf('\uFFFD') < 0 || isUtf8(bytes, start, end) ? text : null;
    }

    static boolean isUtf8(byte[] bytes, int start, int end) {
        for (int i = start; i < end;) {
            int length = sequence(bytes, i, end);
            if (length == 0) {
                return false;
            }
            i += length;
        }
        return true;
    }

    /** How many bytes the character that begins here has; 0 if none does (RFC 3629). */
    static int sequence(byte[] bytes, int at, int end) {
        int first = bytes[at] & 0xFF;
        if (first < 0x80) {
            return 1;
        }
        int length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
        if (first < 0xC2 || first > 0xF4 || at + length > end) {
            return 0;
        }
        int second = bytes[at + 1] & 0xFF;
        int lowest = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80;
        int highest = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;
        if (second < lowest || second > highest) {
            return 0;
        }
        for (int i = at + 2; i < at + length; i++) {
            if ((bytes[i] & 0xC0) != 0x80) {
                return 0;
            }
        }
        return length;
    }

    private static void checkPairs(String text, String what) {
        for (int i = 0; i < text.length(); i++) {
            if (!Character.isSurrogate(text.charAt(i))) {
                continue;
            }
            if (!Character.isSurrogatePair(text.charAt(i), i + 1 < text.length() ? text.charAt(i + 1) : 0)) {
                throw new MerkleKVArgumentException("character " + (i + 1) + " of " + what
                        + " is half a surrogate pair, which UTF-8 does not have");
            }
            i++;
        }
    }
}
