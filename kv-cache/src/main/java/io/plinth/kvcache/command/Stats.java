package io.plinth.kvcache.command;

import io.plinth.kvcache.command.stats.ErrorCounts;
import io.plinth.kvcache.command.stats.HotList;
import io.plinth.kvcache.command.stats.LatencyEvents;
import io.plinth.kvcache.command.stats.Monitors;
import io.plinth.kvcache.command.stats.Observations;
import io.plinth.kvcache.command.stats.SlowLog;
import io.plinth.kvcache.command.stats.Traffic;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.LongSupplier;

/** Shared by all loops: what commands did since the node started. */
public final class Stats {
    private final LongSupplier nanos;
    private final ErrorCounts errors = new ErrorCounts();
    private final Observations observations = new Observations();
    private final Monitors monitors = new Monitors(observations);
    private final HotList hotKeys;
    private final Traffic traffic = new Traffic();
    private final LongAdder expiryNanos = new LongAdder();
    private volatile long perSecond;
    private volatile long peakBytes;
    private long lastCommands;
    private long lastMillis;

    /** {@code nanos}: a clock to measure commands with; {@code millis}: one that tells the time. */
    public Stats(LongSupplier nanos, LongSupplier millis) {
        this.nanos = nanos;
        this.hotKeys = new HotList(millis);
    }

    /** Who sees every command. */
    public Monitors monitors() {
        return monitors;
    }

    /** The keys that are used most. */
    public HotList hotKeys() {
        return hotKeys;
    }

    /** What connections read and wrote. */
    public Traffic traffic() {
        return traffic;
    }

    /** Nanoseconds that went into removing what is over. */
    public long expiryNanos() {
        return expiryNanos.sum();
    }

    /** A turn of removing what is over has ended. */
    public void expiry(long nanos) {
        expiryNanos.add(nanos);
    }

    /** The clock that commands are measured with. */
    public LongSupplier clock() {
        return nanos;
    }

    void error(String code) {
        errors.add(code);
    }

    public long commands() {
        return observations.commands();
    }

    /** Errors that were answered, by their first word. */
    public ErrorCounts errors() {
        return errors;
    }

    /** What each command took. */
    public Observations observations() {
        return observations;
    }

    /** Commands that took long. */
    public SlowLog slowLog() {
        return observations.slowLog();
    }

    /** Moments that took long. */
    public LatencyEvents latencies() {
        return observations.latencies();
    }

    public long perSecond() {
        return perSecond;
    }

    /** The most that keys took at a sample, or now. */
    public long peakBytes(long bytes) {
        long peak = Math.max(peakBytes, bytes);
        peakBytes = peak;
        return peak;
    }

    /** CONFIG RESETSTAT. */
    public void reset() {
        errors.clear();
        observations.reset();
        traffic.reset();
        expiryNanos.reset();
    }

    /** Called about once a second from one loop. */
    public void sample(long nowMillis) {
        traffic.sample(nowMillis);
        long total = commands();
        if (nowMillis > lastMillis) {
            perSecond = Math.max(0, (total - lastCommands) * 1000 / (nowMillis - lastMillis));
        }
        lastCommands = total;
        lastMillis = nowMillis;
    }
}
