package io.plinth.kvcache.wire;

import java.nio.charset.StandardCharsets;
import java.util.Locale;

/** Floating-point numbers as Redis reads and prints them. */
public final class Doubles {
    /** No longer text is read as a number. */
    public static final int MAX_TEXT = 256;

    private static final double SAFE = Long.MAX_VALUE / 2.0;
    private static final int SIGNIFICANT = 17;
    /** So many digits are less than what a double has bits for. */
    private static final int EXACT = 15;

    private Doubles() {}

    /** The number as strtod reads it, or NaN where the text is none. */
    public static double parse(byte[] bytes, int offset, int length) {
        if (length == 0 || length > MAX_TEXT) {
            return Double.NaN;
        }
        long plain = digits(bytes, offset, length);
        if (plain >= 0) {
            return plain;
        }
        String text = new String(bytes, offset, length, StandardCharsets.ISO_8859_1);
        int sign = text.charAt(0) == '-' || text.charAt(0) == '+' ? 1 : 0;
        String rest = text.substring(sign).toLowerCase(Locale.ROOT);
        double value;
        if (rest.equals("inf") || rest.equals("infinity")) {
            value = Double.POSITIVE_INFINITY;
        } else if (rest.startsWith("0x")) {
            value = hex(rest);
        } else {
            value = decimal(rest);
        }
        return text.charAt(0) == '-' ? -value : value;
    }

    /** The number of digits alone that are few enough to be exact; negative where the text is anything else. */
    private static long digits(byte[] bytes, int offset, int length) {
        if (length > EXACT) {
            return -1;
        }
        long value = 0;
        for (int i = offset; i < offset + length; i++) {
            int digit = bytes[i] - '0';
            if (digit < 0 || digit > 9) {
                return -1;
            }
            value = value * 10 + digit;
        }
        return value;
    }

    private static double hex(String text) {
        for (int i = 2; i < text.length(); i++) {
            if ("0123456789abcdef.p+-".indexOf(text.charAt(i)) < 0) {
                return Double.NaN;
            }
        }
        try {
            return finite(Double.parseDouble(text.indexOf('p') < 0 ? text + "p0" : text), text);
        } catch (NumberFormatException e) {
            return Double.NaN;
        }
    }

    private static double decimal(String text) {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            boolean sign = (c == '+' || c == '-') && i > 0 && text.charAt(i - 1) == 'e';
            if ((c < '0' || c > '9') && c != '.' && c != 'e' && !sign) {
                return Double.NaN;
            }
        }
        try {
            return finite(Double.parseDouble(text), text);
        } catch (NumberFormatException e) {
            return Double.NaN;
        }
    }

    /** What overflowed, or became zero without being it, is no number. */
    private static double finite(double value, String text) {
        if (Double.isInfinite(value)) {
            return Double.NaN;
        }
        if (value == 0) {
            int end = text.indexOf('e') < 0 ? text.length() : text.indexOf('e');
            for (int i = 0; i < end; i++) {
                if (text.charAt(i) >= '1' && text.charAt(i) <= '9') {
                    return Double.NaN;
                }
            }
        }
        return value;
    }

    /** As Redis 7.2 prints it: an integer where it is one, otherwise the fewest digits that name it. */
    public static String text(double value) {
        if (Double.isInfinite(value)) {
            return value > 0 ? "inf" : "-inf";
        }
        if (value == 0) {
            return 1 / value < 0 ? "-0" : "0";
        }
        if (value > -SAFE && value < SAFE && value == (long) value) {
            return Long.toString((long) value);
        }
        String sign = value < 0 ? "-" : "";
        String plain = Double.toString(Math.abs(value));
        int exponentAt = plain.indexOf('E');
        int power = exponentAt < 0 ? 0 : Integer.parseInt(plain, exponentAt + 1, plain.length(), 10);
        String mantissa = exponentAt < 0 ? plain : plain.substring(0, exponentAt);
        int point = mantissa.indexOf('.');
        String digits = mantissa.substring(0, point) + mantissa.substring(point + 1);
        int scale = power - (mantissa.length() - point - 1);
        int start = 0;
        while (start < digits.length() - 1 && digits.charAt(start) == '0') {
            start++;
        }
        int end = digits.length();
        while (end > start + 1 && digits.charAt(end - 1) == '0') {
            end--;
            scale++;
        }
        return sign + layout(digits.substring(start, end), scale);
    }

    /** {@code digits} times ten to the {@code scale}, plain or with an exponent as the fpconv library chooses. */
    private static String layout(String digits, int scale) {
        int count = digits.length();
        int exponent = scale + count - 1;
        int magnitude = Math.abs(exponent);
        if (scale >= 0 && magnitude < count + 7) {
            return digits + "0".repeat(scale);
        }
        if (scale < 0 && (scale > -7 || magnitude < 4)) {
            int offset = count + scale;
            return offset <= 0
                    ? "0." + "0".repeat(-offset) + digits
                    : digits.substring(0, offset) + "." + digits.substring(offset);
        }
        String shown = count > SIGNIFICANT ? digits.substring(0, SIGNIFICANT) : digits;
        return shown.charAt(0)
                + (shown.length() > 1 ? "." + shown.substring(1) : "")
                + "e"
                + (exponent < 0 ? "-" : "+")
                + magnitude;
    }

    /** {@link #text} as bytes. */
    public static byte[] bytes(double value) {
        if (value == (int) value && value != 0) {
            return Numbers.bytes((int) value);
        }
        return text(value).getBytes(StandardCharsets.ISO_8859_1);
    }
}
