package io.plinth.lbproxy.limit;

/**
 * Whether a peer is fast enough: it may fall behind a rate by a grace time, and every byte buys time at that rate, so that
 * one that is slow but steady lives, and one that dribbles does not. Only the time counts in which it is waited for.
 * Owned by one event loop.
 */
public final class Pace {
    private static final double SECOND = 1e9;

    private final double nanosPerByte;
    private final long grace;
    private double credit;
    private long lastBytes;
    private long lastLook;
    private boolean looked;

    /**
     * A peer's.
     *
     * @param bytesPerSecond 0 for any
     * @param graceNanos how far it may fall behind
     */
    public Pace(long bytesPerSecond, long graceNanos) {
        nanosPerByte = bytesPerSecond == 0 ? 0 : SECOND / bytesPerSecond;
        grace = graceNanos;
        begin();
    }

    /** Begins anew. */
    public void begin() {
        credit = grace;
        looked = false;
    }

    /**
     * Looks; called a few times a second.
     *
     * @param bytes it moved so far; less than before counts as none
     * @param waitedFor whether it is the peer that everything waits for
     * @return whether it is too slow
     */
    public boolean late(long now, long bytes, boolean waitedFor) {
        if (nanosPerByte == 0) {
            return false;
        }
        if (looked) {
            credit -= waitedFor ? now - lastLook : 0;
            credit = Math.min((double) grace, credit + Math.max(0, bytes - lastBytes) * nanosPerByte);
        }
        looked = true;
        lastLook = now;
        lastBytes = bytes;
        return credit < 0;
    }
}
