package io.plinth.lbproxy.balance;

/**
 * A moving average of latency that believes bad news at once and good news slowly: a sample above the average replaces
 * it, one below pulls it down with the time constant. Without samples it fades, so a server that was slow is tried
 * again. Owned by one event loop.
 */
public final class PeakEwma {
    /** What an unmeasured server with requests under way is taken to cost, so that a cold one is not flooded. */
    private static final double UNKNOWN_NANOS = 1e9;

    private final double decayNanos;
    private double average;
    private long stamp;

    public PeakEwma(long decayNanos, long now) {
        this.decayNanos = decayNanos;
        stamp = now;
    }

    /** Adds a latency, or a penalty for a failure. */
    public void observe(long nanos, long now) {
        double kept = kept(now);
        average = nanos > average * kept ? nanos : average * kept + nanos * (1 - kept);
        stamp = now;
    }

    /** The average times what is under way, this request included. */
    public double cost(int underWay, long now) {
        if (average == 0) {
            return underWay == 0 ? 0 : UNKNOWN_NANOS + underWay;
        }
        return average * kept(now) * (underWay + 1);
    }

    /** The share of the average that the time since the last sample leaves: close to exp(-t) for the short steps here. */
    private double kept(long now) {
        long elapsed = Math.max(0, now - stamp);
        return decayNanos / (decayNanos + elapsed);
    }
}
