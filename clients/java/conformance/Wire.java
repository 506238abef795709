import io.merklekv.MerkleKVArgumentException;
import io.merklekv.MerkleKVConnectionException;
import io.merklekv.MerkleKVProtocolException;
import io.merklekv.MerkleKVServerException;
import io.merklekv.MerkleKVTimeoutException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Fields and results as the lines of the suite have them. */
final class Wire {
    private Wire() {
    }

    static String text(byte[] field) {
        return new String(field, StandardCharsets.UTF_8);
    }

    static String result(Object value) {
        if (value instanceof Optional) {
            return ((Optional<?>) value).map(Wire::result).orElse("nil");
        }
        if (value == null) {
            return "ok";
        }
        if (value instanceof Long) {
            return "int\t" + value;
        }
        if (value instanceof Boolean) {
            return "bool\t" + value;
        }
        if (value instanceof List) {
            return list((List<?>) value);
        }
        if (value instanceof Map) {
            StringBuilder line = new StringBuilder("map");
            ((Map<?, ?>) value).forEach((name, text) -> line.append('\t').append(escaped((String) name))
                    .append('\t').append(escaped((String) text)));
            return line.toString();
        }
        return "text\t" + (value instanceof byte[] ? escaped((byte[]) value) : escaped((String) value));
    }

    private static String list(List<?> items) {
        StringBuilder line = new StringBuilder("list");
        for (Object item : items) {
            Object text = item instanceof Optional ? ((Optional<?>) item).orElse(null) : item;
            line.append('\t').append(text == null ? "!" : "=" + escaped((String) text));
        }
        return line.toString();
    }

    static String error(RuntimeException failure) {
        String code = failure instanceof MerkleKVServerException
                ? ((MerkleKVServerException) failure).code() : "";
        return "error\t" + kind(failure) + "\t" + escaped(code) + "\t" + escaped(failure.getMessage());
    }

    private static String kind(RuntimeException failure) {
        if (failure instanceof MerkleKVArgumentException || failure instanceof NumberFormatException) {
            return "argument";
        }
        if (failure instanceof MerkleKVConnectionException) {
            return "connection";
        }
        if (failure instanceof MerkleKVTimeoutException) {
            return "timeout";
        }
        if (failure instanceof MerkleKVProtocolException) {
            return "protocol";
        }
        if (failure instanceof MerkleKVServerException) {
            return "server";
        }
        throw failure;
    }

    private static String escaped(String text) {
        return text.replace("%", "%25").replace("\t", "%09").replace("\n", "%0A").replace("\r", "%0D");
    }

    private static String escaped(byte[] bytes) {
        try {
            return escaped(StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString());
        } catch (CharacterCodingException notText) {
            StringBuilder line = new StringBuilder();
            for (byte each : bytes) {
                line.append(String.format("%%%02X", each));
            }
            return line.toString();
        }
    }
}
