import io.merklekv.ClientBuilder;
import io.merklekv.MerkleKVClient;
import io.merklekv.TlsOptions;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The options of a connect call. */
final class Options {
    private Options() {
    }

    static ClientBuilder parse(List<String> call) {
        Map<String, String> named = new HashMap<>();
        for (String option : call.subList(3, call.size())) {
            int equals = option.indexOf('=');
            named.put(option.substring(0, equals), option.substring(equals + 1));
        }
        ClientBuilder options = MerkleKVClient.builder().host(call.get(1)).port(Integer.parseInt(call.get(2)));
        if (named.containsKey("timeout_ms")) {
            options.timeout(Duration.ofMillis(Long.parseLong(named.get("timeout_ms"))));
        }
        if (named.containsKey("user")) {
            options.user(named.get("user"), named.get("password"));
        }
        if (named.containsKey("connect_attempts")) {
            options.connectAttempts(Integer.parseInt(named.get("connect_attempts")));
        }
        if (named.containsKey("reply_limit")) {
            options.replyLimit(Integer.parseInt(named.get("reply_limit")));
        }
        return named.containsKey("tls") ? options.tls(tls(named)) : options;
    }

    private static TlsOptions tls(Map<String, String> named) {
        TlsOptions tls = named.containsKey("ca") ? TlsOptions.authority(Path.of(named.get("ca")))
                : TlsOptions.system();
        if (named.containsKey("server_name")) {
            tls = tls.serverName(named.get("server_name"));
        }
        return named.containsKey("cert")
                ? tls.certificate(Path.of(named.get("cert")), Path.of(named.get("key"))) : tls;
    }
}
