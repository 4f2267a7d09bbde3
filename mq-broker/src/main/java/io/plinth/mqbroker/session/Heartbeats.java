package io.plinth.mqbroker.session;

import io.netty.channel.ChannelHandlerContext;
import io.netty.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Owned by the connection's event loop. Sends when nothing else was, closes when two intervals pass in silence (section 4.2.7). */
final class Heartbeats {
    private static final Logger LOG = LoggerFactory.getLogger(Heartbeats.class);

    private final ChannelHandlerContext ctx;
    private final long interval;
    private final LongSupplier nanoTime;
    private final Runnable send;
    private long lastRead;
    private long lastWrite;
    private boolean paused;
    private @Nullable ScheduledFuture<?> timer;

    Heartbeats(ChannelHandlerContext ctx, int seconds, LongSupplier nanoTime, Runnable send) {
        this.ctx = ctx;
        this.interval = TimeUnit.SECONDS.toNanos(seconds);
        this.nanoTime = nanoTime;
        this.send = send;
        this.lastRead = nanoTime.getAsLong();
        this.lastWrite = lastRead;
    }

    void start() {
        timer = ctx.executor().scheduleAtFixedRate(this::check, interval / 2, interval / 2, TimeUnit.NANOSECONDS);
    }

    void read() {
        lastRead = nanoTime.getAsLong();
    }

    void wrote() {
        lastWrite = nanoTime.getAsLong();
    }

    /** While this side does not read, silence says nothing. */
    void readingPaused(boolean value) {
        paused = value;
        read();
    }

    private void check() {
        long now = nanoTime.getAsLong();
        if (!paused && now - lastRead > 2 * interval) {
            LOG.debug("{}: no heartbeat for two intervals", ctx.channel());
            ctx.close();
        } else if (now - lastWrite >= interval / 2) {
            send.run();
        }
    }

    void stop() {
        if (timer != null) {
            timer.cancel(false);
        }
    }
}
