package io.plinth.lbproxy.upstream;

import io.plinth.lbproxy.balance.SlowTail;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Requests whose answer is awaited, in the order they were sent, which is the order in which their time comes, as it is about
 * the same for all: so one timer, and no more than some pointers for a request. Owned by one event loop.
 */
public final class HedgeLine {
    private final Connector connector;
    private final PoolSettings.Hedge settings;
    private final SlowTail tail;
    private @Nullable Overdue first;
    private @Nullable Overdue last;
    private boolean timed;

    HedgeLine(Connector connector, PoolSettings.Hedge settings) {
        this.connector = connector;
        this.settings = settings;
        tail = new SlowTail(settings.percentile(), settings.minRequests());
    }

    /** An answer came after this long. */
    public void observe(long nanos) {
        tail.observe(nanos);
    }

    void look() {
        tail.look();
    }

    /** A request was sent; while too little is known of latencies nothing becomes of it. */
    public void add(Overdue request) {
        assert connector.loop().inEventLoop();
        long delay = tail.nanos();
        if (delay < 0 || request.inLine) {
            return;
        }
        request.due = connector.now() + Math.max(delay, settings.minNanos());
        request.inLine = true;
        request.after = null;
        request.before = last;
        if (last == null) {
            first = request;
        } else {
            last.after = request;
        }
        last = request;
        time();
    }

    /** Its answer came, or it is over. */
    public void remove(Overdue request) {
        if (!request.inLine) {
            return;
        }
        request.inLine = false;
        Overdue before = request.before;
        Overdue after = request.after;
        if (before == null) {
            first = after;
        } else {
            before.after = after;
        }
        if (after == null) {
            last = before;
        } else {
            after.before = before;
        }
        request.before = null;
        request.after = null;
    }

    private void time() {
        Overdue next = first;
        if (next != null && !timed) {
            timed = true;
            long wait = Math.max(0, next.due - connector.now());
            connector.loop().schedule(this::expire, wait, TimeUnit.NANOSECONDS);
        }
    }

    private void expire() {
        timed = false;
        Overdue next;
        while ((next = first) != null && next.due - connector.now() <= 0) {
            remove(next);
            next.overdue();
        }
        time();
    }
}
