package io.plinth.dbproxy.merge;

import io.plinth.dbproxy.wire.SqlError;
import io.plinth.dbproxy.wire.SqlException;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.RoundingMode;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/** PostgreSQL's numbers in text and binary form (utils/adt/numeric.c). Stateless. */
final class Numbers {
    static final int INT2 = 21;
    static final int INT4 = 23;
    static final int INT8 = 20;
    static final int OID = 26;
    static final int NUMERIC = 1700;

    private static final int BASE = 10_000;
    private static final int BASE_DIGITS = 4;
    private static final int NEGATIVE = 0x4000;
    private static final int LEAST_SIGNIFICANT_DIGITS = 16;
    private static final int MOST_SCALE = 1000;

    private Numbers() {}

    static boolean exact(int type) {
        return type == INT2 || type == INT4 || type == INT8 || type == OID || type == NUMERIC;
    }

    static BigDecimal read(byte[] value, Rows.Field field) throws SqlException {
        if (!field.binary()) {
            String text = new String(value, StandardCharsets.US_ASCII);
            try {
                return new BigDecimal(text);
            } catch (NumberFormatException e) {
                throw unsupported(text);
            }
        }
        if (field.type() != NUMERIC) {
            return new BigDecimal(new BigInteger(value));
        }
        ByteBuffer in = ByteBuffer.wrap(value);
        int digits = Short.toUnsignedInt(in.getShort());
        int weight = in.getShort();
        int sign = Short.toUnsignedInt(in.getShort());
        int scale = Short.toUnsignedInt(in.getShort());
        if (sign != 0 && sign != NEGATIVE) {
            throw unsupported("NaN or Infinity");
        }
        BigInteger unscaled = BigInteger.ZERO;
        for (int i = 0; i < digits; i++) {
            unscaled = unscaled.multiply(BigInteger.valueOf(BASE)).add(BigInteger.valueOf(in.getShort()));
        }
        BigDecimal number = new BigDecimal(unscaled, BASE_DIGITS * (digits - 1 - weight));
        return (sign == NEGATIVE ? number.negate() : number).setScale(scale, RoundingMode.DOWN);
    }

    private static SqlException unsupported(String value) {
        return new SqlException(
                SqlError.NOT_SUPPORTED,
                "a query over several shards cannot combine " + value + " (expected: a number)");
    }

    static byte[] write(BigDecimal number, Rows.Field field) throws SqlException {
        if (field.type() == INT8) {
            long value;
            try {
                value = number.longValueExact();
            } catch (ArithmeticException e) {
                throw new SqlException("22003", "bigint out of range");
            }
            return field.binary()
                    ? ByteBuffer.allocate(8).putLong(value).array()
                    : Long.toString(value).getBytes(StandardCharsets.US_ASCII);
        }
        return field.binary() ? binary(number) : number.toPlainString().getBytes(StandardCharsets.US_ASCII);
    }

    private static byte[] binary(BigDecimal number) {
        int scale = Math.max(0, number.scale());
        int fraction = (scale + BASE_DIGITS - 1) / BASE_DIGITS;
        BigInteger rest = number.abs()
                .setScale(fraction * BASE_DIGITS, RoundingMode.UNNECESSARY)
                .unscaledValue();
        java.util.ArrayDeque<Short> digits = new java.util.ArrayDeque<>();
        while (rest.signum() != 0) {
            BigInteger[] parts = rest.divideAndRemainder(BigInteger.valueOf(BASE));
            digits.addFirst(parts[1].shortValue());
            rest = parts[0];
        }
        int weight = digits.size() - fraction - 1;
        while (!digits.isEmpty() && digits.getLast() == 0) {
            digits.removeLast();
        }
        ByteBuffer out = ByteBuffer.allocate(8 + 2 * digits.size())
                .putShort((short) digits.size())
                .putShort((short) (digits.isEmpty() ? 0 : weight))
                .putShort((short) (number.signum() < 0 ? NEGATIVE : 0))
                .putShort((short) scale);
        digits.forEach(out::putShort);
        return out.array();
    }

    /** The quotient with as many digits as PostgreSQL gives it (select_div_scale). */
    static BigDecimal average(BigDecimal sum, BigDecimal count) {
        int[] top = leading(sum);
        int[] bottom = leading(count);
        int quotient = top[0] - bottom[0] - (top[1] <= bottom[1] ? 1 : 0);
        int scale = LEAST_SIGNIFICANT_DIGITS - quotient * BASE_DIGITS;
        scale = Math.max(scale, Math.max(sum.scale(), 0));
        return sum.divide(count, Math.clamp(scale, 0, MOST_SCALE), RoundingMode.HALF_UP);
    }

    /** The weight and value of the first digit that is not zero, to base 10000. */
    private static int[] leading(BigDecimal number) {
        if (number.signum() == 0) {
            return new int[] {0, 0};
        }
        int weight = Math.floorDiv(number.precision() - number.scale() - 1, BASE_DIGITS);
        BigDecimal first = number.abs().movePointLeft(weight * BASE_DIGITS);
        return new int[] {weight, first.setScale(0, RoundingMode.DOWN).intValueExact()};
    }
}
