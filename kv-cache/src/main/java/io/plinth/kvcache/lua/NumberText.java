package io.plinth.kvcache.lua;

import java.math.BigDecimal;
import java.math.MathContext;
import java.math.RoundingMode;
import org.jspecify.annotations.Nullable;

/** Numbers as text and back, as C's printf and strtod do it. */
public final class NumberText {
    private static final int PRECISION = 14;
    private static final double PLAIN = 1e14;
    private static final int MAX_HEX = 16;

    private NumberText() {}

    /** With {@code %.14g}. */
    public static String format(double value) {
        if (value == Math.rint(value) && Math.abs(value) < PLAIN) {
            long whole = (long) value;
            return whole == 0 && 1 / value < 0 ? "-0" : Long.toString(whole);
        }
        return general(value, PRECISION, false);
    }

    /** inf or nan, with its sign; null for a finite number. */
    public static @Nullable String special(double value) {
        if (Double.isNaN(value)) {
            return Double.doubleToRawLongBits(value) < 0 ? "-nan" : "nan";
        }
        return Double.isInfinite(value) ? value < 0 ? "-inf" : "inf" : null;
    }

    /** {@code %.Ng}; {@code alternate} keeps the zeros at the end. */
    public static String general(double value, int precision, boolean alternate) {
        String special = special(value);
        if (special != null) {
            return special;
        }
        int digits = Math.max(1, precision);
        if (value == 0) {
            String zero = alternate && digits > 1 ? "0." + "0".repeat(digits - 1) : "0";
            return 1 / value < 0 ? "-" + zero : zero;
        }
        BigDecimal rounded = new BigDecimal(value).round(new MathContext(digits, RoundingMode.HALF_EVEN));
        int exponent = rounded.precision() - rounded.scale() - 1;
        String text = exponent < -4 || exponent >= digits
                ? scientific(value, digits - 1)
                : rounded.setScale(digits - 1 - exponent, RoundingMode.HALF_EVEN)
                        .toPlainString();
        return alternate ? text : strip(text);
    }

    private static String strip(String text) {
        int e = text.indexOf('e');
        String head = e < 0 ? text : text.substring(0, e);
        if (head.indexOf('.') >= 0) {
            int end = head.length();
            while (head.charAt(end - 1) == '0') {
                end--;
            }
            head = head.substring(0, head.charAt(end - 1) == '.' ? end - 1 : end);
        }
        return e < 0 ? head : head + text.substring(e);
    }

    /** {@code %.Ne}. */
    public static String scientific(double value, int precision) {
        String special = special(value);
        if (special != null) {
            return special;
        }
        String sign = value < 0 || (value == 0 && 1 / value < 0) ? "-" : "";
        String digits = "0".repeat(precision + 1);
        int exponent = 0;
        if (value != 0) {
            BigDecimal rounded =
                    new BigDecimal(Math.abs(value)).round(new MathContext(precision + 1, RoundingMode.HALF_EVEN));
            exponent = rounded.precision() - rounded.scale() - 1;
            String unscaled = rounded.unscaledValue().toString();
            digits = unscaled.length() > precision
                    ? unscaled.substring(0, precision + 1)
                    : unscaled + "0".repeat(precision + 1 - unscaled.length());
        }
        String mantissa = precision == 0 ? digits : digits.charAt(0) + "." + digits.substring(1);
        int size = Math.abs(exponent);
        return sign + mantissa + (exponent < 0 ? "e-" : "e+") + (size < 10 ? "0" : "") + size;
    }

    /** {@code %.Nf}. */
    public static String fixed(double value, int precision) {
        String special = special(value);
        if (special != null) {
            return special;
        }
        String text = new BigDecimal(value)
                .setScale(precision, RoundingMode.HALF_EVEN)
                .toPlainString();
        return (1 / value < 0 || value < 0) && text.charAt(0) != '-' ? "-" + text : text;
    }

    /** A number with blanks around it, decimal or hexadecimal; null for what is none. */
    public static @Nullable Double parse(String text) {
        int from = 0;
        int to = text.length();
        while (from < to && blank(text.charAt(from))) {
            from++;
        }
        while (to > from && blank(text.charAt(to - 1))) {
            to--;
        }
        return from == to ? null : parse(text, from, to);
    }

    private static @Nullable Double parse(String text, int from, int to) {
        if (to - from <= 9) {
            int small = 0;
            int i = from;
            while (i < to && text.charAt(i) >= '0' && text.charAt(i) <= '9') {
                small = small * 10 + text.charAt(i++) - '0';
            }
            if (i == to) {
                return Values.number(small);
            }
        }
        int start = text.charAt(from) == '-' || text.charAt(from) == '+' ? from + 1 : from;
        boolean negative = text.charAt(from) == '-';
        Double size;
        if (to - start > 2 && text.charAt(start) == '0' && (text.charAt(start + 1) | 0x20) == 'x') {
            size = hexadecimal(text, start + 2, to);
        } else {
            size = decimal(text, start, to);
        }
        return size == null ? null : (Double) (negative ? -size : size);
    }

    private static @Nullable Double decimal(String text, int from, int to) {
        String word = text.substring(from, to);
        if (word.equalsIgnoreCase("inf") || word.equalsIgnoreCase("infinity")) {
            return Double.POSITIVE_INFINITY;
        }
        if (word.equalsIgnoreCase("nan")) {
            return Double.NaN;
        }
        int digits = 0;
        int i = 0;
        while (i < word.length() && (digit(word.charAt(i)) || word.charAt(i) == '.')) {
            digits += digit(word.charAt(i)) ? 1 : 0;
            i++;
        }
        if (digits == 0 || word.indexOf('.') != word.lastIndexOf('.')) {
            return null;
        }
        if (i < word.length()) {
            if ((word.charAt(i) | 0x20) != 'e') {
                return null;
            }
            i++;
            if (i < word.length() && (word.charAt(i) == '-' || word.charAt(i) == '+')) {
                i++;
            }
            int exponent = i;
            while (i < word.length() && digit(word.charAt(i))) {
                i++;
            }
            if (exponent == i || i < word.length()) {
                return null;
            }
        }
        return Double.parseDouble(word);
    }

    private static @Nullable Double hexadecimal(String text, int from, int to) {
        double value = 0;
        int scale = 0;
        boolean point = false;
        int digits = 0;
        int i = from;
        for (; i < to; i++) {
            char c = text.charAt(i);
            int digit = Character.digit(c, MAX_HEX);
            if (c == '.' && !point) {
                point = true;
            } else if (digit >= 0 && c < 128) {
                value = value * MAX_HEX + digit;
                scale -= point ? 4 : 0;
                digits++;
            } else {
                break;
            }
        }
        if (digits == 0) {
            return null;
        }
        if (i < to) {
            if ((text.charAt(i) | 0x20) != 'p' || !text.substring(i + 1, to).matches("[-+]?\\d{1,6}")) {
                return null;
            }
            scale += Integer.parseInt(text.substring(i + 1, to));
        }
        return Math.scalb(value, scale);
    }

    private static boolean digit(char c) {
        return c >= '0' && c <= '9';
    }

    static boolean blank(char c) {
        return c == ' ' || (c >= '\t' && c <= '\r');
    }
}
