package io.merklekv;

import java.io.FilterInputStream;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/**
 * A socket whose reads and writes end at one deadline, however many there are. TLS reads through
 * it too, so a record that trickles in is bounded like a line that does.
 */
final class DeadlineSocket extends Socket {
    /** What the kernel takes at once even from a peer that reads nothing. */
    private static final int FITS_KERNEL_BYTES = 32 * 1024;

    private static final ScheduledThreadPoolExecutor WATCHDOG = watchdog();

    private volatile Deadline deadline;
    private volatile boolean expired;

    DeadlineSocket(Deadline deadline) {
        this.deadline = deadline;
    }

    void deadline(Deadline next) {
        deadline = next;
    }

    /** Whether this socket was closed because a write took beyond its deadline. */
    boolean expired() {
        return expired;
    }

    @Override
    public InputStream getInputStream() throws IOException {
        return new Input(super.getInputStream());
    }

    @Override
    public OutputStream getOutputStream() throws IOException {
        return new Output(super.getOutputStream());
    }

    private int millisLeft() throws SocketTimeoutException {
        int left = deadline.remainingMillis();
        if (left == 0) {
            throw new SocketTimeoutException("the deadline passed");
        }
        return left;
    }

    private void expire() {
        expired = true;
        try {
            close();
        } catch (IOException alreadyBroken) {
            // The writer notices by itself.
        }
    }

    private static ScheduledThreadPoolExecutor watchdog() {
        ScheduledThreadPoolExecutor executor = new ScheduledThreadPoolExecutor(1, task -> {
            Thread thread = new Thread(task, "merklekv-write-deadlines");
            thread.setDaemon(true);
            return thread;
        });
        executor.setRemoveOnCancelPolicy(true);
        return executor;
    }

    private final class Input extends FilterInputStream {
        Input(InputStream in) {
            super(in);
        }

        @Override
        public int read() throws IOException {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
        }

        @Override
        public int read(byte[] into, int offset, int length) throws IOException {
            setSoTimeout(millisLeft());
            return in.read(into, offset, length);
        }
    }

    /** Java has no timeout for writes: a long one is ended by closing the socket under it. */
    private final class Output extends FilterOutputStream {
        Output(OutputStream out) {
            super(out);
        }

        @Override
        public void write(byte[] bytes, int offset, int length) throws IOException {
            if (length <= FITS_KERNEL_BYTES) {
                out.write(bytes, offset, length);
                return;
            }
            ScheduledFuture<?> expiry = WATCHDOG.schedule(
                    DeadlineSocket.this::expire, millisLeft(), TimeUnit.MILLISECONDS);
            try {
                out.write(bytes, offset, length);
            } finally {
                expiry.cancel(false);
            }
        }
    }
}
