package io.plinth.kit.tracing;

import java.util.HexFormat;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * The {@code traceparent} header (W3C Trace Context, section 3.2): {@code 00-<trace id>-<parent id>-<flags>}.
 *
 * @param traceIdHigh with the low half never both 0
 * @param spanId never 0
 * @param flags bit 0 is sampled
 */
public record TraceParent(long traceIdHigh, long traceIdLow, long spanId, byte flags) {
    /** The header's name. */
    public static final String HEADER = "traceparent";

    private static final int LENGTH = 55;
    private static final byte SAMPLED = 1;
    private static final HexFormat HEX = HexFormat.of();

    public TraceParent {
        if ((traceIdHigh | traceIdLow) == 0 || spanId == 0) {
            throw new IllegalArgumentException("trace or span id: 0 (expected: another)");
        }
    }

    /** Parses strictly; null for what must be ignored (section 4.2: restart the trace then). */
    public static @Nullable TraceParent parse(CharSequence text) {
        if (text.length() < LENGTH || text.charAt(2) != '-' || text.charAt(35) != '-' || text.charAt(52) != '-') {
            return null;
        }
        if (!hex(text, 0, 2) || !hex(text, 3, 35) || !hex(text, 36, 52) || !hex(text, 53, 55)) {
            return null;
        }
        int version = HexFormat.fromHexDigits(text, 0, 2);
        // Version ff is forbidden; 00 ends here; a later one may go on after another dash.
        boolean longer = text.length() > LENGTH;
        if (version == 0xff || (version == 0 && longer) || (longer && text.charAt(LENGTH) != '-')) {
            return null;
        }
        long high = HexFormat.fromHexDigitsToLong(text, 3, 19);
        long low = HexFormat.fromHexDigitsToLong(text, 19, 35);
        long span = HexFormat.fromHexDigitsToLong(text, 36, 52);
        if ((high | low) == 0 || span == 0) {
            return null;
        }
        return new TraceParent(high, low, span, (byte) HexFormat.fromHexDigits(text, 53, 55));
    }

    /** Capital letters are not allowed (section 3.2.2). */
    private static boolean hex(CharSequence text, int from, int to) {
        for (int i = from; i < to; i++) {
            char c = text.charAt(i);
            if (!(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'f')) {
                return false;
            }
        }
        return true;
    }

    /** Begins a trace. */
    public static TraceParent start(RandomGenerator random, boolean sampled) {
        return new TraceParent(nonZero(random), random.nextLong(), nonZero(random), sampled ? SAMPLED : 0);
    }

    /** The next span of the same trace; of the flags only sampled is passed on. */
    public TraceParent child(RandomGenerator random) {
        return new TraceParent(traceIdHigh, traceIdLow, nonZero(random), (byte) (flags & SAMPLED));
    }

    private static long nonZero(RandomGenerator random) {
        long value;
        do {
            value = random.nextLong();
        } while (value == 0);
        return value;
    }

    /** Whether the caller records this trace. */
    public boolean sampled() {
        return (flags & SAMPLED) != 0;
    }

    /** The trace id as it is shown: 32 digits. */
    public String traceId() {
        return HEX.toHexDigits(traceIdHigh) + HEX.toHexDigits(traceIdLow);
    }

    /** The header's value, always version 00. */
    @Override
    public String toString() {
        return "00-" + traceId() + "-" + HEX.toHexDigits(spanId) + "-" + HEX.toHexDigits(flags);
    }
}
