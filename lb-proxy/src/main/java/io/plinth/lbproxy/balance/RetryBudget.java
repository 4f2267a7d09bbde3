package io.plinth.lbproxy.balance;

/**
 * Tokens for retries and hedges: every request earns a share of one, a second some for nothing. It counts when a request
 * or retry is scheduled, so that what is under way counts too. Owned by one event loop.
 */
public final class RetryBudget {
    private static final double SECOND = 1e9;
    private static final int SECONDS_KEPT = 10;
    private static final double MOST_EARNED = 100;

    private final double perRequest;
    private final double perSecond;
    private final double most;
    private double tokens;
    private long stamp;

    public RetryBudget(double perRequest, double perSecond, long now) {
        this.perRequest = perRequest;
        this.perSecond = perSecond;
        most = perSecond * SECONDS_KEPT + (perRequest > 0 ? MOST_EARNED : 0);
        tokens = perSecond > 0 ? Math.max(1, perSecond) : 0;
        stamp = now;
    }

    /** A request is scheduled. */
    public void requested() {
        tokens = Math.min(most, tokens + perRequest);
    }

    /** Whether a retry may be scheduled; counts it. */
    public boolean take(long now) {
        tokens = Math.min(most, tokens + perSecond * Math.max(0, now - stamp) / SECOND);
        stamp = now;
        if (tokens < 1) {
            return false;
        }
        tokens--;
        return true;
    }
}
