package io.plinth.kit.net;

import java.util.concurrent.Executor;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongConsumer;
import java.util.function.LongSupplier;

/**
 * When an event loop looks at its sockets again. Owned by that loop.
 *
 * <p>To be woken for one or two sockets at a time, and to wake others one by one, takes a third of its time. So where the requests of
 * many clients are under way, the loop looks once in {@link #PERIOD_NANOS} and finds several sockets ready; where serving them takes
 * that long, it does not rest at all. As clients are woken one by one too, that they are many shows only after a rest: it is tried now
 * and then.
 */
public final class LoopPace {
    /** So many sockets ready at once are worth a rest: fewer clients would wait for it, and not for one another. */
    static final int MANY = 8;
    /** From one look at the sockets to the next. */
    static final long PERIOD_NANOS = 100_000;
    /** After so many turns in a row with fewer sockets there is no rest. */
    static final int PATIENCE = 8;
    /** A trial is so many rests. */
    static final int TRIAL = 2;
    /** So many turns are between two trials at first; twice as many after each that was in vain, up to {@link #RAREST}. */
    static final int SOONEST = 32;

    static final int RAREST = 2048;

    private final LongSupplier nanoTime;
    private final LongConsumer rest;
    private final Runnable end = this::turnEnds;
    private final Runnable pause = this::restNow;
    private Executor loop = Runnable::run;
    private int ready;
    private long begun;
    private int rests;
    private int turns;
    private int interval = SOONEST;

    /** {@code rest} has the loop's thread sleep for so many nanoseconds. */
    public LoopPace(LongSupplier nanoTime, LongConsumer rest) {
        this.nanoTime = nanoTime;
        this.rest = rest;
    }

    /** One that has the loop's thread sleep. */
    public static LoopPace parking() {
        return new LoopPace(System::nanoTime, LockSupport::parkNanos);
    }

    /** A socket of the loop's was ready and has been read; {@code executor} runs what it is given at the end of its turn. */
    public void ready(Executor executor) {
        ready++;
        if (ready == 1) {
            begun = nanoTime.getAsLong();
            loop = executor;
            executor.execute(end);
        }
    }

    private void turnEnds() {
        if (ready >= MANY) {
            rests = PATIENCE;
            turns = 0;
            interval = SOONEST;
        } else if (rests == 0) {
            turns++;
            if (turns >= interval) {
                rests = TRIAL;
                turns = 0;
                interval = Math.min(2 * interval, RAREST);
            }
        }
        ready = 0;
        if (rests > 0) {
            rests--;
            long left = begun + PERIOD_NANOS - nanoTime.getAsLong();
            if (left > 0) {
                // Behind what sockets that were read after the first one have queued.
                loop.execute(pause);
            }
        }
    }

    private void restNow() {
        long left = begun + PERIOD_NANOS - nanoTime.getAsLong();
        if (left > 0) {
            rest.accept(left);
        }
    }
}
