package io.plinth.lbproxy.forward;

import io.netty.buffer.ByteBuf;
import io.plinth.lbproxy.wire.http1.HeaderName;
import io.plinth.lbproxy.wire.http1.RequestHead;
import java.nio.charset.StandardCharsets;
import java.util.random.RandomGenerator;

/** W3C Trace Context: a right traceparent goes on untouched, a missing or wrong one is made anew, not sampled. */
public final class TraceContext {
    private static final byte[] NAME = "traceparent: 00-".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] HEX = "0123456789abcdef".getBytes(StandardCharsets.US_ASCII);
    private static final int LENGTH = 55;
    /** Bytes a header line of it takes. */
    public static final int SIZE = "traceparent: ".length() + LENGTH + 2;

    private TraceContext() {}

    /** Whether the request carries exactly one well-formed traceparent. */
    public static boolean carried(RequestHead head) {
        if (!head.has(HeaderName.TRACEPARENT) || head.repeats(HeaderName.TRACEPARENT)) {
            return false;
        }
        int field = head.first(HeaderName.TRACEPARENT);
        int from = head.valueStart(field);
        int length = head.valueEnd(field) - from;
        if (length < LENGTH) {
            return false;
        }
        byte[] bytes = head.bytes();
        for (int i = 0; i < LENGTH; i++) {
            byte b = bytes[from + i];
            boolean right =
                    (i == 2 || i == 35 || i == 52) ? b == '-' : (b >= '0' && b <= '9') || (b >= 'a' && b <= 'f');
            if (!right) {
                return false;
            }
        }
        boolean version0 = bytes[from] == '0' && bytes[from + 1] == '0';
        return version0 ? length == LENGTH : bytes[from] != 'f' || bytes[from + 1] != 'f';
    }

    public static void make(ByteBuf out, RandomGenerator random) {
        out.writeBytes(NAME);
        hex(out, random.nextLong());
        // All zeroes is not a valid id.
        hex(out, random.nextLong() | 1);
        out.writeByte('-');
        hex(out, random.nextLong() | 1);
        out.writeByte('-').writeByte('0').writeByte('0').writeByte('\r').writeByte('\n');
    }

    private static void hex(ByteBuf out, long value) {
        for (int shift = 60; shift >= 0; shift -= 4) {
            out.writeByte(HEX[(int) (value >>> shift) & 15]);
        }
    }
}
