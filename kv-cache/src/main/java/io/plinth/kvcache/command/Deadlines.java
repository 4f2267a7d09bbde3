package io.plinth.kvcache.command;

import io.plinth.kvcache.keyspace.Entry;

/** Expiry arguments: relative or absolute, seconds or milliseconds, with Redis's limits and words. */
public final class Deadlines {
    private Deadlines() {}

    /** How an expiry argument is meant. */
    public enum Unit {
        EX(true, true),
        PX(false, true),
        EXAT(true, false),
        PXAT(false, false);

        private final boolean seconds;
        private final boolean relative;

        Unit(boolean seconds, boolean relative) {
            this.seconds = seconds;
            this.relative = relative;
        }

        /** Whether it counts from now. */
        public boolean relative() {
            return relative;
        }
    }

    /** The absolute milliseconds an argument of SET and its kin means. */
    public static long positive(Call call, int arg, Unit unit) {
        long value = call.integer(arg);
        if (value <= 0) {
            throw invalid(call);
        }
        return absolute(call, value, unit);
    }

    /** The absolute milliseconds an argument of EXPIRE and its kin means; it may lie in the past. */
    public static long any(Call call, int arg, Unit unit) {
        return absolute(call, call.integer(arg), unit);
    }

    private static long absolute(Call call, long value, Unit unit) {
        long millis = value;
        if (unit.seconds) {
            if (value > Long.MAX_VALUE / 1000 || value < Long.MIN_VALUE / 1000) {
                throw invalid(call);
            }
            millis = value * 1000;
        }
        if (unit.relative) {
            if (millis > Long.MAX_VALUE - call.now()) {
                throw invalid(call);
            }
            millis += call.now();
        }
        return Math.min(millis, Entry.NEVER - 1);
    }

    public static CommandException invalid(Call call) {
        return new CommandException(
                "ERR invalid expire time in '" + call.command().name() + "' command");
    }
}
