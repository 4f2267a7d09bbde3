package io.plinth.kvcache.command.stats;

import io.plinth.kvcache.session.Client;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/** Shared by all loops: what each of them measured, together; counting anew is done by taking away what was there then. */
public final class Observations {
    private static final List<Double> STANDARD = List.of(50.0, 99.0, 99.9);

    private final List<CommandTimes> running = new CopyOnWriteArrayList<>();
    private final ReentrantLock lock = new ReentrantLock();
    private @Nullable CommandTimes past;
    private final SlowLog slowLog = new SlowLog();
    private final LatencyEvents latencies = new LatencyEvents();
    private volatile boolean tracked = true;
    private volatile List<Double> percentiles = STANDARD;
    private volatile boolean every;
    private volatile long attention = TimeUnit.MICROSECONDS.toNanos(slowLog.slowerThan());

    /** A place to count for a thread that runs commands; the table has so many rows. */
    public CommandTimes begin(int rows) {
        CommandTimes times = new CommandTimes(rows);
        running.add(times);
        return times;
    }

    /** A thread runs no more commands: what it counted is kept. */
    public void end(CommandTimes times) {
        lock.lock();
        try {
            if (running.remove(times)) {
                past(times.rows()).add(times, 1);
            }
        } finally {
            lock.unlock();
        }
    }

    private CommandTimes past(int rows) {
        CommandTimes known = past;
        if (known == null) {
            known = new CommandTimes(rows);
            past = known;
        }
        return known;
    }

    /** How many commands came since the start, or since {@link #reset}. */
    public long commands() {
        lock.lock();
        try {
            CommandTimes known = past;
            return (known == null ? 0 : known.commands())
                    + running.stream().mapToLong(CommandTimes::commands).sum();
        } finally {
            lock.unlock();
        }
    }

    /** What was counted since the start, or since {@link #reset}; null where nothing runs. */
    public @Nullable CommandTimes sum() {
        lock.lock();
        try {
            if (running.isEmpty()) {
                return null;
            }
            CommandTimes sum = new CommandTimes(running.getFirst().rows());
            running.forEach(times -> sum.add(times, 1));
            sum.add(past(sum.rows()), 1);
            return sum;
        } finally {
            lock.unlock();
        }
    }

    /** Counts from here on. */
    void reset(CommandTimes counted) {
        lock.lock();
        try {
            past(counted.rows()).add(counted, -1);
        } finally {
            lock.unlock();
        }
    }

    /** Counts from here on. */
    public void reset() {
        CommandTimes counted = sum();
        if (counted != null) {
            reset(counted);
        }
    }

    public SlowLog slowLog() {
        return slowLog;
    }

    public LatencyEvents latencies() {
        return latencies;
    }

    /** Whether it is counted how long commands take. */
    public boolean tracked() {
        return tracked;
    }

    public void tracked(boolean yes) {
        tracked = yes;
    }

    /** Which percentiles INFO shows. */
    public List<Double> percentiles() {
        return percentiles;
    }

    public void percentiles(List<Double> shown) {
        percentiles = List.copyOf(shown);
    }

    /** Nanoseconds from which on somebody wants to know about a command. */
    public long attention() {
        return attention;
    }

    /** Changes from how many microseconds on commands are kept as slow, negative for none. */
    public void slowerThan(long micros) {
        slowLog.slowerThan(micros);
        look();
    }

    /** Changes from how many milliseconds on a moment counts as slow, 0 for none. */
    public void threshold(long millis) {
        latencies.threshold(millis);
        look();
    }

    /** Whether somebody wants to know about every command. */
    void every(boolean yes) {
        every = yes;
        look();
    }

    private void look() {
        long slow = slowLog.slowerThan() < 0 ? Long.MAX_VALUE : TimeUnit.MICROSECONDS.toNanos(slowLog.slowerThan());
        long moment =
                latencies.threshold() == 0 ? Long.MAX_VALUE : TimeUnit.MILLISECONDS.toNanos(latencies.threshold());
        attention = every ? Long.MIN_VALUE : Math.min(slow, moment);
    }

    /** A command took long enough for {@link #attention}. */
    public void slow(boolean fast, boolean shown, List<byte[]> args, long nanos, long nowMillis, Client by) {
        long micros = TimeUnit.NANOSECONDS.toMicros(nanos);
        if (shown && slowLog.slowerThan() >= 0 && micros >= slowLog.slowerThan()) {
            slowLog.add(args, micros, nowMillis, by.address(), by.name());
        }
        latencies.add(fast ? "fast-command" : "command", TimeUnit.NANOSECONDS.toMillis(nanos), nowMillis);
    }
}
