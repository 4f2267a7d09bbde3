package io.plinth.lbproxy.wire.http2;

import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;

/**
 * Makes frames. Small ones are gathered in one buffer, so that what many streams say in one read is one write; large data
 * goes on as the slice it came in. Owned by its connection's event loop.
 */
final class FrameWriter {
    private static final int GATHERED = 16 * 1024;
    private static final int COPIED = 4096;

    private final Output output;
    private @Nullable ByteBuf gathered;
    /** Where in {@link #gathered} the newest frame begins, if it is one that may still end its stream; else -1. */
    private int openFrame = -1;

    private int openStream;
    private boolean written;

    FrameWriter(Output output) {
        this.output = output;
    }

    private ByteBuf frame(int length, int type, int flags, int stream) {
        ByteBuf out = gathered;
        if (out != null && out.writableBytes() < FrameReader.HEADER + length) {
            pass();
            out = null;
        }
        if (out == null) {
            out = output.allocator().directBuffer(Math.max(GATHERED, FrameReader.HEADER + length));
            gathered = out;
        }
        openFrame = -1;
        return out.writeMedium(length).writeByte(type).writeByte(flags).writeInt(stream);
    }

    private void pass() {
        ByteBuf out = gathered;
        gathered = null;
        openFrame = -1;
        if (out != null) {
            written = true;
            output.write(out);
        }
    }

    void flush() {
        pass();
        if (written) {
            written = false;
            output.flush();
        }
    }

    /** Forgets what was not flushed. */
    void release() {
        ByteBuf out = gathered;
        gathered = null;
        openFrame = -1;
        if (out != null) {
            out.release();
        }
    }

    void bytes(byte[] bytes) {
        gathered = output.allocator().directBuffer(GATHERED).writeBytes(bytes);
    }

    void settings(int[] idsAndValues) {
        ByteBuf out = frame(idsAndValues.length * 3, FrameReader.SETTINGS, 0, 0);
        for (int i = 0; i < idsAndValues.length; i += 2) {
            out.writeShort(idsAndValues[i]).writeInt(idsAndValues[i + 1]);
        }
    }

    void settingsAck() {
        frame(0, FrameReader.SETTINGS, FrameReader.ACK, 0);
    }

    void pingAck(long data) {
        frame(8, FrameReader.PING, FrameReader.ACK, 0).writeLong(data);
    }

    void reset(int stream, int code) {
        frame(4, FrameReader.RST_STREAM, 0, stream).writeInt(code);
    }

    void windowUpdate(int stream, int increment) {
        frame(4, FrameReader.WINDOW_UPDATE, 0, stream).writeInt(increment);
    }

    void goAway(int lastStream, int code, byte[] why) {
        frame(8 + why.length, FrameReader.GOAWAY, 0, 0)
                .writeInt(lastStream)
                .writeInt(code)
                .writeBytes(why);
    }

    void headers(int stream, byte[] block, int length, boolean end) {
        int first = Math.min(length, FrameReader.MAX_PAYLOAD);
        int flags = (end ? FrameReader.END_STREAM : 0) | (first == length ? FrameReader.END_HEADERS : 0);
        ByteBuf out = frame(first, FrameReader.HEADERS, flags, stream);
        int at = out.writerIndex() - FrameReader.HEADER;
        out.writeBytes(block, 0, first);
        if (first == length) {
            openFrame = at;
            openStream = stream;
        }
        for (int from = first; from < length; from += FrameReader.MAX_PAYLOAD) {
            int count = Math.min(length - from, FrameReader.MAX_PAYLOAD);
            int last = from + count == length ? FrameReader.END_HEADERS : 0;
            frame(count, FrameReader.CONTINUATION, last, stream).writeBytes(block, from, count);
        }
    }

    /** Takes {@code count} bytes from {@code data}'s reader index, at most {@link FrameReader#MAX_PAYLOAD}. */
    void data(int stream, ByteBuf data, int count, boolean end) {
        int flags = end ? FrameReader.END_STREAM : 0;
        if (count <= COPIED) {
            ByteBuf out = frame(count, FrameReader.DATA, flags, stream);
            int at = out.writerIndex() - FrameReader.HEADER;
            // Through the source, which stays as it is where the range has a part of it only.
            out.writeBytes(data, count);
            openFrame = at;
            openStream = stream;
            return;
        }
        ByteBuf out = gathered;
        if (out != null && out.writableBytes() < FrameReader.HEADER) {
            pass();
            out = null;
        }
        if (out == null) {
            out = output.allocator().directBuffer(FrameReader.HEADER);
            gathered = out;
        }
        out.writeMedium(count).writeByte(FrameReader.DATA).writeByte(flags).writeInt(stream);
        pass();
        written = true;
        output.write(data.readRetainedSlice(count));
    }

    /** Ends a stream: in its last frame if that is still here, else with an empty one. */
    void end(int stream) {
        ByteBuf out = gathered;
        if (out != null && openFrame >= 0 && openStream == stream) {
            out.setByte(openFrame + 4, out.getByte(openFrame + 4) | FrameReader.END_STREAM);
        } else {
            frame(0, FrameReader.DATA, FrameReader.END_STREAM, stream);
        }
        openFrame = -1;
    }
}
