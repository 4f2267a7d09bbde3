package io.plinth.geodns.zone;

import io.plinth.geodns.wire.Octets;
import java.math.BigDecimal;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** LOC's degrees and metres (RFC 1876). Stateless. */
final class Location {
    private static final long EQUATOR = 1L << 31;
    private static final long THOUSANDTHS_IN_DEGREE = 3_600_000L;
    private static final long ALTITUDE_BASE = 10_000_000L;
    private static final String FORM = "DEGREES [MINUTES [SECONDS]] N|S DEGREES [MINUTES [SECONDS]] E|W ALTITUDEm"
            + " [SIZEm [HORIZONTALm [VERTICALm]]]";

    private Location() {}

    static byte[] parse(Words words) {
        byte[] out = new byte[16];
        Octets.putInt(out, 4, (int) (EQUATOR + angle(words, 'N', 'S', 90)));
        Octets.putInt(out, 8, (int) (EQUATOR + angle(words, 'E', 'W', 180)));
        long altitude = centimetres(words.word("altitude")) + ALTITUDE_BASE;
        if (altitude < 0 || altitude > 0xFFFF_FFFFL) {
            throw bad("altitude");
        }
        Octets.putInt(out, 12, (int) altitude);
        String[] usual = {"1m", "10000m", "10m"};
        for (int i = 0; i < usual.length; i++) {
            out[1 + i] = precision(words.hasNext() ? words.word("size") : usual[i]);
        }
        return out;
    }

    private static long angle(Words words, char positive, char negative, int most) {
        long thousandths = 0;
        long unit = THOUSANDTHS_IN_DEGREE;
        for (int i = 0; i < 4; i++) {
            String word = words.word("degrees").toUpperCase(Locale.ROOT);
            if (word.equals(String.valueOf(positive)) || word.equals(String.valueOf(negative))) {
                if (i == 0 || thousandths > most * THOUSANDTHS_IN_DEGREE) {
                    break;
                }
                return word.charAt(0) == positive ? thousandths : -thousandths;
            }
            BigDecimal number = decimal(word);
            if (i == 3 || number.signum() < 0 || number.compareTo(BigDecimal.valueOf(i == 0 ? most : 60)) > 0) {
                break;
            }
            thousandths += number.multiply(BigDecimal.valueOf(unit)).longValue();
            unit /= 60;
        }
        throw bad("degrees");
    }

    private static BigDecimal decimal(String word) {
        if (word.length() > 16) {
            throw bad(word);
        }
        try {
            return new BigDecimal(word);
        } catch (NumberFormatException e) {
            throw bad(word);
        }
    }

    private static IllegalArgumentException bad(String what) {
        return new IllegalArgumentException("LOC: " + what + " (expected: " + FORM + ")");
    }

    private static long centimetres(String word) {
        String digits = word.endsWith("m") || word.endsWith("M") ? word.substring(0, word.length() - 1) : word;
        return decimal(digits).movePointRight(2).longValue();
    }

    /** One digit and a power of ten, in centimetres. */
    private static byte precision(String word) {
        long left = centimetres(word);
        int power = 0;
        while (left >= 10) {
            left /= 10;
            power++;
        }
        if (left < 0 || power > 9) {
            throw bad(word);
        }
        return (byte) (left << 4 | power);
    }

    static @Nullable String format(byte[] octets, int at) {
        if (octets[at] != 0) {
            return null;
        }
        StringBuilder text = new StringBuilder();
        angle(text, Octets.intAt(octets, at + 4), " N ", " S ");
        angle(text, Octets.intAt(octets, at + 8), " E ", " W ");
        text.append(metres((Octets.intAt(octets, at + 12) & 0xFFFF_FFFFL) - ALTITUDE_BASE));
        for (int i = 1; i <= 3; i++) {
            int digit = (octets[at + i] >>> 4) & 0xF;
            int power = octets[at + i] & 0xF;
            if (digit > 9 || power > 9) {
                return null;
            }
            text.append(' ').append(metres(BigDecimal.valueOf(digit, -power).longValue()));
        }
        return text.toString();
    }

    private static void angle(StringBuilder text, int raw, String positive, String negative) {
        long from = (raw & 0xFFFF_FFFFL) - EQUATOR;
        long size = Math.abs(from);
        text.append(size / THOUSANDTHS_IN_DEGREE).append(' ');
        text.append(size / 60_000 % 60).append(' ');
        text.append(BigDecimal.valueOf(size % 60_000, 3).toPlainString());
        text.append(from < 0 ? negative : positive);
    }

    private static String metres(long centimetres) {
        return BigDecimal.valueOf(centimetres, 2).toPlainString() + "m";
    }
}
