package io.merklekv;

import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;

/** One greeted connection. Fails with the library's own errors, and is closed by those that break it. */
final class Connection {
    private static final long TRUSTED_NANOS = 1_000_000_000L;

    private final String address;
    private final DeadlineSocket plain;
    private final Socket socket;
    private final OutputStream out;
    private final ReplyReader in;
    private final CommandBuffer commands;
    private boolean open = true;
    private long usedAtNanos = System.nanoTime();

    private Connection(ClientBuilder options, DeadlineSocket plain, Socket socket, Dialect dialect,
            ReplyReader in) throws IOException {
        this.address = options.address();
        this.plain = plain;
        this.socket = socket;
        this.out = socket.getOutputStream();
        this.in = in;
        this.commands = new CommandBuffer(dialect);
    }

    /** Connects, to each address of the host in turn, and asks for the version. */
    static Connection open(ClientBuilder options, Deadline deadline) {
        DeadlineSocket plain = null;
        try {
            plain = connect(options, deadline);
            Socket socket = options.tls == null ? plain
                    : options.tls.wrap(plain, options.host, options.port);
            return greet(options, plain, socket);
        } catch (SocketTimeoutException late) {
            quietlyClose(plain);
            throw timeout(options.address(), "connecting", deadline, late);
        } catch (IOException failure) {
            quietlyClose(plain);
            throw new MerkleKVConnectionException("cannot connect to " + options.address() + ": " + failure
                    + "; is a node running there?", failure);
        } catch (MerkleKVException failure) {
            quietlyClose(plain);
            throw failure;
        }
    }

    private static DeadlineSocket connect(ClientBuilder options, Deadline deadline) throws IOException {
        IOException last = null;
        for (InetAddress each : InetAddress.getAllByName(options.host)) {
            DeadlineSocket socket = new DeadlineSocket(deadline);
            try {
                int left = deadline.remainingMillis();
                if (left == 0) {
                    throw new SocketTimeoutException("the deadline passed");
                }
                socket.setTcpNoDelay(true);
                socket.connect(new InetSocketAddress(each, options.port), left);
                return socket;
            } catch (IOException failure) {
                socket.close();
                last = failure;
            }
        }
        throw last;
    }

    private static Connection greet(ClientBuilder options, DeadlineSocket plain, Socket socket)
            throws IOException {
        socket.getOutputStream().write("VERSION\r\n".getBytes());
        ReplyReader in = new ReplyReader(socket.getInputStream(), options.address(), options.replyLimit);
        in.line();
        if (in.startsWith("ERROR")) {
            throw in.serverError();
        }
        boolean standard = in.startsWith("MerkleKV ") && in.length() > 9;
        if (!standard && !(in.startsWith("VERSION ") && in.length() > 8)) {
            throw in.unexpected("the version of a node");
        }
        Dialect dialect = standard ? Dialect.STANDARD : Dialect.LEGACY;
        in.dialect(dialect);
        return new Connection(options, plain, socket, dialect, in);
    }

    boolean isOpen() {
        return open;
    }

    /** Where commands are written before {@link #send}. */
    CommandBuffer commands() {
        return commands;
    }

    void send(int from, int to, Deadline deadline) {
        plain.deadline(deadline);
        try {
            out.write(commands.array(), from, to - from);
        } catch (IOException failure) {
            throw broken("a command", deadline, failure);
        }
    }

    <T> T receive(Command<T> command, Deadline deadline) {
        plain.deadline(deadline);
        try {
            T result = command.decoder.decode(in);
            usedAtNanos = System.nanoTime();
            return result;
        } catch (IOException failure) {
            throw broken(command.name, deadline, failure);
        } catch (NotTextException connectionLives) {
            throw connectionLives;
        } catch (MerkleKVProtocolException failure) {
            close();
            throw failure;
        }
    }

    /**
     * Whether the next command may be sent: nothing is left that would be taken for its reply and,
     * looked at after a second of silence, the node has not closed the connection.
     */
    boolean isAlive() {
        if (open && in.hasUnread()) {
            close();
        }
        if (!open || System.nanoTime() - usedAtNanos < TRUSTED_NANOS) {
            return open;
        }
        plain.deadline(Deadline.in(java.time.Duration.ofMillis(1)));
        try {
            // A byte that nobody asked for is as bad as the end.
            socket.getInputStream().read();
        } catch (SocketTimeoutException silent) {
            return true;
        } catch (IOException failure) {
            // Closed below.
        }
        close();
        return false;
    }

    void close() {
        open = false;
        quietlyClose(plain);
    }

    private MerkleKVException broken(String doing, Deadline deadline, IOException failure) {
        close();
        if (failure instanceof SocketTimeoutException || plain.expired()) {
            return timeout(address, doing, deadline, failure);
        }
        return new MerkleKVConnectionException("the connection to " + address + " broke during " + doing
                + ": " + failure.getMessage() + "; whether the node ran it is not known", failure);
    }

    private static MerkleKVTimeoutException timeout(String address, String doing, Deadline deadline,
            IOException cause) {
        return new MerkleKVTimeoutException(address + " did not answer within "
                + deadline.allowed().toMillis() + " ms (" + doing + "): raise the timeout if it is busy", cause);
    }

    private static void quietlyClose(Socket socket) {
        try {
            if (socket != null) {
                socket.close();
            }
        } catch (IOException alreadyBroken) {
            // There is nothing left to close.
        }
    }
}
