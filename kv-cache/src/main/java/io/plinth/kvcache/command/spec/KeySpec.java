package io.plinth.kvcache.command.spec;

import io.plinth.kvcache.wire.Args;
import io.plinth.kvcache.wire.Numbers;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Where keys stand among a command's arguments, in the terms of Redis's key specifications. Immutable.
 *
 * @param flags as COMMAND shows them, such as {@code RO} and {@code access}
 * @param begin {@code i}ndex, {@code k}eyword or {@code u}nknown
 * @param index the index, or where the search for the keyword starts, negative from the end
 * @param keyword upper case; empty where there is none
 * @param find {@code r}ange, key {@code n}umber or {@code u}nknown
 * @param a last key, or where the number of keys stands
 * @param b step, or the first key after the number
 * @param c limit, or step
 * @param notes what COMMAND says of it, or null
 */
public record KeySpec(
        List<String> flags,
        char begin,
        int index,
        String keyword,
        char find,
        int a,
        int b,
        int c,
        @Nullable String notes) {
    /** The key's value is read. */
    public static final int READ = 1;
    /** The key's value is changed. */
    public static final int WRITE = 2;

    public KeySpec {
        flags = List.copyOf(flags);
    }

    /** Sees where a key stands. */
    @FunctionalInterface
    public interface Visitor {
        /** {@code access} is {@link #READ}, {@link #WRITE}, both or none. */
        void key(int arg, int access);
    }

    /** As {@code RO,access:i1:r0,1,0}. */
    static KeySpec parse(String text) {
        String[] parts = text.split(":", -1);
        List<String> flags = Arrays.asList(parts[0].split(",", -1));
        char begin = parts[1].charAt(0);
        String[] where = parts[1].substring(1).split(",", -1);
        int index = begin == 'i' ? Integer.parseInt(where[0]) : begin == 'k' ? Integer.parseInt(where[1]) : 0;
        char find = parts[2].charAt(0);
        int[] numbers = find == 'u'
                ? new int[3]
                : Arrays.stream(parts[2].substring(1).split(",", -1))
                        .mapToInt(Integer::parseInt)
                        .toArray();
        return new KeySpec(
                flags, begin, index, begin == 'k' ? where[0] : "", find, numbers[0], numbers[1], numbers[2], null);
    }

    /** The same with notes. */
    KeySpec noted(@Nullable String text) {
        return new KeySpec(flags, begin, index, keyword, find, a, b, c, text);
    }

    /** Whether the keys cannot be told from the arguments alone. */
    public boolean unknown() {
        return begin == 'u' || find == 'u';
    }

    /** Whether the keys stand at fixed places, or from one to the end. */
    public boolean fixed() {
        return begin == 'i' && find == 'r' && c <= 1;
    }

    /** Whether it names something else than keys: channels. */
    public boolean notKey() {
        return flags.contains("not_key");
    }

    /** Whether what is done to the keys follows from the other arguments: {@link VariableFlags}. */
    public boolean variable() {
        return flags.contains("variable_flags");
    }

    /** {@link #READ}, {@link #WRITE}, both or none. */
    public static int access(List<String> flags) {
        int access = flags.contains("access") ? READ : 0;
        boolean writes = flags.contains("insert") || flags.contains("delete") || flags.contains("update");
        return writes ? access | WRITE : access;
    }

    /**
     * Visits the keys of a call whose name stands at {@code shift}, of unknown ones that which is written; answers false where it is
     * not a right one.
     */
    public boolean visit(Args args, int shift, Visitor visitor) {
        if (unknown()) {
            if (flags.contains("OW")) {
                stored(args, shift, visitor);
            }
            return true;
        }
        int count = args.count() - shift;
        int first = begin(args, shift, count);
        if (first < 0) {
            return begin == 'k';
        }
        int last;
        int step;
        if (find == 'r') {
            step = b;
            last = a >= 0 ? first + a : c <= 1 ? count + a : first + (count - first) / c + a;
        } else {
            int at = first + a;
            long number = at < count
                    ? Numbers.parse(args.buffer(), args.offset(shift + at), args.length(shift + at))
                    : Numbers.INVALID;
            step = c;
            first += b;
            if (number < 0 || number > count) {
                return false;
            }
            last = first + ((int) number - 1) * step;
        }
        if (last >= count) {
            return false;
        }
        int access = access(flags);
        for (int i = first; i <= last; i += step) {
            visitor.key(shift + i, access);
        }
        return true;
    }

    /** The key behind SORT's last STORE, the only key of an unknown place that is written. */
    private void stored(Args args, int shift, Visitor visitor) {
        int found = 0;
        for (int i = shift + 2; i + 1 < args.count(); i++) {
            if (args.is(i, "LIMIT")) {
                i += 2;
            } else if (args.is(i, "GET") || args.is(i, "BY")) {
                i++;
            } else if (args.is(i, "STORE")) {
                found = ++i;
            }
        }
        if (found > 0) {
            visitor.key(found, WRITE);
        }
    }

    private int begin(Args args, int shift, int count) {
        if (begin == 'i') {
            return index < count ? index : -1;
        }
        if (begin == 'u') {
            return -1;
        }
        boolean forward = index > 0;
        int at = forward ? index : count + index;
        for (; at >= 1 && at < count; at += forward ? 1 : -1) {
            if (args.is(shift + at, keyword)) {
                return at + 1 < count ? at + 1 : -1;
            }
        }
        return -1;
    }
}
