package io.plinth.kvcache.command;

import java.util.concurrent.atomic.LongAdder;

/** Shared by all loops: what commands did since the node started. */
public final class Stats {
    private final LongAdder commands = new LongAdder();
    private final LongAdder errors = new LongAdder();
    private volatile long perSecond;
    private long lastCommands;
    private long lastMillis;

    void command() {
        commands.increment();
    }

    void error() {
        errors.increment();
    }

    public long commands() {
        return commands.sum();
    }

    public long errors() {
        return errors.sum();
    }

    public long perSecond() {
        return perSecond;
    }

    /** CONFIG RESETSTAT. */
    public void reset() {
        commands.reset();
        errors.reset();
    }

    /** Called about once a second from one loop. */
    public void sample(long nowMillis) {
        long total = commands.sum();
        if (nowMillis > lastMillis) {
            perSecond = Math.max(0, (total - lastCommands) * 1000 / (nowMillis - lastMillis));
        }
        lastCommands = total;
        lastMillis = nowMillis;
    }
}
