package io.merklekv;

import java.time.Duration;

/** A moment of the monotonic clock by which something must have happened. */
final class Deadline {
    private final long atNanos;
    private final Duration allowed;

    private Deadline(Duration allowed) {
        this.allowed = allowed;
        this.atNanos = System.nanoTime() + allowed.toNanos();
    }

    static Deadline in(Duration allowed) {
        return new Deadline(allowed);
    }

    /** Milliseconds that are left, rounded up, so that zero means over. */
    int remainingMillis() {
        long left = atNanos - System.nanoTime();
        return left <= 0 ? 0 : (int) Math.min(Integer.MAX_VALUE, (left + 999_999) / 1_000_000);
    }

    Duration allowed() {
        return allowed;
    }
}
