package io.plinth.kvcache.wire;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** Decimal integers as Redis reads them: no sign but a minus, no leading zero, no space. */
public final class Numbers {
    /** What no number parses to; {@link #isLong} tells it from the number itself. */
    public static final long INVALID = Long.MIN_VALUE + 1;

    /** No longer text is an integer. */
    public static final int MAX_DIGITS = 20;

    private static final byte[] INVALID_DIGITS = Long.toString(INVALID).getBytes(StandardCharsets.US_ASCII);

    private Numbers() {}

    /** Whether the bytes are a canonical 64-bit integer. */
    public static boolean isLong(byte[] bytes, int offset, int length) {
        long value = parse(bytes, offset, length);
        return value != INVALID || Arrays.equals(INVALID_DIGITS, 0, MAX_DIGITS, bytes, offset, offset + length);
    }

    /** The integer, or {@link #INVALID}. The one integer equal to that is told by {@link #isLong}. */
    public static long parse(byte[] bytes, int offset, int length) {
        if (length == 0 || length > MAX_DIGITS) {
            return INVALID;
        }
        int i = offset;
        int end = offset + length;
        boolean negative = bytes[i] == '-';
        if (negative) {
            i++;
        }
        if (i == end) {
            return INVALID;
        }
        if (bytes[i] == '0') {
            return length == 1 ? 0 : INVALID;
        }
        long value = 0;
        for (; i < end; i++) {
            int digit = bytes[i] - '0';
            if (digit < 0 || digit > 9) {
                return INVALID;
            }
            // Negative on the way: there is one more negative number than positive ones.
            if (value < (Long.MIN_VALUE + digit) / 10) {
                return INVALID;
            }
            value = value * 10 - digit;
        }
        if (negative) {
            return value;
        }
        return value == Long.MIN_VALUE ? INVALID : -value;
    }

    /** Writes the digits so that they end before {@code end}; answers where they start. */
    public static int write(long value, byte[] into, int end) {
        int at = end;
        long rest = value > 0 ? -value : value;
        do {
            into[--at] = (byte) ('0' - rest % 10);
            rest /= 10;
        } while (rest != 0);
        if (value < 0) {
            into[--at] = '-';
        }
        return at;
    }

    /** The digits. */
    public static byte[] bytes(long value) {
        byte[] digits = new byte[MAX_DIGITS];
        int start = write(value, digits, MAX_DIGITS);
        return Arrays.copyOfRange(digits, start, MAX_DIGITS);
    }
}
