package io.plinth.kvcache.listen;

import io.netty.channel.EventLoop;
import io.netty.util.concurrent.ScheduledFuture;
import io.plinth.kvcache.keyspace.Keyspace;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.LongConsumer;

/** Each loop's work between reads: it removes what is over in its share of the segments; the first also samples. */
public final class LoopTimer implements AutoCloseable {
    private static final int TICK_MILLIS = 50;
    private static final int SAMPLE_MILLIS = 1_000;

    private final Keyspace keyspace;
    private final List<EventLoop> loops;
    private final Clock clock;
    private final LongConsumer sample;
    private final List<ScheduledFuture<?>> running = new ArrayList<>();
    private volatile boolean closed;

    public LoopTimer(Keyspace keyspace, List<EventLoop> loops, Clock clock, LongConsumer sample) {
        this.keyspace = keyspace;
        this.loops = List.copyOf(loops);
        this.clock = clock;
        this.sample = sample;
    }

    /** Begins. */
    public void start() {
        for (int i = 0; i < loops.size(); i++) {
            int first = i;
            EventLoop loop = loops.get(i);
            running.add(loop.scheduleAtFixedRate(
                    () -> expire(loop, first), TICK_MILLIS, TICK_MILLIS, TimeUnit.MILLISECONDS));
        }
        running.add(loops.getFirst()
                .scheduleAtFixedRate(
                        () -> sample.accept(clock.millis()), SAMPLE_MILLIS, SAMPLE_MILLIS, TimeUnit.MILLISECONDS));
    }

    /** A bounded number of keys at a time, so that commands get their turn between. */
    private void expire(EventLoop loop, int first) {
        if (!closed && !keyspace.expire(first, loops.size(), clock.millis())) {
            loop.execute(() -> expire(loop, first));
        }
    }

    @Override
    public void close() {
        closed = true;
        running.forEach(task -> task.cancel(false));
    }
}
