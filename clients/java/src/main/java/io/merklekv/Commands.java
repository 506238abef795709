package io.merklekv;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The table of operations: each with its bytes on the wire and the replies that it may have. */
final class Commands {
    static final int PAGE_KEYS = 1000;
    private static final String USE_BYTES = "use the method that gives bytes (getBytes, or mgetBytes)";

    private Commands() {
    }

    static Command<Void> set(String key, byte[] value) {
        byte[] name = Text.key(key);
        return Command.write("SET", out -> out.word("SET ").raw(name).space().value(value).end(),
                Commands::ok);
    }

    static Command<Optional<String>> get(String key) {
        return get(key, Commands::text);
    }

    static Command<Optional<byte[]>> getBytes(String key) {
        return get(key, Commands::bytes);
    }

    private static <T> Command<Optional<T>> get(String key, Item<T> item) {
        byte[] name = Text.key(key);
        return Command.read("GET", out -> out.word("GET ").raw(name).end(), in -> {
            in.reply();
            return in.is(in.isLegacy() ? "NOT_FOUND" : "(null)") ? Optional.empty()
                    : Optional.of(value(in, item));
        });
    }

    static Command<Boolean> yesOrNo(String word, String key, String yes) {
        byte[] name = Text.key(key);
        return Command.write(word, out -> out.word(word).space().raw(name).end(), in -> answer(in, yes));
    }

    static Command<Boolean> expire(String key, long seconds) {
        byte[] name = Text.key(key);
        return Command.write("EXPIRE", out -> out.word("EXPIRE ").raw(name).space()
                .word(Long.toString(seconds)).end(), in -> answer(in, "OK"));
    }

    static Command<Long> count(String word, String key, long amount) {
        byte[] name = Text.key(key);
        return Command.write(word, out -> {
            out.word(word).space().raw(name);
            (amount == 1 ? out : out.space().word(Long.toString(amount))).end();
        }, in -> {
            in.reply();
            return in.number("VALUE ", Long.MIN_VALUE, Long.MAX_VALUE);
        });
    }

    static Command<String> joinText(String word, String key, byte[] value) {
        return join(word, key, value, Commands::text);
    }

    static Command<byte[]> joinBytes(String word, String key, byte[] value) {
        return join(word, key, value, Commands::bytes);
    }

    private static <T> Command<T> join(String word, String key, byte[] value, Item<T> item) {
        byte[] name = Text.key(key);
        return Command.write(word, out -> out.word(word).space().raw(name).space().value(value).end(),
                in -> {
                    in.reply();
                    return value(in, item);
                });
    }

    static Command<List<Optional<String>>> mget(Collection<String> keys) {
        return mget(keys, Commands::text);
    }

    static Command<List<Optional<byte[]>>> mgetBytes(Collection<String> keys) {
        return mget(keys, Commands::bytes);
    }

    private static <T> Command<List<Optional<T>>> mget(Collection<String> keys, Item<T> item) {
        List<byte[]> names = names(keys);
        return names.isEmpty() ? Command.known(List.of())
                : Command.read("MGET", out -> words(out, "MGET", names), in -> Lists.values(in, names, item));
    }

    static Command<Void> mset(Map<String, byte[]> pairs) {
        List<byte[]> names = names(pairs.keySet());
        List<byte[]> values = new ArrayList<>(pairs.values());
        if (names.isEmpty()) {
            return Command.known(null);
        }
        return Command.write("MSET", out -> {
            out.word("MSET");
            for (int i = 0; i < names.size(); i++) {
                out.space().raw(names.get(i)).space().wordValue(values.get(i));
            }
            out.end();
        }, Commands::ok);
    }

    static Command<Long> exists(Collection<String> keys) {
        List<byte[]> names = names(keys);
        return names.isEmpty() ? Command.known(0L)
                : Command.read("EXISTS", out -> words(out, "EXISTS", names), in -> {
                    in.reply();
                    return in.number("EXISTS ", 0, names.size());
                });
    }

    /** One page of keys behind `after`; all of them at once in the legacy dialect. */
    static Command<ScanPage> scan(String prefix, String after) {
        byte[] begin = Text.encode(prefix, "the prefix");
        byte[] last = after == null ? null : Text.encode(after, "the key");
        return Command.read("SCAN", out -> {
            out.word("SCAN");
            if (!out.isLegacy() || begin.length > 0) {
                out.space().quotedWord(begin, "a prefix");
            }
            if (!out.isLegacy()) {
                if (last != null) {
                    out.word(" AFTER ").quotedWord(last, "a key");
                }
                out.word(" LIMIT ").word(Integer.toString(PAGE_KEYS));
            }
            out.end();
        }, Lists::keys);
    }

