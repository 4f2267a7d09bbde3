package io.plinth.kit.metrics;

import io.netty.channel.EventLoop;
import io.plinth.kit.net.EventLoops;
import io.prometheus.metrics.core.metrics.GaugeWithCallback;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/** How late each loop ran a task that was due: the longest in the last 15 to 30 s. Shows what blocks a loop. */
public final class LoopStalls {
    private static final long PERIOD_MILLIS = 500;
    private static final int WINDOW = 30;

    private LoopStalls() {}

    /** Registers all of it. */
    public static void register(Metrics metrics, EventLoops loops, LongSupplier nanoTime) {
        List<Clockwork> clockworks = new ArrayList<>();
        for (EventLoop loop : loops.all()) {
            Clockwork clockwork = new Clockwork(loop, nanoTime);
            clockworks.add(clockwork);
            loop.scheduleWithFixedDelay(clockwork, PERIOD_MILLIS, PERIOD_MILLIS, TimeUnit.MILLISECONDS);
        }
        GaugeWithCallback.builder()
                .name("plinth_loop_stall_seconds")
                .help("The latest any task ran in the last 15 to 30 s.")
                .labelNames("loop")
                .callback(callback -> {
                    for (int i = 0; i < clockworks.size(); i++) {
                        callback.call(clockworks.get(i).shown / 1e9, Integer.toString(i));
                    }
                })
                .register(metrics.registry());
    }

    /** Owned by its loop; {@code shown} is read by the scrape. */
    private static final class Clockwork implements Runnable {
        private final EventLoop loop;
        private final LongSupplier nanoTime;
        private long last;
        private long current;
        private long previous;
        private int ticks;
        private volatile long shown;

        Clockwork(EventLoop loop, LongSupplier nanoTime) {
            this.loop = loop;
            this.nanoTime = nanoTime;
            this.last = nanoTime.getAsLong();
        }

        @Override
        public void run() {
            assert loop.inEventLoop();
            long now = nanoTime.getAsLong();
            current = Math.max(current, now - last - TimeUnit.MILLISECONDS.toNanos(PERIOD_MILLIS));
            last = now;
            if (++ticks % WINDOW == 0) {
                previous = current;
                current = 0;
            }
            shown = Math.max(current, previous);
        }
    }
}
