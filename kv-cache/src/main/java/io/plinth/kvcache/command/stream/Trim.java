package io.plinth.kvcache.command.stream;

import io.plinth.kvcache.command.Call;
import io.plinth.kvcache.command.CommandException;
import io.plinth.kvcache.command.KeyEvents;
import io.plinth.kvcache.keyspace.Entry;
import io.plinth.kvcache.keyspace.stream.StreamId;
import io.plinth.kvcache.keyspace.write.Streams;
import org.jspecify.annotations.Nullable;

/**
 * The options of XADD and XTRIM.
 *
 * @param length to keep; negative for none
 * @param id to keep from; null for none
 * @param about whether only whole nodes go
 * @param limit of entries that go at once; 0 for none
 * @param existing whether no stream is made
 * @param next the argument after the options
 */
record Trim(long length, @Nullable StreamId id, boolean about, long limit, boolean existing, int next) {
    private static final int NODES = 100;
    private static final long UNLIMITED_NODES = 10_000;
    private static final long MOST_AT_ONCE = 1_000_000;

    static Trim parse(Call call, boolean add) {
        long length = -1;
        StreamId id = null;
        boolean about = false;
        long limit = -1;
        boolean existing = false;
        int i = 2;
        for (; i < call.count(); i++) {
            boolean more = i + 1 < call.count();
            if (add && call.args().is(i, "*")) {
                break;
            } else if (more && (call.args().is(i, "MAXLEN") || call.args().is(i, "MINID"))) {
                boolean byLength = call.args().is(i, "MAXLEN");
                if (length >= 0 || id != null) {
                    throw new CommandException(
                            "ERR syntax error, MAXLEN and MINID options at the same time are not compatible");
                }
                about = i + 2 < call.count() && call.args().is(i + 1, "~");
                if (about || (i + 2 < call.count() && call.args().is(i + 1, "="))) {
                    i++;
                }
                i++;
                if (byLength) {
                    length = call.integer(i);
                    if (length < 0) {
                        throw new CommandException("ERR The MAXLEN argument must be >= 0.");
                    }
                } else {
                    id = StreamIds.strict(call, i, 0);
                }
            } else if (more && call.args().is(i, "LIMIT")) {
                limit = call.integer(++i);
                if (limit < 0) {
                    throw new CommandException("ERR The LIMIT argument must be >= 0.");
                }
            } else if (add && call.args().is(i, "NOMKSTREAM")) {
                existing = true;
            } else if (add) {
                String text = call.text(i);
                StreamIds.parse(text.endsWith("-*") ? text.substring(0, text.length() - 1) + "0" : text, 0);
                break;
            } else {
                throw CommandException.syntax();
            }
        }
        return checked(call, add, new Trim(length, id, about, limit, existing, i));
    }

    private static Trim checked(Call call, boolean add, Trim trim) {
        boolean none = trim.length < 0 && trim.id == null;
        if (trim.limit > 0 && none) {
            throw new CommandException("ERR syntax error, LIMIT cannot be used without specifying a trimming strategy");
        }
        if (!add && none) {
            throw new CommandException("ERR syntax error, XTRIM must be called with a trimming strategy");
        }
        if (trim.limit >= 0 && !trim.about) {
            throw new CommandException("ERR syntax error, LIMIT cannot be used without the special ~ option");
        }
        long limit = trim.limit >= 0 || !trim.about
                ? Math.max(0, trim.limit)
                : atOnce(call.keyspace().packing().streamEntries());
        return new Trim(trim.length, trim.id, trim.about, limit, trim.existing, trim.next);
    }

    /** How many leave at most where nobody says. */
    private static long atOnce(int entries) {
        return entries == 0 ? UNLIMITED_NODES : Math.min(MOST_AT_ONCE, (long) NODES * entries);
    }

    /** Trims the stream; answers how many entries went. */
    long apply(Call call, Entry entry) {
        long removed = 0;
        if (length >= 0) {
            removed = Streams.trim(call.segment(), entry, length, about, limit);
        } else if (id != null) {
            removed = Streams.trim(call.segment(), entry, id, about, limit);
        }
        if (removed > 0) {
            call.event(KeyEvents.STREAM, "xtrim", 1);
        }
        return removed;
    }
}
