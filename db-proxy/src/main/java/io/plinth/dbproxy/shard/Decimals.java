package io.plinth.dbproxy.shard;

import java.io.ByteArrayOutputStream;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** PostgreSQL's numeric as a shard key: finite values, and their hash (utils/adt/numeric.c). Stateless. */
final class Decimals {
    private static final Pattern NUMBER = Pattern.compile("[+-]?([0-9]+(\\.[0-9]*)?|\\.[0-9]+)([eE][+-]?[0-9]{1,3})?");
    private static final int LONGEST = 1000;
    private static final BigInteger BASE = BigInteger.valueOf(10_000);
    private static final int BASE_DIGITS = 4;
    private static final int NEGATIVE = 0x4000;

    private Decimals() {}

    static @Nullable BigDecimal read(String text) {
        return text.length() <= LONGEST && NUMBER.matcher(text).matches() ? normal(new BigDecimal(text)) : null;
    }

    /** The binary form; null for one that is broken, or not a number. */
    static @Nullable BigDecimal read(byte[] value) {
        try {
            ByteBuffer in = ByteBuffer.wrap(value);
            int digits = Short.toUnsignedInt(in.getShort());
            int weight = in.getShort();
            int sign = Short.toUnsignedInt(in.getShort());
            int scale = Short.toUnsignedInt(in.getShort());
            if ((sign != 0 && sign != NEGATIVE)
                    || in.remaining() != 2 * digits
                    || digits > LONGEST
                    || scale > LONGEST
                    || Math.abs(weight) > LONGEST) {
                return null;
            }
            BigInteger unscaled = BigInteger.ZERO;
            for (int i = 0; i < digits; i++) {
                unscaled = unscaled.multiply(BASE).add(BigInteger.valueOf(in.getShort()));
            }
            BigDecimal number = new BigDecimal(unscaled, BASE_DIGITS * (digits - 1 - weight));
            return normal(sign == NEGATIVE ? number.negate() : number);
        } catch (BufferUnderflowException e) {
            return null;
        }
    }

    /** Equal numbers are one object by equals, whatever their scale. */
    static BigDecimal normal(BigDecimal number) {
        return number.signum() == 0 ? BigDecimal.ZERO : number.stripTrailingZeros();
    }

    /** hash_numeric_extended: the digits to base 10000 without zeros at either end, and the weight of the first; no sign. */
    static long extendedHash(BigDecimal number) {
        if (number.signum() == 0) {
            return PartitionHash.SEED - 1;
        }
        int fraction = Math.ceilDiv(Math.max(0, number.scale()), BASE_DIGITS);
        BigInteger rest = number.abs().setScale(fraction * BASE_DIGITS).unscaledValue();
        ArrayDeque<Integer> digits = new ArrayDeque<>();
        while (rest.signum() != 0) {
            BigInteger[] parts = rest.divideAndRemainder(BASE);
            digits.addFirst(parts[1].intValue());
            rest = parts[0];
        }
        int weight = digits.size() - fraction - 1;
        while (digits.getLast() == 0) {
            digits.removeLast();
        }
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        for (int digit : digits) {
            bytes.write(digit);
            bytes.write(digit >> 8);
        }
        return PartitionHash.extended(bytes.toByteArray()) ^ weight;
    }
}
