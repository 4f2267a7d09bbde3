package io.plinth.kvcache.wire;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.RoundingMode;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** The x87 80-bit arithmetic behind INCRBYFLOAT, so that sums come out with the digits Redis prints. */
public final class LongDouble {
    /** No longer text is read as a number, as in Redis: the largest one has 4,951 digits before and behind its point. */
    public static final int MAX_TEXT = 5 * 1024 - 1;

    private static final int MANTISSA = 64;
    private static final int PRINTED_DECIMALS = 17;
    private static final int MAX_EXPONENT = 4932;
    private static final int MIN_EXPONENT = -4950;
    private static final BigDecimal MAX = new BigDecimal(
            BigInteger.ONE.shiftLeft(MANTISSA).subtract(BigInteger.ONE).shiftLeft(16_384 - MANTISSA));

    private LongDouble() {}

    /** The nearest 80-bit number, or null where the text is no finite number. */
    public static @Nullable BigDecimal parse(byte[] bytes) {
        if (bytes.length == 0 || bytes.length > MAX_TEXT) {
            return null;
        }
        for (byte b : bytes) {
            if ((b < '0' || b > '9') && b != '+' && b != '-' && b != '.' && b != 'e' && b != 'E') {
                return null;
            }
        }
        try {
            BigDecimal exact = new BigDecimal(new String(bytes, StandardCharsets.US_ASCII));
            if (exact.signum() == 0) {
                return BigDecimal.ZERO;
            }
            int magnitude = exact.precision() - exact.scale();
            return magnitude > MAX_EXPONENT + 1 || magnitude < MIN_EXPONENT ? null : finite(round(exact));
        } catch (NumberFormatException e) {
            return null;
        }
    }

    /** The 80-bit sum; null where it is infinite. */
    public static @Nullable BigDecimal add(BigDecimal a, BigDecimal b) {
        return finite(round(a.add(b)));
    }

    private static @Nullable BigDecimal finite(BigDecimal value) {
        return value.abs().compareTo(MAX) > 0 ? null : value;
    }

    /** As {@code %.17Lf} prints it, without the zeros at the end. */
    public static byte[] format(BigDecimal value) {
        BigDecimal printed = value.setScale(PRINTED_DECIMALS, RoundingMode.HALF_EVEN);
        if (printed.signum() == 0) {
            return (value.signum() < 0 ? "-0" : "0").getBytes(StandardCharsets.US_ASCII);
        }
        return printed.stripTrailingZeros().toPlainString().getBytes(StandardCharsets.US_ASCII);
    }

    /** Rounds to 64 bits of mantissa, half to even. */
    private static BigDecimal round(BigDecimal exact) {
        if (exact.signum() == 0) {
            return BigDecimal.ZERO;
        }
        BigDecimal magnitude = exact.abs();
        // The power of two that leaves an integer of 64 bits; the first guess is off by a few.
        int shift = MANTISSA - (int) Math.ceil((magnitude.precision() - magnitude.scale()) * 3.3219280948873626);
        for (; ; ) {
            BigDecimal scaled = scale(magnitude, shift);
            // Before it is rounded: one bit less and all ones would look as if they had enough.
            int length = scaled.toBigInteger().bitLength();
            if (length == MANTISSA) {
                BigDecimal rounded = scale(scaled.setScale(0, RoundingMode.HALF_EVEN), -shift);
                return exact.signum() < 0 ? rounded.negate() : rounded;
            }
            shift += MANTISSA - length;
        }
    }

    private static BigDecimal scale(BigDecimal value, int powerOfTwo) {
        if (powerOfTwo >= 0) {
            return value.multiply(new BigDecimal(BigInteger.ONE.shiftLeft(powerOfTwo)));
        }
        // Exact: a division by a power of two ends after as many decimals.
        return value.divide(new BigDecimal(BigInteger.ONE.shiftLeft(-powerOfTwo)));
    }
}
