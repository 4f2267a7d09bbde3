package io.plinth.kvcache.command.stream;

import io.plinth.kvcache.command.Call;
import io.plinth.kvcache.command.CommandException;
import io.plinth.kvcache.keyspace.stream.StreamId;
import io.plinth.kvcache.wire.ReplyWriter;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Ids as arguments and replies. */
final class StreamIds {
    private StreamIds() {}

    private static CommandException invalid() {
        return new CommandException("ERR Invalid stream ID specified as stream command argument");
    }

    /** An id; a missing sequence is {@code missing}. */
    static StreamId strict(Call call, int arg, long missing) {
        return parse(call.text(arg), missing);
    }

    /** An id, or {@code -} and {@code +} for the ends. */
    static StreamId any(Call call, int arg, long missing) {
        return switch (call.text(arg)) {
            case "-" -> StreamId.MIN;
            case "+" -> StreamId.MAX;
            default -> parse(call.text(arg), missing);
        };
    }

    static StreamId parse(String text, long missing) {
        int dash = text.indexOf('-');
        long millis = part(dash < 0 ? text : text.substring(0, dash));
        return new StreamId(millis, dash < 0 ? missing : part(text.substring(dash + 1)));
    }

    /** Whether a text is an id. */
    static boolean is(String text) {
        try {
            parse(text, 0);
            return true;
        } catch (CommandException e) {
            return false;
        }
    }

    /** An unsigned number. */
    static long part(String text) {
        boolean digits = !text.isEmpty() && text.chars().allMatch(c -> c >= '0' && c <= '9');
        if (!digits || (text.length() > 1 && text.charAt(0) == '0')) {
            throw invalid();
        }
        try {
            return Long.parseUnsignedLong(text);
        } catch (NumberFormatException e) {
            throw invalid();
        }
    }

    /** The start of a range, which {@code (} excludes. */
    static StreamId start(Call call, int arg) {
        if (!open(call, arg)) {
            return any(call, arg, 0);
        }
        StreamId next = parse(call.text(arg).substring(1), 0).next();
        if (next == null) {
            throw new CommandException("ERR invalid start ID for the interval");
        }
        return next;
    }

    /** The end of a range, which {@code (} excludes. */
    static StreamId end(Call call, int arg) {
        if (!open(call, arg)) {
            return any(call, arg, -1);
        }
        StreamId previous = parse(call.text(arg).substring(1), -1).previous();
        if (previous == null) {
            throw new CommandException("ERR invalid end ID for the interval");
        }
        return previous;
    }

    private static boolean open(Call call, int arg) {
        return call.args().length(arg) > 1 && call.args().buffer()[call.args().offset(arg)] == '(';
    }

    /** An entry with its fields, or with a null where it was deleted. */
    static void write(ReplyWriter out, StreamId id, @Nullable List<byte[]> fields) {
        out.array(2);
        out.bulk(id.toString());
        if (fields == null) {
            out.nullArray();
        } else {
            out.array(fields.size());
            fields.forEach(out::bulk);
        }
    }
}
