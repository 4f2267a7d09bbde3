package io.plinth.mqbroker.flow;

import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.LongConsumer;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Owned by an event loop, one each. Where many messages come in small reads and nobody waits for an answer to them, lets some time pass
 * between the loop's looks at its sockets, so that one wake-up serves more of them: what a wake-up costs is many times what a message costs. A load
 * that falls while the loop rests, since who publishes waits for what comes of it, is left alone for longer and longer.
 */
public final class Gathering {
    private static final Logger LOG = LoggerFactory.getLogger(Gathering.class);
    private static final long LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(200);
    private static final long REST_NANOS = TimeUnit.MILLISECONDS.toNanos(600);
    /** Looking at the clock costs something, too. */
    private static final int READS_A_LOOK = 16;

    private static final double MESSAGES_A_SECOND = 10_000;
    private static final int SMALLEST_READ = 2;
    private static final int LARGEST_READ = 64;
    /** A rate that is less than this part of what it was has fallen. */
    private static final double FALLEN = 0.75;

    private static final int MOST_LOOKS_PAUSED = 512;
    private static final int GOOD_RESTS = 5;

    private final long interval;
    private final Executor loop;
    private final LongSupplier nanoTime;
    private final LongConsumer sleep;
    private long since;
    private long messages;
    private long reads;
    private boolean resting;
    private boolean armed;
    private long woke;
    private double before;
    private int good;
    /** So many looks pass before it is tried again, and how many shall pass next time. */
    private int paused;

    private int nextPause = 1;

    /**
     * For one loop.
     *
     * @param interval nanoseconds between two looks at the sockets, 0 to look at once
     * @param sleep blocks the loop for so many nanoseconds
     */
    public Gathering(long interval, Executor loop, LongSupplier nanoTime, LongConsumer sleep) {
        this.interval = interval;
        this.loop = loop;
        this.nanoTime = nanoTime;
        this.sleep = sleep;
        this.since = nanoTime.getAsLong();
    }

    /** A connection was read from, and brought so many messages whose publisher does not wait for a confirm. */
    public void read(int unanswered) {
        if (interval == 0 || unanswered == 0) {
            return;
        }
        messages += unanswered;
        reads++;
        if (!resting) {
            if (reads % READS_A_LOOK == 0) {
                look(nanoTime.getAsLong());
            }
        } else if (!armed) {
            armed = true;
            // Behind what this read and those beside it have the loop do, such as their deliveries.
            later(() -> later(this::rest));
        }
    }

    private void later(Runnable work) {
        try {
            loop.execute(work);
        } catch (RejectedExecutionException e) {
            LOG.debug("loop has ended", e);
        }
    }

    private void rest() {
        armed = false;
        long now = nanoTime.getAsLong();
        long left = woke + interval - now;
        if (left > 0) {
            sleep.accept(left);
            now = nanoTime.getAsLong();
        }
        woke = now;
        check(now);
    }

    private void look(long now) {
        if (now - since < LOOK_NANOS) {
            return;
        }
        double rate = rate(now);
        if (paused > 0) {
            paused--;
        } else if (rate >= MESSAGES_A_SECOND && messages >= SMALLEST_READ * reads && messages < LARGEST_READ * reads) {
            resting = true;
            before = rate;
            woke = now - interval;
            good = 0;
        }
        begin(now);
    }

    private void check(long now) {
        if (now - since < REST_NANOS) {
            return;
        }
        double rate = rate(now);
        if (rate < MESSAGES_A_SECOND || rate < before * FALLEN) {
            resting = false;
            paused = nextPause;
            nextPause = Math.min(MOST_LOOKS_PAUSED, nextPause * 2);
        } else {
            before = Math.max(before, rate);
            if (++good == GOOD_RESTS) {
                nextPause = 1;
            }
        }
        begin(now);
    }

    private double rate(long now) {
        return messages * (double) TimeUnit.SECONDS.toNanos(1) / (now - since);
    }

    private void begin(long now) {
        since = now;
        messages = 0;
        reads = 0;
    }
}
