package io.merklekv;

import java.io.IOException;

/** One operation: how its command is written, how its reply is read, whether it may be repeated. */
final class Command<T> {
    /** Writes a command. */
    interface Encoder {
        void encode(CommandBuffer out);
    }

    /** Reads the reply to a command. */
    interface Decoder<T> {
        T decode(ReplyReader in) throws IOException;
    }

    final String name;
    final boolean isRead;
    final Encoder encoder;
    final Decoder<T> decoder;

    private Command(String name, boolean isRead, Encoder encoder, Decoder<T> decoder) {
        this.name = name;
        this.isRead = isRead;
        this.encoder = encoder;
        this.decoder = decoder;
    }

    static <T> Command<T> read(String name, Encoder encoder, Decoder<T> decoder) {
        return new Command<>(name, true, encoder, decoder);
    }

    static <T> Command<T> write(String name, Encoder encoder, Decoder<T> decoder) {
        return new Command<>(name, false, encoder, decoder);
    }

    /** An operation on nothing, whose result is known without asking. */
    static <T> Command<T> known(T result) {
        return new Command<>("", true, null, in -> result);
    }

    boolean isKnown() {
        return encoder == null;
    }
}
