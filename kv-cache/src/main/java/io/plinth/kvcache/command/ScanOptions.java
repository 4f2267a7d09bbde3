package io.plinth.kvcache.command;

import io.plinth.kvcache.keyspace.Glob;
import org.jspecify.annotations.Nullable;

/**
 * The options of SCAN and HSCAN.
 *
 * @param match what names have to match; null for everything
 * @param count about how many to visit
 * @param type what type keys have to be of; null for any
 */
public record ScanOptions(
        @Nullable Glob match, long count, @Nullable String type) {
    private static final int DEFAULT_COUNT = 10;

    public static ScanOptions parse(Call call, int from, boolean typed) {
        Glob match = null;
        long count = DEFAULT_COUNT;
        String type = null;
        for (int i = from; i < call.count(); i += 2) {
            if (i + 1 >= call.count()) {
                throw CommandException.syntax();
            }
            if (call.args().is(i, "MATCH")) {
                match = new Glob(call.bytes(i + 1));
            } else if (call.args().is(i, "COUNT")) {
                count = call.integer(i + 1);
                if (count < 1) {
                    throw CommandException.syntax();
                }
            } else if (typed && call.args().is(i, "TYPE")) {
                type = call.text(i + 1);
            } else {
                throw CommandException.syntax();
            }
        }
        return new ScanOptions(match == null || match.matchesAll() ? null : match, count, type);
    }

    /** The reply for a key that is not there. */
    public static void empty(Call call) {
        call.out().array(2);
        call.out().bulkLong(0);
        call.out().array(0);
    }

    /** An unsigned cursor, read as strtoul does: a sign is taken, and one below zero is as far below the largest one. */
    public static long cursor(Call call, int arg) {
        String text = call.text(arg);
        try {
            boolean signed = text.startsWith("-") || text.startsWith("+");
            if (signed && text.length() > 1 && !Character.isDigit(text.charAt(1))) {
                throw new NumberFormatException(text);
            }
            long cursor = Long.parseUnsignedLong(signed ? text.substring(1) : text);
            return text.startsWith("-") ? -cursor : cursor;
        } catch (NumberFormatException e) {
            throw new CommandException("ERR invalid cursor");
        }
    }
}
