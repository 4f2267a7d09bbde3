package io.plinth.lbproxy.forward;

import io.netty.buffer.ByteBuf;
import io.plinth.lbproxy.trace.Span;
import io.plinth.lbproxy.wire.http1.HeaderName;
import io.plinth.lbproxy.wire.http1.RequestHead;
import java.nio.charset.StandardCharsets;
import java.util.random.RandomGenerator;

/**
 * A request's W3C Trace Context: a right traceparent goes on untouched, a missing or wrong one is made anew, and one that is
 * sampled becomes the parent of a span of ours. Owned by its exchange's event loop; reused.
 */
public final class Trace {
    /** Bytes its header line takes. */
    public static final int SIZE = "traceparent: ".length() + 55 + 2;

    private static final byte[] NAME = "traceparent: 00-".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] HEX = "0123456789abcdef".getBytes(StandardCharsets.US_ASCII);
    private static final int LENGTH = 55;
    private static final int FLAGS = 53;

    private long high;
    private long low;
    private long parent;
    private long span;
    private boolean carried;
    private boolean sampled;
    private boolean written;

    /**
     * Reads what the request carries, and decides.
     *
     * @param make whether one without gets one
     * @param share of a hundred of those without a parent that are sampled
     * @param followed whether a parent's own decision to sample is
     */
    public void begin(RequestHead head, boolean make, double share, boolean followed, RandomGenerator random) {
        carried = read(head);
        if (!carried) {
            high = random.nextLong();
            // All zeroes is not a valid id.
            low = random.nextLong() | 1;
            parent = 0;
            sampled = share > 0 && random.nextDouble() * 100 < share;
        } else {
            sampled = followed && sampled;
        }
        span = sampled || !carried ? random.nextLong() | 1 : 0;
        written = sampled || (make && !carried);
    }

    private boolean read(RequestHead head) {
        sampled = false;
        if (!head.has(HeaderName.TRACEPARENT) || head.repeats(HeaderName.TRACEPARENT)) {
            return false;
        }
        int field = head.first(HeaderName.TRACEPARENT);
        int from = head.valueStart(field);
        int length = head.valueEnd(field) - from;
        byte[] bytes = head.bytes();
        if (length < LENGTH) {
            return false;
        }
        for (int i = 0; i < LENGTH; i++) {
            boolean dash = i == 2 || i == 35 || i == 52;
            if (dash ? bytes[from + i] != '-' : digit(bytes[from + i]) < 0) {
                return false;
            }
        }
        boolean version0 = bytes[from] == '0' && bytes[from + 1] == '0';
        boolean known = version0 ? length == LENGTH : bytes[from] != 'f' || bytes[from + 1] != 'f';
        high = id(bytes, from + 3);
        low = id(bytes, from + 19);
        parent = id(bytes, from + 36);
        sampled = (digit(bytes[from + FLAGS + 1]) & 1) != 0;
        return known && (high | low) != 0 && parent != 0;
    }

    /** Capital letters are not allowed (section 3.2.2). */
    private static int digit(byte b) {
        return b >= '0' && b <= '9' ? b - '0' : b >= 'a' && b <= 'f' ? b - 'a' + 10 : -1;
    }

    private static long id(byte[] bytes, int from) {
        long id = 0;
        for (int i = 0; i < Long.BYTES * 2; i++) {
            id = id << 4 | digit(bytes[from + i]);
        }
        return id;
    }

    /** The bits of the request's fields that do not go on: a tracestate without the parent it belongs to says nothing. */
    public long dropped() {
        if (!written) {
            return 0;
        }
        long parentBit = HeaderName.bit(HeaderName.TRACEPARENT);
        return carried ? parentBit : parentBit | HeaderName.bit(HeaderName.TRACESTATE);
    }

    /** Writes the header line, if it is ours. */
    public void write(ByteBuf out) {
        if (written) {
            out.writeBytes(NAME);
            hex(out, high);
            hex(out, low);
            out.writeByte('-');
            hex(out, span);
            out.writeByte('-').writeByte('0').writeByte(sampled ? '1' : '0');
            out.writeByte('\r').writeByte('\n');
        }
    }

    private static void hex(ByteBuf out, long value) {
        for (int shift = 60; shift >= 0; shift -= 4) {
            out.writeByte(HEX[(int) (value >>> shift) & 15]);
        }
    }

    /** Whether a span of ours is to be told of. */
    public boolean sampled() {
        return sampled;
    }

    /** What our span is called. */
    public Span.Ids ids() {
        return new Span.Ids(high, low, span, parent);
    }
}
