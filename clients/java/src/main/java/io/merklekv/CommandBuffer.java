package io.merklekv;

import java.util.Arrays;

/** Where commands are written, in the dialect of a node, before they are sent together. */
final class CommandBuffer {
    private static final byte[] HEX = {'0', '1', '2', '3', '4', '5', '6', '7', '8', '9',
        'A', 'B', 'C', 'D', 'E', 'F'};
    private static final int KEPT_BYTES = 1 << 20;

    private final Dialect dialect;
    private byte[] bytes = new byte[1024];
    private int size;

    CommandBuffer(Dialect dialect) {
        this.dialect = dialect;
    }

    boolean isLegacy() {
        return dialect == Dialect.LEGACY;
    }

    byte[] array() {
        return bytes;
    }

    int size() {
        return size;
    }

    /** Makes room for the next commands; what one long value needed is given back. */
    void clear() {
        size = 0;
        if (bytes.length > KEPT_BYTES) {
            bytes = new byte[1024];
        }
    }

    CommandBuffer word(String ascii) {
        int length = ascii.length();
        reserve(length);
        for (int i = 0; i < length; i++) {
            bytes[size++] = (byte) ascii.charAt(i);
        }
        return this;
    }

    CommandBuffer space() {
        return put(' ');
    }

    CommandBuffer raw(byte[] text) {
        reserve(text.length);
        System.arraycopy(text, 0, bytes, size, text.length);
        size += text.length;
        return this;
    }

    /** A value that reaches to the end of its line: quoted only where it must be. */
    CommandBuffer value(byte[] value) {
        if (isLegacy()) {
            return legacyValue(value);
        }
        return needsQuotes(value) ? quoted(value) : raw(value);
    }

    /** A value that is a word among others. */
    CommandBuffer wordValue(byte[] value) {
        boolean spaces = has(value, (byte) ' ') || has(value, (byte) '\t');
        if (isLegacy() && spaces) {
            throw new MerkleKVArgumentException("a value in MSET with spaces or tabs cannot be"
                    + " carried by the legacy dialect: use set");
        }
        return spaces && !isLegacy() ? quoted(value) : value(value);
    }

    /** A word that is always quoted where there are quotes. */
    CommandBuffer quotedWord(byte[] word, String what) {
        if (!isLegacy()) {
            return quoted(word);
        }
        for (byte each : word) {
            if (each >= 0 && each <= ' ' || each == 0x7F) {
                throw new MerkleKVArgumentException(what
                        + " with spaces or control characters cannot be carried by the legacy dialect");
            }
        }
        return raw(word);
    }

    void end() {
        put('\r').put('\n');
    }

    private CommandBuffer legacyValue(byte[] value) {
        String text = Text.decode(value, 0, value.length);
        if (text == null) {
            throw new MerkleKVArgumentException(
                    "a value that is not UTF-8 cannot be carried by the legacy dialect");
        }
        if (text.isEmpty() || isBlank(text.charAt(0)) || isBlank(text.charAt(text.length() - 1))
                || has(value, (byte) '\n') || has(value, (byte) '\r')) {
            throw new MerkleKVArgumentException("a value that is empty, has a line break, or has"
                    + " white space at its ends cannot be carried by the legacy dialect");
        }
        return raw(value);
    }

    /** White space of Unicode, which the legacy dialect takes off the ends of a line. */
    private static boolean isBlank(char each) {
        return each == ' ' || each >= '\t' && each <= '\r' || each == 0x85
                || each > 0x7F && Character.isSpaceChar(each);
    }

    private static boolean has(byte[] value, byte wanted) {
        for (byte each : value) {
            if (each == wanted) {
                return true;
            }
        }
        return false;
    }

    static boolean needsQuotes(byte[] value) {
        if (value.length == 0 || value[0] == '"' || value[0] == ' ' || value[value.length - 1] == ' ') {
            return true;
        }
        boolean ascii = true;
        for (byte each : value) {
            if (each < ' ') {
                if (each < 0) {
                    ascii = false;
                } else if (each != '\t') {
                    return true;
                }
            } else if (each == 0x7F) {
                return true;
            }
        }
        return !ascii && !Text.isUtf8(value, 0, value.length);
    }

    private CommandBuffer quoted(byte[] text) {
        put('"');
        for (int i = 0; i < text.length;) {
            int length = Text.sequence(text, i, text.length);
            if (length > 1) {
                reserve(length);
                System.arraycopy(text, i, bytes, size, length);
                size += length;
            } else {
                escaped(text[i]);
            }
            i += Math.max(length, 1);
        }
        return put('"');
    }

    private void escaped(byte each) {
        switch (each) {
            case '"': put('\\').put('"'); break;
            case '\\': put('\\').put('\\'); break;
            case '\n': put('\\').put('n'); break;
            case '\r': put('\\').put('r'); break;
            case '\t': put('\\').put('t'); break;
            case 0: put('\\').put('0'); break;
            default:
                if (each >= ' ' && each < 0x7F) {
                    put(each);
                } else {
                    put('\\').put('x').put(HEX[each >> 4 & 15]).put(HEX[each & 15]);
                }
        }
    }

    private CommandBuffer put(int each) {
        reserve(1);
        bytes[size++] = (byte) each;
        return this;
    }

    private void reserve(int more) {
        if (bytes.length - size < more) {
            bytes = Arrays.copyOf(bytes, Math.max(bytes.length * 2, size + more));
        }
    }
}
