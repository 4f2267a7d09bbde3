package io.plinth.lbproxy.wire.http2;

/**
 * Counts what costs us more than the peer: streams that end in RST_STREAM, whoever sends it (CVE-2023-44487,
 * CVE-2025-8671), and frames that carry nothing. Requests and data earn credit for the latter. Owned by its connection's
 * event loop.
 */
public final class FloodGuard {
    /** Counts start anew after this long. */
    public static final long WINDOW_NANOS = 30_000_000_000L;

    private static final int CREDIT = 8;

    private final Http2Limits limits;
    private long windowBegan;
    private int resets;
    private int control;

    FloodGuard(Http2Limits limits) {
        this.limits = limits;
    }

    /** Looks at the clock; called a few times a second. */
    void tick(long now) {
        if (now - windowBegan > WINDOW_NANOS) {
            windowBegan = now;
            resets = 0;
            control = 0;
        }
    }

    void reset() throws Fault {
        if (++resets > limits.resets()) {
            throw Fault.connection(ErrorCode.ENHANCE_YOUR_CALM, "more stream resets than limits.http2.resets");
        }
    }

    void control() throws Fault {
        if (++control > limits.control()) {
            throw Fault.connection(ErrorCode.ENHANCE_YOUR_CALM, "more frames without use than limits.http2.control");
        }
    }

    void useful() {
        control = Math.max(0, control - CREDIT);
    }
}
