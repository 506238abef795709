package io.merklekv;

import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Reads replies of more than one line. */
final class Lists {
    /** The legacy dialect does not mark the end of a report, so the client asks for one. */
    static final String REPORT_END_COMMAND = "PING end-of-report";
    private static final String REPORT_END = "PONG end-of-report";

    private Lists() {
    }

    static <T> List<Optional<T>> values(ReplyReader in, List<byte[]> names, Commands.Item<T> item)
            throws IOException {
        in.reply();
        if (in.isLegacy()) {
            return legacyValues(in, names, item);
        }
        in.number("VALUES ", names.size(), names.size());
        List<Optional<T>> values = new ArrayList<>(names.size());
        NotTextException notText = null;
        for (int i = 0; i < names.size(); i++) {
            in.line();
            try {
                values.add(in.is("(null)") ? Optional.empty() : Optional.of(Commands.value(in, item)));
            } catch (NotTextException bad) {
                notText = bad;
            }
        }
        in.line();
        in.expect("END");
        if (notText != null) {
            throw notText;
        }
        return values;
    }

    private static <T> List<Optional<T>> legacyValues(ReplyReader in, List<byte[]> names,
            Commands.Item<T> item) throws IOException {
        List<Optional<T>> values = new ArrayList<>(names.size());
        if (in.is("NOT_FOUND")) {
            names.forEach(name -> values.add(Optional.empty()));
            return values;
        }
        in.number("VALUES ", 0, names.size());
        NotTextException notText = null;
        for (byte[] name : names) {
            in.line();
            String line = in.shown(0);
            if (!in.startsWith(name) || in.length() <= name.length || !line.startsWith(" ", textLength(name))) {
                throw in.unexpected("the key and its value");
            }
            boolean missing = line.startsWith("NOT_FOUND", textLength(name) + 1)
                    && in.length() == name.length + 10;
            try {
                values.add(missing ? Optional.empty() : Optional.of(item.take(in, name.length + 1)));
            } catch (NotTextException bad) {
                notText = bad;
            }
        }
        if (notText != null) {
            throw notText;
        }
        return values;
    }

    private static int textLength(byte[] name) {
        return new String(name, java.nio.charset.StandardCharsets.UTF_8).length();
    }

    static ScanPage keys(ReplyReader in) throws IOException {
        in.reply();
        boolean legacy = in.isLegacy();
        long count = in.number("KEYS ", 0, legacy ? Integer.MAX_VALUE : Commands.PAGE_KEYS);
        List<String> keys = new ArrayList<>();
        NotTextException notText = null;
        long size = 0;
        for (long i = 0; i < count; i++) {
            in.line();
            size += in.length() + 1;
            if (legacy && size > in.limit()) {
                throw in.tooLong();
            }
            try {
                keys.add(in.text(0, "a key that is no text can be read over RESP only"));
            } catch (NotTextException bad) {
                notText = bad;
            }
        }
        if (!legacy) {
            in.line();
            in.expect("END");
        }
        if (notText != null) {
            throw notText;
        }
        return new ScanPage(keys, !legacy && count == Commands.PAGE_KEYS);
    }

    static Map<String, String> report(ReplyReader in, String header) throws IOException {
        try {
            in.reply();
        } catch (MerkleKVServerException refused) {
            if (in.isLegacy()) {
                in.line();
                in.expect(REPORT_END);
            }
            throw refused;
        }
        in.expect(header);
        String end = in.isLegacy() ? REPORT_END : "END";
        Map<String, String> report = new LinkedHashMap<>();
        long size = 0;
        for (in.line(); !in.is(end); in.line()) {
            size += in.length() + 1;
            if (size > in.limit()) {
                throw in.tooLong();
            }
            String line = in.shown(0);
            int colon = line.indexOf(':');
            if (colon < 0) {
                throw in.unexpected("name:value");
            }
            report.put(line.substring(0, colon), line.substring(colon + 1));
        }
        return report;
    }
}
