package io.plinth.lbproxy.balance;

import java.util.ArrayDeque;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Refuses requests while too many of them fail. Swept by one event loop, asked by all.
 *
 * <pre>
 * CLOSED    -> OPEN       enough requests within the window, too many of them failed
 * OPEN      -> HALF_OPEN  its time is over; some requests try
 * HALF_OPEN -> CLOSED     all that tried succeeded
 * HALF_OPEN -> OPEN       one failed
 * </pre>
 */
public final class CircuitBreaker {
    /** What it does with requests. */
    public enum State {
        CLOSED,
        OPEN,
        HALF_OPEN
    }

    /**
     * When it opens and for how long.
     *
     * @param failurePercent opens at so many of a hundred
     * @param minRequests never opens for fewer within the window
     * @param trials requests that try when half open
     */
    public record Settings(int failurePercent, int minRequests, long windowNanos, long openNanos, int trials) {}

    private record Sample(long at, long requests, long failures) {}

    private final Settings settings;
    private final ArrayDeque<Sample> samples = new ArrayDeque<>();
    private final AtomicInteger permits = new AtomicInteger();
    private final AtomicInteger succeeded = new AtomicInteger();
    private final AtomicInteger failed = new AtomicInteger();
    private volatile State state = State.CLOSED;
    private volatile long since;

    public CircuitBreaker(Settings settings) {
        this.settings = settings;
    }

    public State state() {
        return state;
    }

    /** Whether a request may go on; one that tries is counted. Any thread. */
    public boolean allows() {
        return switch (state) {
            case CLOSED -> true;
            case OPEN -> false;
            case HALF_OPEN -> permits.get() > 0 && permits.getAndDecrement() > 0;
        };
    }

    /**
     * A request has ended. Any thread. When half open, those that were sent before it was say nothing of the servers as they
     * are now.
     */
    public void ended(long sentAt, boolean failure) {
        if (state == State.HALF_OPEN && sentAt - since >= 0) {
            (failure ? failed : succeeded).incrementAndGet();
        }
    }

    /**
     * Looks at what came of requests; a few times a second, always on the same loop.
     *
     * @param requests all that have ended so far
     * @param failures those of them that failed
     */
    public void sweep(long now, long requests, long failures) {
        Sample last = new Sample(now, requests, failures);
        switch (state) {
            case CLOSED -> closed(last);
            case OPEN -> {
                if (now - since >= settings.openNanos()) {
                    tryAgain(now);
                }
            }
            case HALF_OPEN -> halfOpen(now);
        }
    }

    private void closed(Sample last) {
        samples.addLast(last);
        while (last.at - samples.getFirst().at > settings.windowNanos()) {
            samples.removeFirst();
        }
        Sample first = samples.getFirst();
        long requests = last.requests - first.requests;
        long failures = last.failures - first.failures;
        if (requests >= settings.minRequests() && failures * 100 >= requests * settings.failurePercent()) {
            open(last.at);
        }
    }

    private void open(long now) {
        since = now;
        samples.clear();
        state = State.OPEN;
    }

    private void tryAgain(long now) {
        since = now;
        succeeded.set(0);
        failed.set(0);
        permits.set(settings.trials());
        state = State.HALF_OPEN;
    }

    private void halfOpen(long now) {
        if (failed.get() > 0) {
            open(now);
        } else if (succeeded.get() >= settings.trials()) {
            state = State.CLOSED;
        } else if (now - since >= settings.openNanos()) {
            // Those that were to try have gone without a result.
            tryAgain(now);
        }
    }
}
