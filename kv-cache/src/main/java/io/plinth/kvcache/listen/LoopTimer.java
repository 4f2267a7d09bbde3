package io.plinth.kvcache.listen;

import io.netty.channel.EventLoop;
import io.netty.util.concurrent.ScheduledFuture;
import io.plinth.kvcache.command.Stats;
import io.plinth.kvcache.keyspace.Keyspace;
import java.time.Clock;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongConsumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Each loop's work between reads: it removes what is over in its share of the segments; the first also samples. */
public final class LoopTimer implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(LoopTimer.class);
    private static final long TELL_NANOS = TimeUnit.MINUTES.toNanos(1);
    private static final int TICK_MILLIS = 20;
    private static final int SAMPLE_MILLIS = 1_000;
    /** After so long a turn ends, though it goes on as soon as the loop has looked at its connections. */
    private static final long TURN_NANOS = 500_000;
    /** The clock is looked at once for so many segments. */
    private static final int SEGMENTS_AT_ONCE = 16;

    private final Keyspace keyspace;
    private final List<EventLoop> loops;
    private final Clock clock;
    private final Stats stats;
    private final LongConsumer sample;
    private final List<ScheduledFuture<?>> running = new ArrayList<>();
    private final AtomicLong told = new AtomicLong();
    private volatile boolean closed;
    private volatile boolean resting;

    public LoopTimer(Keyspace keyspace, List<EventLoop> loops, Clock clock, Stats stats, LongConsumer sample) {
        this.keyspace = keyspace;
        this.loops = List.copyOf(loops);
        this.clock = clock;
        this.stats = stats;
        this.sample = sample;
    }

    /** Begins. */
    public void start() {
        for (int i = 0; i < loops.size(); i++) {
            Share share = new Share(loops.get(i), i);
            running.add(loops.get(i).scheduleAtFixedRate(share::tick, TICK_MILLIS, TICK_MILLIS, TimeUnit.MILLISECONDS));
        }
        running.add(loops.getFirst()
                .scheduleAtFixedRate(this::sample, SAMPLE_MILLIS, SAMPLE_MILLIS, TimeUnit.MILLISECONDS));
    }

    /** Removes nothing for a while, or goes on: what nobody looks at stays where it is. From any thread. */
    public void rests(boolean yes) {
        resting = yes;
    }

    private void sample() {
        try {
            sample.accept(clock.millis());
        } catch (RuntimeException | Error e) {
            failed("what is done each second", e);
        }
    }

    /** A task that throws would never run again; what fails may fail each time, and is told once a minute. */
    private void failed(String what, Throwable e) {
        long now = stats.clock().getAsLong();
        long before = told.get();
        if ((before == 0 || now - before > TELL_NANOS) && told.compareAndSet(before, now)) {
            LOG.warn("{}: failed; goes on", what, e);
        }
    }

    @Override
    public void close() {
        closed = true;
        running.forEach(task -> task.cancel(false));
    }

    /** Owned by its loop: the segments it looks after, and which of them are still to be visited. */
    private final class Share {
        private final EventLoop loop;
        private final int first;
        private final BitSet left = new BitSet(Keyspace.SEGMENTS);
        private int next;
        private boolean planned;

        Share(EventLoop loop, int first) {
            this.loop = loop;
            this.first = first;
        }

        void tick() {
            if (resting) {
                return;
            }
            try {
                keyspace.visits(first, loops.size(), clock.millis());
            } catch (RuntimeException | Error e) {
                failed("expiry", e);
            }
            for (int i = first; i < Keyspace.SEGMENTS; i += loops.size()) {
                left.set(i);
            }
            if (!planned) {
                turn();
            }
        }

        private void turn() {
            planned = false;
            long begun = stats.clock().getAsLong();
            long now = clock.millis();
            long took = 0;
            while (!closed && !left.isEmpty() && took < TURN_NANOS) {
                some(now);
                took = stats.clock().getAsLong() - begun;
            }
            stats.expiry(took);
            stats.latencies().add("expire-cycle", TimeUnit.NANOSECONDS.toMillis(took), now);
            if (!closed && !left.isEmpty()) {
                planned = true;
                // A task that is due, unlike one handed in, has the loop look at its connections before.
                loop.schedule(this::turn, 0, TimeUnit.NANOSECONDS);
            }
        }

        private void some(long nowMillis) {
            for (int i = 0; i < SEGMENTS_AT_ONCE && !left.isEmpty(); i++) {
                int segment = left.nextSetBit(next);
                if (segment < 0) {
                    segment = left.nextSetBit(0);
                }
                if (expire(segment, nowMillis)) {
                    left.clear(segment);
                }
                next = segment + 1;
            }
        }

        private boolean expire(int segment, long nowMillis) {
            try {
                return keyspace.expire(segment, nowMillis);
            } catch (RuntimeException | Error e) {
                failed("expiry", e);
                return true;
            }
        }
    }
}
