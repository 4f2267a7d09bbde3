package io.plinth.dbproxy.wire;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import org.jspecify.annotations.Nullable;

/**
 * Cuts a stream into frames of {@code type:1 length:4 body}, and hands on whole runs of frames that pass unchanged.
 * Owned by the event loop of the connection it reads.
 *
 * <pre>
 *   | 'D' | length | body ... | 'D' | length | body ... | 'C' | ...
 *   |<------------------- one run ------------------------------->|
 * </pre>
 *
 * A frame of a streamed type (rows, copied data) is never collected: what has arrived of it passes on.
 */
public final class FrameReader {
    private static final int HEADER = 5;

    /** What happens to a frame. */
    public enum Verdict {
        /** Joins the run. */
        PASS,
        /** Is left out; the run before it is handed on first. */
        DROP,
        /** Joins the run, which is handed on, and {@link Sink#handedOn} is called. */
        PASS_AND_TELL
    }

    /** Decides about frames and takes runs. */
    public interface Sink {
        /** Looks at a whole frame; {@code body} is readable from its first to its last byte and not the sink's to keep. */
        Verdict frame(byte type, ByteBuf body) throws SqlException;

        /** Whether frames of this type pass without having been collected; asked once a frame. */
        boolean streams(byte type) throws SqlException;

        /** Takes ownership of a run. */
        void run(ByteBuf run);

        /** After the run that ended with a frame answered by {@link Verdict#PASS_AND_TELL}. */
        void handedOn() throws SqlException;
    }

    private final ByteBufAllocator allocator;
    private int limit;
    private @Nullable ByteBuf collected;
    private long passing;
    private int runStart = -1;
    private boolean closed;
    private @Nullable ByteBuf current;

    /** {@code limit} bounds the length of every frame that is collected. */
    public FrameReader(ByteBufAllocator allocator, int limit) {
        this.allocator = allocator;
        this.limit = limit;
    }

    /** Reads {@code bytes}, which it takes ownership of; throws on a malformed or oversized frame. */
    public void read(ByteBuf bytes, Sink sink) throws SqlException {
        if (closed) {
            bytes.release();
            return;
        }
        ByteBuf in = collect(bytes);
        current = in;
        try {
            while (!closed && step(in, sink)) {}
            if (!closed) {
                handOn(in, sink);
            }
        } finally {
            current = null;
            if (closed || !in.isReadable()) {
                in.release();
                collected = null;
            } else {
                collected = in;
            }
        }
    }

    private ByteBuf collect(ByteBuf bytes) {
        ByteBuf before = collected;
        collected = null;
        if (before == null) {
            return bytes;
        }
        ByteBuf joined = before;
        if (before.refCnt() > 1 || before.isReadOnly() || before.maxWritableBytes() < bytes.readableBytes()) {
            joined = allocator.buffer(before.readableBytes() + bytes.readableBytes());
            joined.writeBytes(before);
            before.release();
        } else {
            before.discardReadBytes();
        }
        joined.writeBytes(bytes);
        bytes.release();
        return joined;
    }

    private boolean step(ByteBuf in, Sink sink) throws SqlException {
        if (passing > 0) {
            return pass(in);
        }
        if (in.readableBytes() < HEADER) {
            return false;
        }
        int start = in.readerIndex();
        byte type = in.getByte(start);
        int length = in.getInt(start + 1);
        if (length < 4) {
            throw new SqlException(SqlError.PROTOCOL_VIOLATION, "message length: " + length + " (expected: >= 4)");
        }
        if (sink.streams(type)) {
            startRun(in);
            passing = length + 1L;
            return true;
        }
        if (length > limit) {
            throw new SqlException(
                    SqlError.LIMIT_EXCEEDED,
                    "message length: " + length + " (expected: <= " + limit + ", max-message)");
        }
        if (in.readableBytes() < length + 1) {
            return false;
        }
        verdict(in, start, length, sink.frame(type, in.slice(start + HEADER, length - 4)), sink);
        return true;
    }

    private void verdict(ByteBuf in, int start, int length, Verdict verdict, Sink sink) throws SqlException {
        switch (verdict) {
            case PASS -> {
                startRun(in);
                in.readerIndex(start + length + 1);
            }
            case DROP -> {
                handOn(in, sink);
                in.readerIndex(start + length + 1);
            }
            case PASS_AND_TELL -> {
                startRun(in);
                in.readerIndex(start + length + 1);
                handOn(in, sink);
                sink.handedOn();
            }
        }
    }

    private boolean pass(ByteBuf in) {
        int part = (int) Math.min(passing, in.readableBytes());
        startRun(in);
        in.skipBytes(part);
        passing -= part;
        return part > 0;
    }

    private void startRun(ByteBuf in) {
        if (runStart < 0) {
            runStart = in.readerIndex();
        }
    }

    private void handOn(ByteBuf in, Sink sink) {
        if (runStart >= 0) {
            ByteBuf run = in.retainedSlice(runStart, in.readerIndex() - runStart);
            runStart = -1;
            sink.run(run);
        }
    }

    /** From the next frame on, collected frames may be this long. */
    public void limit(int longest) {
        limit = longest;
    }

    /** Whether a part of a streamed frame has been handed on, and the rest of it has not come yet. */
    public boolean midFrame() {
        return passing > 0;
    }

    /** Hands on what has passed so far, for a sink that inserts bytes of its own behind it; only while it decides. */
    public void cut(Sink sink) {
        ByteBuf in = current;
        if (in != null) {
            handOn(in, sink);
        }
    }

    /** Releases what was collected; later bytes are dropped. */
    public void close() {
        closed = true;
        ByteBuf rest = collected;
        collected = null;
        if (rest != null) {
            rest.release();
        }
    }
}
