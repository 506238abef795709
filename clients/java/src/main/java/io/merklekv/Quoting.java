package io.merklekv;

import java.util.Arrays;

/** Takes strings out of their quotes. */
final class Quoting {
    private Quoting() {
    }

    /** The bytes in the quotes, or null if this does not end as a quoted string. */
    static byte[] unquote(byte[] text) {
        int last = text.length - 1;
        if (last < 1 || text[last] != '"') {
            return null;
        }
        byte[] plain = new byte[last - 1];
        int size = 0;
        for (int i = 1; i < last; i++) {
            int each = text[i];
            if (each == '"') {
                return null;
            }
            if (each == '\\') {
                if (++i == last) {
                    return null;
                }
                each = escape(text[i]);
                if (text[i] == 'x') {
                    if (i + 2 >= last) {
                        return null;
                    }
                    int high = Character.digit(text[i + 1], 16);
                    int low = Character.digit(text[i + 2], 16);
                    each = high < 0 || low < 0 ? -1 : high << 4 | low;
                    i += 2;
                }
                if (each < 0) {
                    return null;
                }
            }
            plain[size++] = (byte) each;
        }
        return Arrays.copyOf(plain, size);
    }

    private static int escape(byte letter) {
        switch (letter) {
            case '"': return '"';
            case '\\': return '\\';
            case 'n': return '\n';
            case 'r': return '\r';
            case 't': return '\t';
            case '0': return 0;
            default: return -1;
        }
    }
}
