package io.merklekv;

import java.time.Duration;
import java.util.Objects;

/** The options of a client; {@link #build} and {@link #buildAsync} make one, without connecting. */
public final class ClientBuilder implements Cloneable {
    String host = "localhost";
    int port = 7379;
    Duration timeout = Duration.ofSeconds(5);
    String user;
    String password;
    TlsOptions tls;
    int connectAttempts = 4;
    int replyLimit = 16 * 1024 * 1024;

    ClientBuilder() {
    }

    /** The name or address of the node; localhost unless set. */
    public ClientBuilder host(String host) {
        this.host = Objects.requireNonNull(host);
        return this;
    }

    /** The port of the node; 7379 unless set. */
    public ClientBuilder port(int port) {
        this.port = inRange("port", port, 1, 65535);
        return this;
    }

    /** The longest that one reply may take, connecting included; 5 s unless set. */
    public ClientBuilder timeout(Duration timeout) {
        if (timeout.toMillis() < 1) {
            throw new MerkleKVArgumentException("the timeout must be at least a millisecond");
        }
        this.timeout = timeout;
        return this;
    }

    /** Who logs in, on every connection. */
    public ClientBuilder user(String user, String password) {
        this.user = Objects.requireNonNull(user);
        this.password = Objects.requireNonNull(password);
        return this;
    }

    /** Encrypts connections; without this they are not. */
    public ClientBuilder tls(TlsOptions tls) {
        this.tls = tls;
        return this;
    }

    /** How often connecting is tried before a call fails; 4 unless set. */
    public ClientBuilder connectAttempts(int attempts) {
        this.connectAttempts = inRange("connectAttempts", attempts, 1, 1000);
        return this;
    }

    /** The longest line or report that is read, in bytes; 16 MiB unless set. */
    public ClientBuilder replyLimit(int bytes) {
        this.replyLimit = inRange("replyLimit", bytes, 64, 1 << 30);
        return this;
    }

    /** A client whose calls wait for their replies. */
    public MerkleKVClient build() {
        return new MerkleKVClient(clone());
    }

    /** A client whose calls give futures. */
    public AsyncMerkleKVClient buildAsync() {
        return new AsyncMerkleKVClient(clone());
    }

    String address() {
        return host + ":" + port;
    }

    @Override
    protected ClientBuilder clone() {
        try {
            return (ClientBuilder) super.clone();
        } catch (CloneNotSupportedException impossible) {
            throw new AssertionError(impossible);
        }
    }

    private static int inRange(String name, int value, int lowest, int highest) {
        if (value < lowest || value > highest) {
            throw new MerkleKVArgumentException(
                    name + " is " + value + ", and must be from " + lowest + " to " + highest);
        }
        return value;
    }
}
