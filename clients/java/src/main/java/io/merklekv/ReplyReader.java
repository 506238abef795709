package io.merklekv;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;

/** Splits what a node sends into lines, and reads the forms that lines have. */
final class ReplyReader {
    private static final int CHUNK_BYTES = 32 * 1024;
    private static final int KEPT_BYTES = 1 << 20;
    private static final int LINE_END_BYTES = 2;

    private final InputStream in;
    private final String address;
    private final int limit;
    private Dialect dialect = Dialect.STANDARD;
    private byte[] buffer = new byte[CHUNK_BYTES];
    private int filled;
    private int next;
    private int start;
    private int end;

    ReplyReader(InputStream in, String address, int limit) {
        this.in = in;
        this.address = address;
        this.limit = limit;
    }

    void dialect(Dialect spoken) {
        dialect = spoken;
    }

    boolean isLegacy() {
        return dialect == Dialect.LEGACY;
    }

    int limit() {
        return limit;
    }

    /** Whether bytes are here that no command has asked for. */
    boolean hasUnread() {
        return next < filled;
    }

    /** Reads a line that is no error. */
    void reply() throws IOException {
        line();
        if (startsWith("ERROR: ") || startsWith("ERROR ")) {
            throw serverError();
        }
    }

    /** Reads a line, whatever it says. */
    void line() throws IOException {
        if (next == filled) {
            next = 0;
            filled = 0;
            if (buffer.length > KEPT_BYTES) {
                buffer = new byte[CHUNK_BYTES];
            }
        }
        int scanned = next;
        while (true) {
            for (; scanned < filled; scanned++) {
                if (buffer[scanned] == '\n') {
                    cut(scanned);
                    return;
                }
            }
            if (filled - next > limit + 1) {
                throw tooLong();
            }
            int moved = fill();
            scanned -= moved;
        }
    }

    private void cut(int lineFeed) {
        start = next;
        end = lineFeed > start && buffer[lineFeed - 1] == '\r' ? lineFeed - 1 : lineFeed;
        next = lineFeed + 1;
        if (end - start > limit) {
            throw tooLong();
        }
    }

    /** Reads more; gives by how many bytes the unread ones were moved to the front. */
    private int fill() throws IOException {
        int moved = 0;
        if (filled == buffer.length) {
            moved = next;
            if (moved > 0) {
                System.arraycopy(buffer, next, buffer, 0, filled - next);
                filled -= moved;
                next = 0;
            } else {
                long wanted = Math.min(buffer.length * 2L, (long) limit + LINE_END_BYTES);
                buffer = Arrays.copyOf(buffer, (int) Math.max(wanted, buffer.length + 1L));
            }
        }
        int count = in.read(buffer, filled, buffer.length - filled);
        if (count < 0) {
            throw new EOFException("the node closed it");
        }
        filled += count;
        return moved;
    }

    boolean is(String text) {
        return end - start == text.length() && startsWith(text);
    }

    boolean startsWith(String text) {
        if (end - start < text.length()) {
            return false;
        }
        for (int i = 0; i < text.length(); i++) {
            if (buffer[start + i] != text.charAt(i)) {
                return false;
            }
        }
        return true;
    }

    boolean startsWith(byte[] text) {
        return end - start >= text.length
                && Arrays.equals(buffer, start, start + text.length, text, 0, text.length);
    }

    int length() {
        return end - start;
    }

    /** The bytes of this line from a place on, out of their quotes if they have some. */
    byte[] bytes(int from) {
        byte[] raw = Arrays.copyOfRange(buffer, start + from, end);
        if (isLegacy() || raw.length == 0 || raw[0] != '"') {
            return raw;
        }
        byte[] plain = Quoting.unquote(raw);
        if (plain == null) {
            throw unexpected("a string in quotes");
        }
        return plain;
    }

    /** The text of this line from a place on; `twin` is what to call if it is not UTF-8. */
    String text(int from, String twin) {
        String text;
        if (isLegacy() || start + from >= end || buffer[start + from] != '"') {
            text = Text.decode(buffer, start + from, end);
        } else {
            byte[] plain = bytes(from);
            text = Text.decode(plain, 0, plain.length);
        }
        if (text == null) {
            throw new NotTextException("the value from " + address + " is not UTF-8: " + twin);
        }
        return text;
    }

    /** The text of this line from a place on, as it stands. */
    String shown(int from) {
        return new String(buffer, start + from, end - start - from,
                java.nio.charset.StandardCharsets.UTF_8);
    }

    /** The number behind a word, which must lie between two. */
    long number(String word, long lowest, long highest) {
        if (startsWith(word)) {
            String digits = shown(word.length());
            if (digits.matches("-?[0-9]{1,19}")) {
                try {
                    long number = Long.parseLong(digits);
                    if (number >= lowest && number <= highest) {
                        return number;
                    }
                } catch (NumberFormatException beyond64Bits) {
                    // Falls through to the protocol error.
                }
            }
        }
        throw unexpected(word + "and a number");
    }

    void expect(String text) {
        if (!is(text)) {
            throw unexpected(text);
        }
    }

    MerkleKVServerException serverError() {
        boolean standard = startsWith("ERROR: ");
        String sentence = shown(standard ? 7 : Math.min(6, end - start));
        int colon = sentence.indexOf(": ");
        String code = colon < 0 ? sentence : sentence.substring(0, colon);
        return new MerkleKVServerException(code, address + " refused: " + sentence);
    }

    MerkleKVProtocolException unexpected(String wanted) {
        String line = shown(0);
        String cut = line.length() > 80 ? line.substring(0, 80) + "…" : line;
        return new MerkleKVProtocolException(address + " answered \"" + cut + "\" instead of " + wanted
                + ": is it a MerkleKV node?");
    }

    MerkleKVProtocolException tooLong() {
        return new MerkleKVProtocolException("a reply of " + address + " is longer than the limit of "
                + limit + " bytes: raise replyLimit if it is meant to be");
    }
}
