package io.plinth.kvcache.command.zset;

import io.plinth.kvcache.command.Call;
import io.plinth.kvcache.command.CommandException;
import io.plinth.kvcache.keyspace.value.SortedSetValue;
import io.plinth.kvcache.wire.Doubles;
import java.nio.charset.StandardCharsets;
import java.util.function.ToIntFunction;

/**
 * A range of ranks of a sorted set, asked for by rank, score or bytes. Immutable.
 *
 * @param from answers the first rank
 * @param to answers the rank after the last
 */
record Span(ToIntFunction<SortedSetValue> from, ToIntFunction<SortedSetValue> to) {
    /** How a range is given. */
    enum By {
        RANK,
        SCORE,
        LEX
    }

    /** The range between two arguments; {@code down} counts ranks from the end. */
    static Span parse(Call call, By by, int minArg, int maxArg, boolean down) {
        return switch (by) {
            case RANK -> ranks(call.integer(minArg), call.integer(maxArg), down);
            case SCORE -> {
                Bound min = score(call, minArg);
                Bound max = score(call, maxArg);
                yield new Span(set -> set.below(min.score, min.exclusive), set -> set.below(max.score, !max.exclusive));
            }
            case LEX -> {
                Edge min = lex(call, minArg);
                Edge max = lex(call, maxArg);
                yield new Span(set -> min.place(set, true), set -> max.place(set, false));
            }
        };
    }

    private static Span ranks(long start, long stop, boolean down) {
        ToIntFunction<SortedSetValue> first = set -> {
            long size = set.size();
            return (int) Math.min(size, Math.max(0, start < 0 ? start + size : start));
        };
        ToIntFunction<SortedSetValue> end = set -> {
            long size = set.size();
            return (int) Math.min(size, Math.max(-1, stop < 0 ? stop + size : stop) + 1);
        };
        if (!down) {
            return new Span(first, end);
        }
        return new Span(set -> (int) set.size() - end.applyAsInt(set), set -> (int) set.size() - first.applyAsInt(set));
    }

    private record Bound(double score, boolean exclusive) {}

    private static Bound score(Call call, int arg) {
        int length = call.args().length(arg);
        int offset = call.args().offset(arg);
        byte[] buffer = call.args().buffer();
        boolean exclusive = length > 0 && buffer[offset] == '(';
        double value = loose(new String(
                buffer, exclusive ? offset + 1 : offset, exclusive ? length - 1 : length, StandardCharsets.ISO_8859_1));
        if (Double.isNaN(value)) {
            throw new CommandException("ERR min or max is not a float");
        }
        return new Bound(value, exclusive);
    }

    /** As strtod alone reads it: nothing is zero, spaces may come first, what is too large is infinite. */
    private static double loose(String text) {
        String rest = text.stripLeading();
        if (text.isEmpty()) {
            return 0;
        }
        byte[] bytes = rest.getBytes(StandardCharsets.ISO_8859_1);
        double value = Doubles.parse(bytes, 0, bytes.length);
        if (Double.isNaN(value) && rest.matches("[+-]?[0-9.]+([eE][+-]?[0-9]+)?")) {
            try {
                return Double.parseDouble(rest);
            } catch (NumberFormatException e) {
                return Double.NaN;
            }
        }
        return value;
    }

    /** {@code sign} is -1 or 1 for the ends, 0 for a member. */
    private record Edge(int sign, byte[] member, boolean inclusive) {
        int place(SortedSetValue set, boolean lower) {
            if (sign != 0) {
                return sign < 0 ? 0 : (int) set.size();
            }
            return set.belowMember(member, lower != inclusive);
        }
    }

    private static Edge lex(Call call, int arg) {
        byte[] text = call.bytes(arg);
        char kind = text.length == 0 ? 0 : (char) text[0];
        byte[] rest = text.length == 0 ? text : java.util.Arrays.copyOfRange(text, 1, text.length);
        if ((kind == '-' || kind == '+') && rest.length == 0) {
            return new Edge(kind == '-' ? -1 : 1, rest, false);
        }
        if (kind != '[' && kind != '(') {
            throw new CommandException("ERR min or max not valid string range item");
        }
        return new Edge(0, rest, kind == '[');
    }
}
