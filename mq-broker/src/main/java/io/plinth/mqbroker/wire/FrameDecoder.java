package io.plinth.mqbroker.wire;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.ByteToMessageDecoder;
import java.util.Arrays;
import java.util.List;

/**
 * Owned by the connection's event loop. Cuts octets into frames (AMQP 0-9-1 section 4.2.3); every frame is bounded by frame_max before
 * it is waited for. After the first malformed octet it emits one {@link Frame.Malformed} and drops the rest.
 */
public final class FrameDecoder extends ByteToMessageDecoder {
    private static final byte[] PREAMBLE = {'A', 'M', 'Q', 'P', 0, 0, 9, 1};
    private static final Frame.Heartbeat HEARTBEAT = new Frame.Heartbeat();

    private enum State {
        /** Eight octets of protocol header are due. */
        PREAMBLE,
        /** Frames follow. */
        FRAMES,
        /** Nothing is read any more. */
        DEAD
    }

    private final MethodDecoder methods;
    private final ContentProperties.Checker properties;
    private int frameMax;
    private boolean agreed;
    private State state = State.PREAMBLE;
    private long received;

    public FrameDecoder(int frameMax, FieldTableCodec tables) {
        this.frameMax = frameMax;
        this.methods = new MethodDecoder(tables);
        this.properties = new ContentProperties.Checker(tables);
    }

    /** Octets read so far. */
    public long received() {
        return received;
    }

    /** What was agreed on by tune-ok. */
    public void frameMax(int value) {
        frameMax = value;
        agreed = true;
    }

    @Override
    protected void decode(ChannelHandlerContext ctx, ByteBuf in, List<Object> out) {
        int before = in.readableBytes();
        switch (state) {
            case PREAMBLE -> preamble(in, out);
            case FRAMES -> frames(in, out);
            case DEAD -> in.skipBytes(in.readableBytes());
        }
        received += before - in.readableBytes();
    }

    private void preamble(ByteBuf in, List<Object> out) {
        // "AMQP" 0 0 9 1: refused at the first octet that differs, so that a stranger is not waited for.
        int length = Math.min(in.readableBytes(), PREAMBLE.length);
        for (int i = 0; i < length; i++) {
            if (in.getByte(in.readerIndex() + i) != PREAMBLE[i]) {
                state = State.DEAD;
                in.skipBytes(in.readableBytes());
                out.add(new Frame.WrongPreamble());
                return;
            }
        }
        if (length == PREAMBLE.length) {
            in.skipBytes(length);
            state = State.FRAMES;
            out.add(new Frame.Preamble());
        }
    }

    /** One frame; once the limits are agreed on, and a frame cannot change how the next is read, all that are there. */
    private void frames(ByteBuf in, List<Object> out) {
        boolean more = frame(in, out);
        while (more && agreed && state == State.FRAMES) {
            more = frame(in, out);
        }
    }

    /** Reads one frame; false when it has not all come, or is the last. */
    private boolean frame(ByteBuf in, List<Object> out) {
        // | type 1 | channel 2 | size 4 | payload | 0xCE |
        if (in.readableBytes() < 7) {
            return false;
        }
        int start = in.readerIndex();
        int type = in.getUnsignedByte(start);
        int channel = in.getUnsignedShort(start + 1);
        long size = in.getUnsignedInt(start + 3);
        try {
            checkHead(type, size);
            if (in.readableBytes() < 7 + size + 1) {
                return false;
            }
            int endAt = start + 7 + (int) size;
            int end = in.getUnsignedByte(endAt);
            if (end != Frame.END) {
                throw new AmqpException(ReplyCode.FRAME_ERROR, "frame end: " + end + " (expected: " + Frame.END + ")");
            }
            out.add(payload(type, channel, in, start + 7, endAt));
            in.readerIndex(endAt + 1);
            return true;
        } catch (AmqpException e) {
            state = State.DEAD;
            in.skipBytes(in.readableBytes());
            out.add(new Frame.Malformed(channel, e));
            return false;
        }
    }

    private void checkHead(int type, long size) {
        if (type != Frame.TYPE_METHOD
                && type != Frame.TYPE_HEADER
                && type != Frame.TYPE_BODY
                && type != Frame.TYPE_HEARTBEAT) {
            throw new AmqpException(ReplyCode.FRAME_ERROR, "frame type: " + type + " (expected: 1, 2, 3 or 8)");
        }
        if (size > frameMax - Frame.OVERHEAD) {
            throw new AmqpException(
                    ReplyCode.FRAME_ERROR,
                    "frame: " + size + " octets (expected: <= " + (frameMax - Frame.OVERHEAD) + ")");
        }
    }

    /** Reads the octets between the indices, with nothing behind them in sight. */
    private Frame payload(int type, int channel, ByteBuf in, int from, int to) {
        int writerIndex = in.writerIndex();
        in.setIndex(from, to);
        try {
            return switch (type) {
                case Frame.TYPE_METHOD -> new Frame.MethodFrame(channel, methods.decode(in), to - from);
                case Frame.TYPE_HEADER -> header(channel, in);
                case Frame.TYPE_BODY -> new Frame.BodyFrame(channel, octets(in));
                default -> heartbeat(channel, in);
            };
        } finally {
            in.writerIndex(writerIndex);
        }
    }

    private Frame header(int channel, ByteBuf in) {
        Need.bytes(in, 14, "content header");
        int classId = in.readUnsignedShort();
        int weight = in.readUnsignedShort();
        long bodySize = in.readLong();
        if (weight != 0 || bodySize < 0) {
            throw new AmqpException(
                    ReplyCode.SYNTAX_ERROR,
                    "content header: weight " + weight + ", body " + bodySize + " (expected: weight 0, body >= 0)");
        }
        int at = in.readerIndex();
        properties.check(in);
        in.readerIndex(at);
        return new Frame.HeaderFrame(channel, classId, bodySize, octets(in));
    }

    private static Frame heartbeat(int channel, ByteBuf payload) {
        if (channel != 0) {
            throw new AmqpException(
                    ReplyCode.UNEXPECTED_FRAME, "heartbeat: channel " + channel + " (expected: channel 0)");
        }
        if (payload.isReadable()) {
            throw new AmqpException(
                    ReplyCode.FRAME_ERROR, "heartbeat: " + payload.readableBytes() + " octets (expected: none)");
        }
        return HEARTBEAT;
    }

    private static byte[] octets(ByteBuf in) {
        byte[] bytes = new byte[in.readableBytes()];
        in.readBytes(bytes);
        return bytes;
    }

    /** The header this server speaks, for a client that spoke another. */
    public static byte[] preamble() {
        return Arrays.copyOf(PREAMBLE, PREAMBLE.length);
    }
}
