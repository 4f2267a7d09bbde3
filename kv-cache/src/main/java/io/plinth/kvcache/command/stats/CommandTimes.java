package io.plinth.kvcache.command.stats;

import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/** Written by the one thread that runs commands, read by others as it stands: what was counted of each, by its row in the table. */
public final class CommandTimes {
    private final long[] calls;
    private final long[] nanos;
    private final long[] rejected;
    private final long[] failed;
    private final AtomicReferenceArray<@Nullable LatencyCounts> latencies;

    private long commands;

    CommandTimes(int rows) {
        calls = new long[rows];
        nanos = new long[rows];
        rejected = new long[rows];
        failed = new long[rows];
        latencies = new AtomicReferenceArray<>(rows);
    }

    /** A command came. */
    public void command() {
        commands++;
    }

    /** How many came. */
    long commands() {
        return commands;
    }

    /** A command ended. */
    public void ended(int row, long took, boolean withError, boolean tracked) {
        calls[row]++;
        nanos[row] += took;
        if (withError) {
            failed[row]++;
        }
        if (tracked) {
            LatencyCounts own = latencies.getPlain(row);
            if (own == null) {
                own = new LatencyCounts();
                latencies.setRelease(row, own);
            }
            own.add(took);
        }
    }

    /** A command was refused before it did anything. */
    public void refused(int row) {
        rejected[row]++;
    }

    int rows() {
        return calls.length;
    }

    /** Adds, or with -1 takes away, what another counted. */
    void add(CommandTimes other, int sign) {
        commands += sign * other.commands;
        for (int row = 0; row < calls.length; row++) {
            calls[row] += sign * other.calls[row];
            nanos[row] += sign * other.nanos[row];
            rejected[row] += sign * other.rejected[row];
            failed[row] += sign * other.failed[row];
            LatencyCounts more = other.latencies.getAcquire(row);
            if (more != null) {
                LatencyCounts own = latencies.getPlain(row);
                if (own == null) {
                    own = new LatencyCounts();
                    latencies.setPlain(row, own);
                }
                own.add(more, sign);
            }
        }
    }

    /** How often it ran. */
    public long calls(int row) {
        return calls[row];
    }

    /** Nanoseconds it took, all times together. */
    public long nanos(int row) {
        return nanos[row];
    }

    /** How often it was refused before it did anything. */
    public long rejected(int row) {
        return rejected[row];
    }

    /** How often it answered an error. */
    public long failed(int row) {
        return failed[row];
    }

    /** How long it took how often; null where that is not known. */
    public @Nullable LatencyCounts latencies(int row) {
        return latencies.getAcquire(row);
    }
}