    static Command<Long> ttl(String key) {
        byte[] name = Text.key(key);
        return Command.read("TTL", out -> out.word("TTL ").raw(name).end(), in -> {
            in.reply();
            return in.number("TTL ", -2, Long.MAX_VALUE);
        });
    }

    static Command<Long> fact(String word) {
        return Command.read(word, out -> out.word(word).end(), in -> {
            in.reply();
            return in.number(word + " ", 0, Long.MAX_VALUE);
        });
    }

    static Command<String> ping() {
        return Command.read("PING", out -> out.word("PING").end(), in -> {
            in.reply();
            if (!in.is("PONG") && !(in.isLegacy() && in.is("PONG "))) {
                throw in.unexpected("PONG");
            }
            return "PONG";
        });
    }

    static Command<String> message(String word, String answer, String message) {
        byte[] bytes = Text.encode(message, "the message");
        return Command.read(word, out -> out.word(word).space().value(bytes).end(), in -> {
            in.reply();
            if (!in.startsWith(answer) || !message.equals(in.text(answer.length(), ""))) {
                throw in.unexpected(answer + "and the message");
            }
            return message;
        });
    }

    static Command<Map<String, String>> report(String word, String header) {
        return Command.read(word, out -> {
            out.word(word).end();
            if (out.isLegacy()) {
                out.word(Lists.REPORT_END_COMMAND).end();
            }
        }, in -> Lists.report(in, in.isLegacy() ? word : header));
    }

    static Command<String> version() {
        return Command.read("VERSION", out -> out.word("VERSION").end(), in -> {
            in.reply();
            String word = in.isLegacy() ? "VERSION " : "MerkleKV ";
            if (!in.startsWith(word) || in.length() == word.length()) {
                throw in.unexpected(word + "and a version");
            }
            return in.shown(word.length());
        });
    }

    static Command<String> hash(String prefix) {
        byte[] begin = Text.encode(prefix, "the prefix");
        return Command.read("HASH", out -> {
            out.word("HASH");
            (begin.length == 0 ? out : out.space().quotedWord(begin, "a prefix")).end();
        }, in -> {
            in.reply();
            String line = in.shown(0);
            String digest = line.substring(line.lastIndexOf(' ') + 1);
            if (!line.startsWith("HASH ") || !digest.matches("[0-9a-f]{64}")) {
                throw in.unexpected("HASH and 64 hex digits");
            }
            return digest;
        });
    }

    static Command<Void> flush() {
        return Command.write("FLUSH", out -> out.word("FLUSH").end(), Commands::ok);
    }

    static Command<Void> auth(String user, String password) {
        byte[] name = Text.encode(user, "the user");
        byte[] secret = Text.encode(password, "the password");
        return Command.write("AUTH", out -> out.word("AUTH ").quotedWord(name, "a user").space()
                .quotedWord(secret, "a password").end(), Commands::ok);
    }

    /** How a value is taken from a line. */
    interface Item<T> {
        T take(ReplyReader in, int from);
    }

    static <T> T value(ReplyReader in, Item<T> item) {
        if (!in.startsWith("VALUE ")) {
            throw in.unexpected("VALUE and a value");
        }
        return item.take(in, 6);
    }

    private static String text(ReplyReader in, int from) {
        return in.text(from, USE_BYTES);
    }

    private static byte[] bytes(ReplyReader in, int from) {
        return in.bytes(from);
    }

    private static Void ok(ReplyReader in) throws java.io.IOException {
        in.reply();
        in.expect("OK");
        return null;
    }

    private static boolean answer(ReplyReader in, String yes) throws java.io.IOException {
        in.reply();
        if (in.is(yes)) {
            return true;
        }
        if (in.is("NOT_FOUND")) {
            return false;
        }
        throw in.unexpected(yes + " or NOT_FOUND");
    }

    private static List<byte[]> names(Collection<String> keys) {
        List<byte[]> names = new ArrayList<>(keys.size());
        for (String key : keys) {
            names.add(Text.key(key));
        }
        return names;
    }

    private static void words(CommandBuffer out, String word, List<byte[]> names) {
        out.word(word);
        names.forEach(name -> out.space().raw(name));
        out.end();
    }
}
