package io.plinth.lbproxy.wire.http1;

import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;

/**
 * Follows a body through the reads it comes in and says which bytes go on. Owned by its connection's event loop.
 *
 * <pre>
 * 1a ;ext=1 CRLF  data CRLF  ...  0 CRLF  CRLF            (or trailer fields before the last CRLF)
 * SIZE EXTENSION  DATA DATA_CR    SIZE    TRAILER
 * </pre>
 *
 * Chunks go on as they came, framing included, but for extensions, which are dropped (RFC 9112 7.1.1: nobody here
 * knows any), and trailers, which the owner takes from {@link #trailers} and writes itself. For a peer that cannot read
 * chunks, only their data goes on.
 */
public final class BodyDecoder {
    private enum State {
        DONE,
        LENGTH,
        UNTIL_CLOSE,
        SIZE,
        EXTENSION,
        SIZE_LF,
        DATA,
        DATA_CR,
        DATA_LF,
        TRAILER,
        TRAILER_LF,
        TRAILER_FIELDS
    }

    /** What {@link #next} returns when the bytes are wrong. */
    public static final int REJECTED = -1;

    private static final int MAX_SIZE_DIGITS = 15;

    private final Http1Limits limits;
    private final long usualMaxBody;
    private long maxBody;
    private State state = State.DONE;
    private boolean raw;
    private long remaining;
    private long received;
    private int digits;
    private int lineBytes;
    private boolean extensionBegun;
    private @Nullable HeadParser trailerParser;
    private @Nullable TrailerFields trailerFields;
    private boolean hasTrailers;
    private @Nullable Rejection rejection;

    /**
     * Follows bodies of at most {@code maxBody} bytes.
     *
     * @param maxBody 0 for no limit
     */
    public BodyDecoder(Http1Limits limits, long maxBody) {
        this.limits = limits;
        usualMaxBody = maxBody;
        this.maxBody = maxBody;
    }

    /**
     * Begins a body.
     *
     * @param chunksGoOn whether the receiver reads chunks
     * @return why it is refused at once, or null
     */
    public @Nullable Rejection begin(Framing framing, boolean chunksGoOn) {
        raw = chunksGoOn;
        maxBody = usualMaxBody;
        received = 0;
        hasTrailers = false;
        rejection = null;
        remaining = 0;
        switch (framing.body()) {
            case NONE -> state = State.DONE;
            case UNTIL_CLOSE -> state = State.UNTIL_CLOSE;
            case CHUNKED -> beginChunk();
            case LENGTH -> {
                state = State.LENGTH;
                remaining = framing.length();
                if (maxBody != 0 && remaining > maxBody) {
                    return Rejection.BODY_TOO_LARGE;
                }
            }
        }
        return null;
    }

    private void beginChunk() {
        state = State.SIZE;
        remaining = 0;
        digits = 0;
        lineBytes = 0;
    }

    /**
     * Another limit for the body that has just begun; returns why it is refused at once, or null.
     *
     * @param max 0 for no limit
     */
    public @Nullable Rejection limit(long max) {
        maxBody = max;
        return max != 0 && state == State.LENGTH && remaining > max ? Rejection.BODY_TOO_LARGE : null;
    }

    /** Whether the whole body has come. */
    public boolean done() {
        return state == State.DONE;
    }

    /** Whether the sender ends the body by closing. */
    public boolean untilClose() {
        return state == State.UNTIL_CLOSE;
    }

    /** Body bytes so far, framing not counted. */
    public long received() {
        return received;
    }

    public @Nullable Rejection rejection() {
        return rejection;
    }

    /** The fields after the last chunk, once {@link #done}; null when there were none. */
    public @Nullable TrailerFields trailers() {
        return hasTrailers ? trailerFields : null;
    }

    /**
     * How many of the next readable bytes go on: the caller takes them from {@code in}'s reader index, then calls again
     * while {@code in} is readable and the body not {@link #done}. Bytes that do not go on are skipped by moving the
     * reader index, with 0 returned.
     */
    public int next(ByteBuf in) {
        return switch (state) {
            case LENGTH -> length(in);
            case UNTIL_CLOSE -> {
                received += in.readableBytes();
                yield in.readableBytes();
            }
            case EXTENSION -> extension(in);
            case TRAILER_FIELDS -> trailerFields(in);
            default -> chunks(in);
        };
    }

    private int length(ByteBuf in) {
        int count = (int) Math.min(remaining, in.readableBytes());
        remaining -= count;
        received += count;
        if (remaining == 0) {
            state = State.DONE;
        }
        return count;
    }

