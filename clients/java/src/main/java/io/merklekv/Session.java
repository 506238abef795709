package io.merklekv;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;

/**
 * The connection of one client and what outlives it: who is logged in, when to connect anew, what is
 * asked again. One thread at a time.
 */
final class Session {
    /** A node stops reading from a client with more than 256 KiB of unread replies. */
    private static final int WINDOW_BYTES = 32 * 1024;
    private static final int FIRST_PAUSE_MILLIS = 50;

    private final ClientBuilder options;
    private String user;
    private String password;
    private Connection connection;
    private volatile boolean closed;

    Session(ClientBuilder options) {
        this.options = options;
        this.user = options.user;
        this.password = options.password;
    }

    <T> T call(Command<T> command) {
        if (command.isKnown()) {
            return known(command);
        }
        Deadline deadline = Deadline.in(options.timeout);
        Connection first = ready(deadline);
        try {
            return exchange(first, command, deadline);
        } catch (MerkleKVConnectionException broken) {
            if (!command.isRead) {
                throw broken;
            }
        }
        return exchange(ready(deadline), command, deadline);
    }

    void auth(String newUser, String newPassword) {
        call(Commands.auth(newUser, newPassword));
        user = newUser;
        password = newPassword;
    }

    /** Runs commands in order; the list has a result for each, unless all of it fails. */
    List<Result<?>> callAll(List<Result<?>> results) {
        if (results.stream().allMatch(result -> result.command().isKnown())) {
            results.forEach(result -> result.receive(null, null));
            return Collections.unmodifiableList(results);
        }
        Connection open = ready(Deadline.in(options.timeout));
        List<Integer> ends = encode(open.commands(), results);
        int sent = 0;
        for (int from = 0; from < results.size();) {
            int to = from + 1;
            while (to < results.size() && ends.get(to) - sent <= WINDOW_BYTES) {
                to++;
            }
            if (ends.get(to - 1) > sent) {
                open.send(sent, ends.get(to - 1), Deadline.in(options.timeout));
            }
            sent = ends.get(to - 1);
            for (; from < to; from++) {
                results.get(from).receive(open, Deadline.in(options.timeout));
            }
        }
        return Collections.unmodifiableList(results);
    }

    void close() {
        closed = true;
        if (connection != null) {
            connection.close();
        }
    }

    private static List<Integer> encode(CommandBuffer out, List<Result<?>> results) {
        out.clear();
        List<Integer> ends = new ArrayList<>(results.size());
        for (Result<?> each : results) {
            if (!each.command().isKnown()) {
                each.command().encoder.encode(out);
            }
            ends.add(out.size());
        }
        return ends;
    }

    private static <T> T exchange(Connection open, Command<T> command, Deadline deadline) {
        CommandBuffer out = open.commands();
        out.clear();
        command.encoder.encode(out);
        open.send(0, out.size(), deadline);
        return open.receive(command, deadline);
    }

    private static <T> T known(Command<T> command) {
        try {
            return command.decoder.decode(null);
        } catch (java.io.IOException impossible) {
            throw new AssertionError(impossible);
        }
    }

    /** A connection that seems to live: the one that is there, or another. */
    private Connection ready(Deadline deadline) {
        if (closed) {
            throw new MerkleKVConnectionException(
                    "the client of " + options.address() + " is closed: make another");
        }
        if (connection == null || !connection.isAlive()) {
            connection = connect(deadline);
        }
        return connection;
    }

    private Connection connect(Deadline deadline) {
        for (int attempt = 1;; attempt++) {
            try {
                return login(Connection.open(options, deadline), deadline);
            } catch (MerkleKVConnectionException failure) {
                int most = FIRST_PAUSE_MILLIS << Math.min(attempt - 1, 2);
                int pause = most - ThreadLocalRandom.current().nextInt(most / 2 + 1);
                if (attempt == options.connectAttempts || deadline.remainingMillis() <= pause) {
                    throw failure;
                }
                sleep(pause, failure);
            }
        }
    }

    private Connection login(Connection opened, Deadline deadline) {
        if (user == null) {
            return opened;
        }
        try {
            exchange(opened, Commands.auth(user, password), deadline);
            return opened;
        } catch (MerkleKVException failure) {
            opened.close();
            throw failure;
        }
    }

    private static void sleep(int millis, MerkleKVConnectionException failure) {
        try {
            Thread.sleep(millis);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw failure;
        }
    }
}
