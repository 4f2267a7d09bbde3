package io.plinth.kvcache.command.hll;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The sparse form: runs of registers. {@code 00llllll} are up to 64 zeros, {@code 01llllll llllllll} up to 16384, {@code 1vvvvvll}
 * up to four registers of one value up to 32; lengths and values are stored less one. Which runs there are after a change is
 * Redis's own choice, followed here step by step, so that both keep the same bytes.
 */
final class Sparse {
    /** Above this a register needs the dense form. */
    private static final int MAX_VALUE = 32;

    private static final int MAX_RUN = 4;
    private static final int MAX_SHORT_ZEROS = 64;
    /** Redis's hll-sparse-max-bytes. */
    private static final int MAX_BYTES = 3000;

    private static final int LONG_ZEROS = 0x40;
    private static final int VALUES = 0x80;
    private static final int MERGED = 5;

    private Sparse() {}

    private static boolean isValue(byte[] bytes, int at) {
        return (bytes[at] & VALUES) != 0;
    }

    private static boolean isLong(byte[] bytes, int at) {
        return (bytes[at] & 0xc0) == LONG_ZEROS;
    }

    private static int value(byte[] bytes, int at) {
        return (bytes[at] >> 2 & 0x1f) + 1;
    }

    private static int width(byte[] bytes, int at) {
        return isLong(bytes, at) ? 2 : 1;
    }

    /** How many registers a run has; a long one cut off at the end has those of a short one. */
    private static int run(byte[] bytes, int at) {
        if (isValue(bytes, at)) {
            return (bytes[at] & 3) + 1;
        }
        if (isLong(bytes, at)) {
            int low = at + 1 < bytes.length ? bytes[at + 1] & 0xff : 0;
            return ((bytes[at] & 0x3f) << 8 | low) + 1;
        }
        return (bytes[at] & 0x3f) + 1;
    }

    /** Writes a run of zeros; answers where it ends. */
    static int putZeros(byte[] bytes, int at, int count) {
        if (count > MAX_SHORT_ZEROS) {
            bytes[at] = (byte) (LONG_ZEROS | ((count - 1) >> 8));
            bytes[at + 1] = (byte) (count - 1);
            return at + 2;
        }
        bytes[at] = (byte) (count - 1);
        return at + 1;
    }

    private static int putValues(byte[] bytes, int at, int value, int count) {
        bytes[at] = (byte) (VALUES | ((value - 1) << 2) | (count - 1));
        return at + 1;
    }

    /** Raises registers to those of a sparse one; answers false where it is damaged. */
    static boolean merge(byte[] bytes, byte[] registers) {
        int index = 0;
        for (int at = Layout.HEADER; at < bytes.length; at += width(bytes, at)) {
            int run = run(bytes, at);
            if (run + index > Layout.REGISTERS) {
                return false;
            }
            if (isValue(bytes, at)) {
                byte value = (byte) value(bytes, at);
                for (int i = index; i < index + run; i++) {
                    registers[i] = (byte) Math.max(registers[i], value);
                }
            }
            index += run;
        }
        return index == Layout.REGISTERS;
    }

    /** Counts registers by value; answers false where it is damaged. */
    static boolean histogram(byte[] bytes, int[] counts) {
        long index = 0;
        for (int at = Layout.HEADER; at < bytes.length; at += width(bytes, at)) {
            int run = run(bytes, at);
            counts[isValue(bytes, at) ? value(bytes, at) : 0] += run;
            index += run;
        }
        return index == Layout.REGISTERS;
    }

    /** As PFDEBUG DECODE shows it. */
    static String text(byte[] bytes) {
        StringBuilder text = new StringBuilder();
        for (int at = Layout.HEADER; at < bytes.length; at += width(bytes, at)) {
            if (!text.isEmpty()) {
                text.append(' ');
            }
            if (isValue(bytes, at)) {
                text.append("v:").append(value(bytes, at)).append(',').append(run(bytes, at));
            } else {
                text.append(isLong(bytes, at) ? "Z:" : "z:").append(run(bytes, at));
            }
        }
        return text.toString();
    }

    /**
     * Raises a register. The array has one byte behind the runs: as Redis, which reads and writes the zero behind its strings, this
     * takes it for the second one of a run that is cut off at the end, and leaves the last byte of what replaces such a run there.
     * Answers the array where nothing changed, another one where it did, for a dense one without that byte, null for damage.
     */
    static byte @Nullable [] set(byte[] bytes, int register, int count) {
        if (count > MAX_VALUE) {
            return promote(bytes, register, count);
        }
        int end = bytes.length - 1;
        int first = 0;
        int previous = Layout.HEADER;
        int at = Layout.HEADER;
        int span = 0;
        while (at < end) {
            span = run(bytes, at);
            if (register <= first + span - 1) {
                break;
            }
            previous = at;
            at += width(bytes, at);
            first += span;
        }
        if (span == 0 || at >= end) {
            return null;
        }
        boolean values = isValue(bytes, at);
        if (values && value(bytes, at) >= count) {
            return bytes;
        }
        int width = width(bytes, at);
        byte[] sequence = new byte[MERGED];
        int size = 0;
        int before = register - first;
        int after = first + span - 1 - register;
        int old = values ? value(bytes, at) : 0;
        if (before > 0) {
            size = values ? putValues(sequence, size, old, before) : putZeros(sequence, size, before);
        }
        size = putValues(sequence, size, count, 1);
        if (after > 0) {
            size = values ? putValues(sequence, size, old, after) : putZeros(sequence, size, after);
        }
        int delta = size - width;
        if (delta > 0 && end + delta > MAX_BYTES) {
            return promote(bytes, register, count);
        }
        byte[] changed = new byte[bytes.length + delta];
        System.arraycopy(bytes, 0, changed, 0, at);
        System.arraycopy(sequence, 0, changed, at, size);
        int rest = Math.max(0, end - at - width);
        System.arraycopy(bytes, end - rest, changed, at + size, rest);
        return joined(changed, previous);
    }

    private static byte @Nullable [] promote(byte[] bytes, int register, int count) {
        byte[] dense = Layout.dense(Arrays.copyOf(bytes, bytes.length - 1));
        if (dense != null) {
            Layout.set(dense, register, count);
        }
        return dense;
    }

    /** Joins runs of one value near a change, and marks the cached count as out of date. */
    private static byte[] joined(byte[] changed, int from) {
        int end = changed.length - 1;
        int at = from;
        int looked = 0;
        while (at < end && looked++ < MERGED) {
            if (!isValue(changed, at)) {
                at += width(changed, at);
                continue;
            }
            if (at + 1 < end && isValue(changed, at + 1) && value(changed, at) == value(changed, at + 1)) {
                int run = run(changed, at) + run(changed, at + 1);
                if (run <= MAX_RUN) {
                    putValues(changed, at + 1, value(changed, at), run);
                    System.arraycopy(changed, at + 1, changed, at, end - at);
                    end--;
                    changed[end] = 0;
                    continue;
                }
            }
            at++;
        }
        Layout.stale(changed);
        return end == changed.length - 1 ? changed : Arrays.copyOf(changed, end + 1);
    }
}
