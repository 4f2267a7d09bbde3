package io.plinth.lbproxy.wire.http1;

import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;

/**
 * Reads a head from however many pieces it comes in. Owned by its connection's event loop.
 *
 * <pre>
 * [CRLF]  GET /path HTTP/1.1 CRLF   name : OWS value OWS CRLF   ...   CRLF
 * START   START_LINE                NAME   VALUE                NAME
 * </pre>
 */
public final class HeadParser {
    /** What a call of {@link #parse} came to. */
    public enum Outcome {
        /** Everything readable was taken and the head is not complete. */
        MORE,
        /** The head is complete; what follows it is still readable. */
        DONE,
        /** See {@link HeadParser#rejection}; nothing more can be read from this connection. */
        REJECTED
    }

    private enum State {
        START,
        START_LINE,
        NAME,
        VALUE
    }

    /** How much is copied before it is looked at, so that a body that follows a head is not copied too. */
    private static final int STEP = 2048;

    /** {@link #position} while a step waits for bytes; where it goes on is in {@link #resume}. */
    private static final int STALLED = -1;

    private static final int WAIT = -1;
    private static final int WRONG = -2;

    private final Http1Limits limits;
    private final int fieldBytes;
    private final Rejection fieldsTooLarge;
    private final boolean hasStartLine;
    private Head head;
    private State state;
    private int position;
    private int resume;
    private int lineStart;
    private int colon;
    private int hash;
    private @Nullable Rejection rejection;

    public HeadParser(Http1Limits limits, Head head) {
        this.limits = limits;
        this.head = head;
        hasStartLine = !(head instanceof TrailerFields);
        fieldBytes = hasStartLine ? limits.headerBytes() : limits.trailerBytes();
        fieldsTooLarge = hasStartLine ? Rejection.HEADERS_TOO_LARGE : Rejection.TRAILERS_TOO_LARGE;
        state = hasStartLine ? State.START : State.NAME;
    }

    /** Begins the next message, in {@code into}, which is reset. */
    public void begin(Head into) {
        into.reset();
        head = into;
        state = hasStartLine ? State.START : State.NAME;
        position = 0;
        lineStart = 0;
        colon = 0;
        hash = 0;
        rejection = null;
    }

    /** Whether no byte of a head has been taken yet. */
    public boolean untouched() {
        return head.length() == 0;
    }

    /** Why the last call was {@link Outcome#REJECTED}. */
    public @Nullable Rejection rejection() {
        return rejection;
    }

    /** Takes bytes from {@code in} up to the end of the head. */
    public Outcome parse(ByteBuf in) {
        while (in.isReadable()) {
            int before = head.length();
            int count = Math.min(in.readableBytes(), STEP);
            head.append(in, count);
            Outcome outcome = scan();
            if (outcome == Outcome.DONE) {
                in.skipBytes(head.length() - before);
                return outcome;
            }
            in.skipBytes(count);
            if (outcome == Outcome.REJECTED) {
                return outcome;
            }
        }
        return Outcome.MORE;
    }

    private Outcome scan() {
        while (true) {
            Outcome outcome = switch (state) {
                case START -> start();
                case START_LINE -> startLine();
                case NAME -> name();
                case VALUE -> value();
            };
            if (outcome == Outcome.DONE) {
                return done();
            }
            if (outcome == Outcome.REJECTED) {
                return outcome;
            }
            if (position == STALLED) {
                position = resume;
                return withinLimits();
            }
        }
    }

    private Outcome stall(int at) {
        resume = at;
        position = STALLED;
        return Outcome.MORE;
    }

    /** RFC 9112 2.2: one empty line before a request line is ignored. */
    private Outcome start() {
        byte[] bytes = head.bytes();
        if (bytes[0] == Octets.CR) {
            if (head.length() == 1) {
                return stall(0);
            }
            if (bytes[1] != Octets.LF) {
                return reject(Rejection.BARE_CR_LF);
            }
            lineStart = 2;
        }
        position = lineStart;
        state = State.START_LINE;
        return Outcome.MORE;
    }

    private Outcome startLine() {
        byte[] bytes = head.bytes();
        int end = endOfLine(bytes);
        if (end < 0) {
            return end == WAIT ? Outcome.MORE : Outcome.REJECTED;
        }
        if (end - lineStart > limits.startLine()) {
            return reject(Rejection.TARGET_TOO_LONG);
        }
        Rejection wrong = head.startLine(bytes, lineStart, end);
        if (wrong != null) {
            return reject(wrong);
        }
        lineStart = end + 2;
        position = lineStart;
        head.fieldsStart(lineStart);
        state = State.NAME;
        return Outcome.MORE;
    }

