package io.plinth.lbproxy.wire.http2;

import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Takes frames apart and checks what can be checked of each alone (RFC 9113 4 and 6). Owned by its connection's event
 * loop.
 *
 * <pre>
 * length 24 | type 8 | flags 8 | R 1 + stream 31 | payload
 * </pre>
 */
final class FrameReader {
    /** Who acts on the frames. Payloads and blocks are good during the call alone. */
    interface Listener {
        /** {@code flow} is what the frame counts in flow control, padding included. */
        void data(int stream, ByteBuf payload, int flow, boolean end) throws Fault;

        /** A whole header block. */
        void headers(int stream, byte[] block, int length, boolean end, int dependency) throws Fault;

        void priority(int stream, int dependency) throws Fault;

        void reset(int stream, int code) throws Fault;

        void setting(int id, long value) throws Fault;

        void settingsEnd(boolean ack) throws Fault;

        void ping(long data, boolean ack) throws Fault;

        void goAway(int lastStream, int code) throws Fault;

        void windowUpdate(int stream, int increment) throws Fault;

        /** A frame of no use, by itself harmless. */
        void idleFrame() throws Fault;
    }

    /** RFC 9113 3.4. */
    static final byte[] PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(StandardCharsets.US_ASCII);

    static final int HEADER = 9;
    static final int MAX_PAYLOAD = 16384;
    static final int DATA = 0;
    static final int HEADERS = 1;
    static final int PRIORITY = 2;
    static final int RST_STREAM = 3;
    static final int SETTINGS = 4;
    static final int PUSH_PROMISE = 5;
    static final int PING = 6;
    static final int GOAWAY = 7;
    static final int WINDOW_UPDATE = 8;
    static final int CONTINUATION = 9;
    static final int END_STREAM = 1;
    static final int ACK = 1;
    static final int END_HEADERS = 4;
    static final int PADDED = 8;
    static final int PRIORITY_FLAG = 0x20;
    static final int NO_DEPENDENCY = -1;

    private static final int INITIAL_BLOCK = 1024;
    private static final int KEPT_BLOCK = 16 * 1024;
    private static final int SETTING = 6;

    private final Listener listener;
    private final Http2Limits limits;
    private byte[] block = new byte[INITIAL_BLOCK];
    private int blockLength;
    /** The stream whose header block goes on; 0 for none. */
    private int blockStream;

    private boolean blockEnds;
    private int blockDependency;
    private int continuations;
    private boolean settled;
    private int prefaceLeft;

    /**
     * Reads what one peer sends.
     *
     * @param preface whether it begins with the client's preface
     */
    FrameReader(Listener listener, Http2Limits limits, boolean preface) {
        this.listener = listener;
        this.limits = limits;
        prefaceLeft = preface ? PREFACE.length : 0;
    }

    /** Whether a header block waits for its rest. */
    boolean inBlock() {
        return blockStream != 0;
    }

    /** Reads one frame; false when it has not come whole. */
    boolean read(ByteBuf in) throws Fault {
        while (prefaceLeft > 0 && in.isReadable()) {
            if (in.readByte() != PREFACE[PREFACE.length - prefaceLeft--]) {
                throw Fault.connection(ErrorCode.PROTOCOL_ERROR, "wrong connection preface");
            }
        }
        if (in.readableBytes() < HEADER) {
            return false;
        }
        int at = in.readerIndex();
        int length = in.getUnsignedMedium(at);
        int type = in.getUnsignedByte(at + 3);
        if (length > MAX_PAYLOAD) {
            throw Fault.connection(ErrorCode.FRAME_SIZE_ERROR, "frame larger than SETTINGS_MAX_FRAME_SIZE");
        }
        if (!settled && type != SETTINGS) {
            throw Fault.connection(ErrorCode.PROTOCOL_ERROR, "first frame other than SETTINGS");
        }
        if (in.readableBytes() < HEADER + length) {
            return false;
        }
        int flags = in.getUnsignedByte(at + 4);
        int stream = in.getInt(at + 5) & Integer.MAX_VALUE;
        int end = at + HEADER + length;
        in.readerIndex(at + HEADER);
        if (blockStream != 0 && (type != CONTINUATION || stream != blockStream)) {
            throw Fault.connection(ErrorCode.PROTOCOL_ERROR, "header block interrupted by another frame");
        }
        try {
            frame(in, type, flags, stream, length);
        } finally {
            in.readerIndex(end);
        }
        return true;
    }

