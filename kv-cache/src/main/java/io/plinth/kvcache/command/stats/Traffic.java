package io.plinth.kvcache.command.stats;

import io.plinth.kvcache.session.turn.LoopTraffic;
import java.util.Collection;
import java.util.List;

/** Shared by all loops: what connections read and wrote, summed over the loops when somebody asks. */
public final class Traffic {
    private volatile List<LoopTraffic> loops = List.of();
    private volatile Sum before = Sum.NOTHING;
    private volatile long inputPerSecond;
    private volatile long outputPerSecond;
    private Sum last = Sum.NOTHING;
    private long lastMillis;

    /**
     * Bytes, and how often some were read or written.
     *
     * @param input bytes that came
     * @param output bytes that were sent
     */
    public record Sum(long input, long output, long reads, long writes) {
        private static final Sum NOTHING = new Sum(0, 0, 0, 0);

        private Sum since(Sum earlier) {
            return new Sum(
                    input - earlier.input, output - earlier.output, reads - earlier.reads, writes - earlier.writes);
        }
    }

    /** The largest buffers of single connections in the last eight seconds, in bytes. */
    public record Largest(int input, int output) {}

    /** These count. Before connections come. */
    public void of(Collection<LoopTraffic> counts) {
        loops = List.copyOf(counts);
    }

    /** Since the start, or since {@link #reset}. */
    public Sum sum() {
        return all().since(before);
    }

    private Sum all() {
        long input = 0;
        long output = 0;
        long reads = 0;
        long writes = 0;
        for (LoopTraffic loop : loops) {
            input += loop.input();
            output += loop.output();
            reads += loop.reads();
            writes += loop.writes();
        }
        return new Sum(input, output, reads, writes);
    }

    /** The largest buffers of late. */
    public Largest largest(long nowMillis) {
        int input = 0;
        int output = 0;
        for (LoopTraffic loop : loops) {
            input = Math.max(input, loop.largestInput(nowMillis));
            output = Math.max(output, loop.largestOutput(nowMillis));
        }
        return new Largest(input, output);
    }

    /** Counts from here on. */
    public void reset() {
        before = all();
    }

    /** Called about once a second from one loop. */
    public void sample(long nowMillis) {
        Sum now = all();
        if (nowMillis > lastMillis) {
            Sum more = now.since(last);
            inputPerSecond = more.input() * 1000 / (nowMillis - lastMillis);
            outputPerSecond = more.output() * 1000 / (nowMillis - lastMillis);
        }
        last = now;
        lastMillis = nowMillis;
    }

    /** Bytes a second that came of late. */
    public long inputPerSecond() {
        return inputPerSecond;
    }

    /** Bytes a second that were sent of late. */
    public long outputPerSecond() {
        return outputPerSecond;
    }
}