    private Outcome name() {
        byte[] bytes = head.bytes();
        int to = head.length();
        int at = position;
        if (at == to) {
            return stall(at);
        }
        if (at == lineStart) {
            byte b = bytes[at];
            if (b == Octets.CR) {
                return emptyLine(bytes, at, to);
            }
            if (b == Octets.SPACE || b == Octets.TAB) {
                return reject(Rejection.LINE_FOLDING);
            }
            hash = 0;
        }
        int h = hash;
        byte lower = 0;
        while (at < to && (lower = Octets.token(bytes[at])) != 0) {
            h = HeaderName.hash(h, lower);
            at++;
        }
        hash = h;
        if (at == to) {
            return stall(at);
        }
        byte b = bytes[at];
        if (b != ':' || at == lineStart) {
            return reject(wrongName(b));
        }
        colon = at;
        position = at + 1;
        state = State.VALUE;
        return Outcome.MORE;
    }

    private static Rejection wrongName(byte b) {
        if (b == Octets.SPACE || b == Octets.TAB) {
            return Rejection.SPACE_BEFORE_COLON;
        }
        return b == Octets.CR || b == Octets.LF ? Rejection.BARE_CR_LF : Rejection.HEADER_NAME;
    }

    private Outcome emptyLine(byte[] bytes, int at, int to) {
        if (at + 1 == to) {
            return stall(at);
        }
        if (bytes[at + 1] != Octets.LF) {
            return reject(Rejection.BARE_CR_LF);
        }
        head.fieldsEnd(at);
        head.truncate(at + 2);
        return Outcome.DONE;
    }

    private Outcome value() {
        byte[] bytes = head.bytes();
        int end = endOfLine(bytes);
        if (end < 0) {
            return end == WAIT ? Outcome.MORE : Outcome.REJECTED;
        }
        if (head.count() == limits.headers()) {
            return reject(hasStartLine ? Rejection.TOO_MANY_HEADERS : fieldsTooLarge);
        }
        int from = colon + 1;
        int to = end;
        // RFC 9112 5: white space around a value means nothing, and not every server knows tabs for such.
        while (from < to && blank(bytes[from])) {
            bytes[from++] = Octets.SPACE;
        }
        while (to > from && blank(bytes[to - 1])) {
            bytes[--to] = Octets.SPACE;
        }
        head.add(lineStart, colon, from, to, hash);
        lineStart = end + 2;
        position = lineStart;
        state = State.NAME;
        return Outcome.MORE;
    }

    private static boolean blank(byte b) {
        return b == Octets.SPACE || b == Octets.TAB;
    }

    /** Index of the CR that ends the line, {@link #WAIT}, or {@link #WRONG} with the rejection set. */
    private int endOfLine(byte[] bytes) {
        int to = head.length();
        int from = position;
        while (true) {
            int at = Octets.control(bytes, from, to);
            if (at < 0) {
                stall(to);
                return WAIT;
            }
            byte b = bytes[at];
            if (b == Octets.TAB && state == State.VALUE) {
                from = at + 1;
                continue;
            }
            if (b != Octets.CR) {
                reject(b == Octets.LF ? Rejection.BARE_CR_LF : Rejection.CONTROL_BYTE);
                return WRONG;
            }
            if (at + 1 == to) {
                stall(at);
                return WAIT;
            }
            if (bytes[at + 1] != Octets.LF) {
                reject(Rejection.BARE_CR_LF);
                return WRONG;
            }
            return at;
        }
    }

    private Outcome withinLimits() {
        if (state == State.START || state == State.START_LINE) {
            return head.length() - lineStart > limits.startLine() + 1
                    ? reject(Rejection.TARGET_TOO_LONG)
                    : Outcome.MORE;
        }
        return head.length() - head.fieldsStart() > fieldBytes ? reject(fieldsTooLarge) : Outcome.MORE;
    }

    private Outcome done() {
        return head.fieldsEnd() - head.fieldsStart() > fieldBytes ? reject(fieldsTooLarge) : Outcome.DONE;
    }

    private Outcome reject(Rejection why) {
        rejection = why;
        return Outcome.REJECTED;
    }
}