    private void frame(ByteBuf in, int type, int flags, int stream, int length) throws Fault {
        switch (type) {
            case DATA -> data(in, flags, stream, length);
            case HEADERS -> headers(in, flags, stream, length);
            case PRIORITY -> {
                onStream(stream, type);
                if (length != 5) {
                    throw Fault.stream(stream, ErrorCode.FRAME_SIZE_ERROR, "PRIORITY of " + length + " bytes");
                }
                listener.priority(stream, in.readInt() & Integer.MAX_VALUE);
            }
            case RST_STREAM -> {
                onStream(stream, type);
                size(length == 4, type, length);
                listener.reset(stream, in.readInt());
            }
            case SETTINGS -> settings(in, flags, stream, length);
            case PUSH_PROMISE -> throw Fault.connection(ErrorCode.PROTOCOL_ERROR, "PUSH_PROMISE, which nobody allowed");
            case PING -> {
                onConnection(stream, type);
                size(length == 8, type, length);
                listener.ping(in.readLong(), (flags & ACK) != 0);
            }
            case GOAWAY -> {
                onConnection(stream, type);
                size(length >= 8, type, length);
                listener.goAway(in.readInt() & Integer.MAX_VALUE, in.readInt());
            }
            case WINDOW_UPDATE -> {
                size(length == 4, type, length);
                listener.windowUpdate(stream, in.readInt() & Integer.MAX_VALUE);
            }
            case CONTINUATION -> {
                if (blockStream == 0) {
                    throw Fault.connection(ErrorCode.PROTOCOL_ERROR, "CONTINUATION without a header block");
                }
                if (++continuations > limits.continuations()) {
                    throw Fault.connection(
                            ErrorCode.ENHANCE_YOUR_CALM, "more CONTINUATION frames than limits.http2.continuations");
                }
                fragment(in, length, (flags & END_HEADERS) != 0);
            }
            // RFC 9113 4.1: unknown types are ignored.
            default -> listener.idleFrame();
        }
    }

    private static void onStream(int stream, int type) throws Fault {
        if (stream == 0) {
            throw Fault.connection(ErrorCode.PROTOCOL_ERROR, "frame of type " + type + " on stream 0");
        }
    }

    private static void onConnection(int stream, int type) throws Fault {
        if (stream != 0) {
            throw Fault.connection(ErrorCode.PROTOCOL_ERROR, "frame of type " + type + " on a stream");
        }
    }

    private static void size(boolean right, int type, int length) throws Fault {
        if (!right) {
            throw Fault.connection(ErrorCode.FRAME_SIZE_ERROR, "frame of type " + type + " with " + length + " bytes");
        }
    }

    /** The padding's length, its own byte taken; -1 for none (RFC 9113 6.1). */
    private static int padding(ByteBuf in, int flags, int length) throws Fault {
        if ((flags & PADDED) == 0) {
            return -1;
        }
        size(length >= 1, DATA, length);
        int padding = in.readUnsignedByte();
        if (padding > length - 1) {
            throw Fault.connection(ErrorCode.PROTOCOL_ERROR, "padding longer than its frame");
        }
        return padding;
    }

    private void data(ByteBuf in, int flags, int stream, int length) throws Fault {
        onStream(stream, DATA);
        int padding = padding(in, flags, length);
        int payload = length - padding - 1;
        listener.data(stream, in.slice(in.readerIndex(), payload), length, (flags & END_STREAM) != 0);
    }

    private void headers(ByteBuf in, int flags, int stream, int length) throws Fault {
        onStream(stream, HEADERS);
        int padding = padding(in, flags, length);
        int fragment = length - padding - 1;
        blockDependency = NO_DEPENDENCY;
        if ((flags & PRIORITY_FLAG) != 0) {
            fragment -= 5;
            size(fragment >= 0, HEADERS, length);
            blockDependency = in.readInt() & Integer.MAX_VALUE;
            in.skipBytes(1);
        }
        blockStream = stream;
        blockEnds = (flags & END_STREAM) != 0;
        blockLength = 0;
        continuations = 0;
        if (block.length > KEPT_BLOCK) {
            block = new byte[INITIAL_BLOCK];
        }
        fragment(in, fragment, (flags & END_HEADERS) != 0);
    }

    private void fragment(ByteBuf in, int length, boolean last) throws Fault {
        if (blockLength + length > limits.headerBytes() + MAX_PAYLOAD) {
            throw Fault.connection(ErrorCode.ENHANCE_YOUR_CALM, "header block larger than limits.header-bytes");
        }
        if (blockLength + length > block.length) {
            block = Arrays.copyOf(block, Math.max(block.length * 2, blockLength + length));
        }
        in.readBytes(block, blockLength, length);
        blockLength += length;
        if (last) {
            int stream = blockStream;
            blockStream = 0;
            listener.headers(stream, block, blockLength, blockEnds, blockDependency);
        }
    }

    private void settings(ByteBuf in, int flags, int stream, int length) throws Fault {
        onConnection(stream, SETTINGS);
        boolean ack = (flags & ACK) != 0;
        size(ack ? length == 0 : length % SETTING == 0, SETTINGS, length);
        if (ack && !settled) {
            throw Fault.connection(ErrorCode.PROTOCOL_ERROR, "first frame an acknowledgement");
        }
        settled = true;
        for (int i = 0; i < length; i += SETTING) {
            listener.setting(in.readUnsignedShort(), in.readUnsignedInt());
        }
        listener.settingsEnd(ack);
    }
}
