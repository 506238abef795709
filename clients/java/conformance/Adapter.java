import io.merklekv.ClientBuilder;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/** Makes the calls of the conformance suite: one line in, one line out. */
public final class Adapter {
    private final InputStream in = new BufferedInputStream(System.in);
    private final OutputStream out = System.out;
    private final boolean async;
    private Calls calls;

    private Adapter(boolean async) {
        this.async = async;
    }

    public static void main(String[] arguments) throws IOException {
        new Adapter(arguments.length > 0 && arguments[0].equals("async")).run();
    }

    private void run() throws IOException {
        for (List<byte[]> call = line(); call != null; call = line()) {
            for (String answer : answers(call)) {
                out.write((answer + "\n").getBytes("UTF-8"));
            }
            out.flush();
        }
    }

    private List<String> answers(List<byte[]> call) throws IOException {
        String name = Wire.text(call.get(0));
        if (name.equals("pipeline")) {
            List<List<byte[]>> batch = new ArrayList<>();
            for (int left = Integer.parseInt(Wire.text(call.get(1))); left > 0; left--) {
                batch.add(line());
            }
            return pipeline(batch);
        }
        try {
            if (name.equals("connect")) {
                connect(call.stream().map(Wire::text).collect(Collectors.toList()));
                return List.of("ok");
            }
            return List.of(Wire.result(calls.make(name, call)));
        } catch (RuntimeException failure) {
            return List.of(Wire.error(failure));
        }
    }

    private List<String> pipeline(List<List<byte[]>> batch) {
        try {
            List<String> answers = new ArrayList<>(List.of("results\t" + batch.size()));
            calls.pipeline(batch).forEach(result -> answers.add(
                    result.error() == null ? Wire.result(result.get()) : Wire.error(result.error())));
            return answers;
        } catch (RuntimeException failure) {
            return List.of(Wire.error(failure));
        }
    }

    private void connect(List<String> call) {
        if (calls != null) {
            calls.make("close", List.of());
        }
        ClientBuilder options = Options.parse(call);
        calls = async ? new AsyncCalls(options.buildAsync()) : new SyncCalls(options.build());
    }

    private List<byte[]> line() throws IOException {
        List<byte[]> fields = new ArrayList<>();
        ByteArrayOutputStream field = new ByteArrayOutputStream();
        for (int each = in.read(); each >= 0; each = in.read()) {
            if (each != '\t' && each != '\n') {
                field.write(each == '%' ? Character.digit(in.read(), 16) << 4 | Character.digit(in.read(), 16)
                        : each);
                continue;
            }
            fields.add(field.toByteArray());
            field.reset();
            if (each == '\n') {
                return fields;
            }
        }
        return null;
    }
}
