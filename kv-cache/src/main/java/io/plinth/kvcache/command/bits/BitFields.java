package io.plinth.kvcache.command.bits;

import io.plinth.kvcache.command.Call;
import io.plinth.kvcache.command.CommandException;
import io.plinth.kvcache.command.CommandTable;
import io.plinth.kvcache.keyspace.Entry;
import io.plinth.kvcache.keyspace.SegmentSet;
import io.plinth.kvcache.keyspace.write.Strings;
import io.plinth.kvcache.wire.LongArguments;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;

/** BITFIELD: integers of any width inside a string. */
final class BitFields {
    private BitFields() {}

    private enum Overflow {
        WRAP,
        SAT,
        FAIL
    }

    private record Step(char kind, boolean signed, int width, long offset, long number, Overflow overflow) {
        /** The same in a string that begins so many bits later. */
        Step from(long bits) {
            return new Step(kind, signed, width, offset - bits, number, overflow);
        }
    }

    static void register(CommandTable.Builder to) {
        to.add("bitfield", "Reads and changes integers of any width.", call -> run(call, false));
        to.add("bitfield_ro", "Reads integers of any width.", call -> run(call, true));
    }

    private static void run(Call call, boolean readOnly) {
        List<Step> steps = steps(call, readOnly);
        long length = 0;
        for (Step step : steps) {
            if (step.kind != 'g') {
                length = Math.max(length, ((step.offset + step.width - 1) >> 3) + 1);
            }
        }
        boolean writes = length > 0;
        Entry entry = writes ? call.writeString(1) : call.readString(1);
        // Only what the steps are about is copied.
        long from = steps.stream().mapToLong(step -> step.offset >> 3).min().orElse(0);
        long to = steps.stream()
                .mapToLong(step -> ((step.offset + step.width - 1) >> 3) + 1)
                .max()
                .orElse(0);
        long end = Math.max(from, Math.min(to, Math.max(length, entry == null ? 0 : entry.length())));
        call.out().array(steps.size());
        if (end - from >= LongArguments.LONG) {
            apart(call, steps, length);
            return;
        }
        byte[] value = BitCommands.window(entry, (int) from, (int) end);
        for (Step step : steps) {
            apply(call, step.from(from << 3), value);
        }
        if (writes) {
            BitCommands.store(call, entry, (int) from, value);
        }
    }

    /** Steps that are far from one another: each on the bytes it is about. */
    private static void apart(Call call, List<Step> steps, long length) {
        SegmentSet.together(call.keyspace(), call.segment(call.key(1)), () -> {
            if (length > 0) {
                // As long as it will be, as all of it is changed or nothing.
                Entry before = call.writeString(1);
                BitCommands.store(
                        call, before, (int) length - 1, BitCommands.window(before, (int) length - 1, (int) length));
            }
            for (Step step : steps) {
                Entry entry = length > 0 ? call.writeString(1) : call.readString(1);
                long from = step.offset >> 3;
                long end = ((step.offset + step.width - 1) >> 3) + 1;
                byte[] value = BitCommands.window(entry, (int) from, (int) end);
                apply(call, step.from(from << 3), value);
                if (entry != null && step.kind != 'g') {
                    Strings.put(call.keyspace(), call.segment(), entry, (int) from, value);
                }
            }
            return steps;
        });
    }

    private static List<Step> steps(Call call, boolean readOnly) {
        List<Step> steps = new ArrayList<>();
        Overflow overflow = Overflow.WRAP;
        for (int i = 2; i < call.count(); i++) {
            int left = call.count() - i - 1;
            if (left >= 1 && call.args().is(i, "OVERFLOW")) {
                overflow = overflow(call, ++i);
                continue;
            }
            char kind;
            if (left >= 2 && call.args().is(i, "GET")) {
                kind = 'g';
            } else if (left >= 3 && call.args().is(i, "SET")) {
                kind = 's';
            } else if (left >= 3 && call.args().is(i, "INCRBY")) {
                kind = 'i';
            } else {
                throw CommandException.syntax();
            }
            String type = call.text(i + 1);
            if (!type.matches("(i([1-9]|[1-5]\\d|6[0-4])|u([1-9]|[1-5]\\d|6[0-3]))")) {
                throw new CommandException("ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not"
                        + " supported but i64 is.");
            }
            int width = Integer.parseInt(type, 1, type.length(), 10);
            long offset = BitCommands.offset(call, i + 2, width);
            if (kind != 'g' && readOnly) {
                throw new CommandException("ERR BITFIELD_RO only supports the GET subcommand");
            }
            long number = kind == 'g' ? 0 : call.integer(i + 3);
            steps.add(new Step(kind, type.charAt(0) == 'i', width, offset, number, overflow));
            i += kind == 'g' ? 2 : 3;
        }
        return steps;
    }

    private static Overflow overflow(Call call, int arg) {
        for (Overflow overflow : OVERFLOWS) {
            if (call.args().is(arg, overflow.name())) {
                return overflow;
            }
        }
        throw new CommandException("ERR Invalid OVERFLOW type specified");
    }

    private static final Overflow[] OVERFLOWS = Overflow.values();

    /** Does one step and writes its result. */
    private static void apply(Call call, Step step, byte[] value) {
        long old = read(value, step);
        if (step.kind == 'g') {
            call.out().integer(old);
            return;
        }
        BigInteger least =
                step.signed ? BigInteger.ONE.shiftLeft(step.width - 1).negate() : BigInteger.ZERO;
        BigInteger most = BigInteger.ONE
                .shiftLeft(step.signed ? step.width - 1 : step.width)
                .subtract(BigInteger.ONE);
        BigInteger next = BigInteger.valueOf(step.number);
        if (step.kind == 'i') {
            next = next.add(BigInteger.valueOf(old));
        } else if (!step.signed && step.number < 0) {
            next = next.add(BigInteger.ONE.shiftLeft(64));
        }
        boolean over = next.compareTo(most) > 0;
        if (over || next.compareTo(least) < 0) {
            switch (step.overflow) {
                case FAIL -> {
                    call.out().nullBulk();
                    return;
                }
                case SAT -> next = over ? most : least;
                case WRAP -> {
                    next = next.mod(BigInteger.ONE.shiftLeft(step.width));
                    if (step.signed && next.testBit(step.width - 1)) {
                        next = next.subtract(BigInteger.ONE.shiftLeft(step.width));
                    }
                }
            }
        }
        write(value, step, next.longValue());
        call.out().integer(step.kind == 's' ? old : next.longValue());
    }

    private static long read(byte[] value, Step step) {
        long number = 0;
        for (int i = 0; i < step.width; i++) {
            long at = step.offset + i;
            int index = (int) (at >> 3);
            long bit = index < value.length ? value[index] >> (7 - (at & 7)) & 1 : 0;
            number = number << 1 | bit;
        }
        int unused = 64 - step.width;
        return step.signed ? number << unused >> unused : number;
    }

    private static void write(byte[] value, Step step, long number) {
        for (int i = 0; i < step.width; i++) {
            long at = step.offset + i;
            int mask = 0x80 >> (int) (at & 7);
            int index = (int) (at >> 3);
            boolean one = (number >>> (step.width - 1 - i) & 1) == 1;
            value[index] = (byte) (one ? value[index] | mask : value[index] & ~mask);
        }
    }
}