    private int chunks(ByteBuf in) {
        int start = in.readerIndex();
        int end = in.writerIndex();
        int at = start;
        while (at < end && state != State.DONE) {
            if (state == State.DATA) {
                if (!raw && at > start) {
                    in.readerIndex(at);
                    start = at;
                }
                int count = (int) Math.min(remaining, end - at);
                remaining -= count;
                at += count;
                if (remaining == 0) {
                    state = State.DATA_CR;
                }
                if (!raw) {
                    return count;
                }
            } else if (state == State.EXTENSION || state == State.TRAILER_FIELDS) {
                break;
            } else if (!framing(in.getByte(at))) {
                return REJECTED;
            } else if (state != State.EXTENSION && state != State.TRAILER_FIELDS) {
                at++;
            }
        }
        if (raw) {
            return at - start;
        }
        in.readerIndex(at);
        return 0;
    }

    /** One byte of framing. A byte that turns the state to EXTENSION or TRAILER_FIELDS is not taken by it. */
    private boolean framing(byte b) {
        return switch (state) {
            case SIZE -> size(b);
            case SIZE_LF -> b == Octets.LF ? sizeRead() : reject(Rejection.CHUNK);
            case DATA_CR -> {
                state = State.DATA_LF;
                yield b == Octets.CR || reject(Rejection.CHUNK);
            }
            case DATA_LF -> {
                beginChunk();
                yield b == Octets.LF || reject(Rejection.CHUNK);
            }
            case TRAILER -> {
                if (b == Octets.CR) {
                    state = State.TRAILER_LF;
                } else {
                    beginTrailers();
                }
                yield true;
            }
            case TRAILER_LF -> {
                state = State.DONE;
                yield b == Octets.LF || reject(Rejection.CHUNK);
            }
            default -> throw new IllegalStateException("chunk framing in state " + state);
        };
    }

    private boolean size(byte b) {
        int digit = Framing.hex(b);
        if (++lineBytes > limits.chunkLine()) {
            return reject(Rejection.CHUNK_LINE_TOO_LONG);
        }
        if (digit >= 0) {
            remaining = remaining << 4 | digit;
            return ++digits <= MAX_SIZE_DIGITS || reject(Rejection.CHUNK);
        }
        if (digits == 0) {
            return reject(Rejection.CHUNK);
        }
        if (b == Octets.CR) {
            state = State.SIZE_LF;
            return true;
        }
        state = State.EXTENSION;
        extensionBegun = false;
        return b == ';' || b == Octets.SPACE || b == Octets.TAB || reject(Rejection.CHUNK);
    }

    private boolean sizeRead() {
        if (remaining == 0) {
            state = State.TRAILER;
            return true;
        }
        received += remaining;
        state = State.DATA;
        return maxBody == 0 || received <= maxBody || reject(Rejection.BODY_TOO_LARGE);
    }

    /** Skips to the CR; any control byte but TAB ends in a rejection, so no receiver can see a line's end in it. */
    private int extension(ByteBuf in) {
        while (in.isReadable()) {
            byte b = in.getByte(in.readerIndex());
            if (b == Octets.CR) {
                state = State.SIZE;
                return 0;
            }
            boolean blank = b == Octets.SPACE || b == Octets.TAB;
            extensionBegun |= b == ';';
            if ((b >= 0 && b < Octets.SPACE && !blank) || b == 0x7f || (!blank && !extensionBegun)) {
                reject(Rejection.CHUNK);
                return REJECTED;
            }
            if (++lineBytes > limits.chunkLine()) {
                reject(Rejection.CHUNK_LINE_TOO_LONG);
                return REJECTED;
            }
            in.skipBytes(1);
        }
        return 0;
    }

    private void beginTrailers() {
        state = State.TRAILER_FIELDS;
        TrailerFields fields = trailerFields;
        HeadParser parser = trailerParser;
        if (fields == null || parser == null) {
            fields = new TrailerFields();
            parser = new HeadParser(limits, fields);
            trailerFields = fields;
            trailerParser = parser;
        }
        parser.begin(fields);
    }

    private int trailerFields(ByteBuf in) {
        HeadParser parser = trailerParser;
        if (parser == null) {
            throw new IllegalStateException("trailer fields without a parser");
        }
        return switch (parser.parse(in)) {
            case MORE -> 0;
            case DONE -> {
                state = State.DONE;
                hasTrailers = true;
                yield 0;
            }
            case REJECTED -> {
                rejection = parser.rejection();
                yield REJECTED;
            }
        };
    }

    private boolean reject(Rejection why) {
        rejection = why;
        return false;
    }
}
