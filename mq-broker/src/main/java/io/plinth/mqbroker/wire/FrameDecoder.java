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
    }

    @Override
    protected void decode(ChannelHandlerContext ctx, ByteBuf in, List<Object> out) {
        int before = in.readableBytes();
        switch (state) {
            case PREAMBLE -> preamble(in, out);
            case FRAMES -> frame(in, out);
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

    private void frame(ByteBuf in, List<Object> out) {
        // | type 1 | channel 2 | size 4 | payload | 0xCE |
        if (in.readableBytes() < 7) {
            return;
        }
        int start = in.readerIndex();
        int type = in.getUnsignedByte(start);
        int channel = in.getUnsignedShort(start + 1);
        long size = in.getUnsignedInt(start + 3);
        try {
            checkHead(type, size);
            if (in.readableBytes() < 7 + size + 1) {
                return;
            }
            int end = in.getUnsignedByte(start + 7 + (int) size);
            if (end != Frame.END) {
                throw new AmqpException(ReplyCode.FRAME_ERROR, "frame end: " + end + " (expected: " + Frame.END + ")");
            }
            in.skipBytes(7);
            ByteBuf payload = in.readSlice((int) size);
            in.skipBytes(1);
            out.add(payload(type, channel, payload));
        } catch (AmqpException e) {
            state = State.DEAD;
            in.skipBytes(in.readableBytes());
            out.add(new Frame.Malformed(channel, e));
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

    private Frame payload(int type, int channel, ByteBuf payload) {
        return switch (type) {
            case Frame.TYPE_METHOD -> new Frame.MethodFrame(channel, methods.decode(payload));
            case Frame.TYPE_HEADER -> header(channel, payload);
            case Frame.TYPE_BODY -> new Frame.BodyFrame(channel, octets(payload));
            default -> heartbeat(channel, payload);
        };
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
        properties.check(in.duplicate());
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
