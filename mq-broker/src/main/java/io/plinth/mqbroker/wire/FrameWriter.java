package io.plinth.mqbroker.wire;

import io.netty.buffer.ByteBuf;

/** Appends frames to a buffer. */
public final class FrameWriter {
    private FrameWriter() {}

    public static void method(ByteBuf out, int channel, Method method) {
        out.writeByte(Frame.TYPE_METHOD).writeShort(channel);
        int sizeAt = out.writerIndex();
        out.writeInt(0);
        out.writeShort(method.classId()).writeShort(method.methodId());
        method.writeArguments(out);
        out.setInt(sizeAt, out.writerIndex() - sizeAt - 4);
        out.writeByte(Frame.END);
    }

    /** basic.deliver, which comes before every message's content. */
    public static void deliver(
            ByteBuf out,
            int channel,
            String consumerTag,
            long deliveryTag,
            boolean redelivered,
            String exchange,
            String routingKey) {
        out.writeByte(Frame.TYPE_METHOD).writeShort(channel);
        int sizeAt = out.writerIndex();
        out.writeInt(0);
        out.writeShort(BasicMethod.CLASS_ID).writeShort(BasicMethod.Deliver.ID);
        ShortString.write(out, consumerTag);
        out.writeLong(deliveryTag).writeBoolean(redelivered);
        ShortString.write(out, exchange);
        ShortString.write(out, routingKey);
        out.setInt(sizeAt, out.writerIndex() - sizeAt - 4);
        out.writeByte(Frame.END);
    }

    /** Content header and body, the body cut to what the agreed frame_max holds. */
    public static void content(ByteBuf out, int channel, byte[] properties, byte[] body, int frameMax) {
        out.writeByte(Frame.TYPE_HEADER).writeShort(channel).writeInt(12 + properties.length);
        out.writeShort(BasicMethod.CLASS_ID).writeShort(0).writeLong(body.length);
        out.writeBytes(properties).writeByte(Frame.END);
        int most = frameMax - Frame.OVERHEAD;
        for (int at = 0; at < body.length; at += most) {
            int size = Math.min(most, body.length - at);
            out.writeByte(Frame.TYPE_BODY).writeShort(channel).writeInt(size);
            out.writeBytes(body, at, size).writeByte(Frame.END);
        }
    }

    public static void heartbeat(ByteBuf out) {
        out.writeByte(Frame.TYPE_HEARTBEAT).writeShort(0).writeInt(0).writeByte(Frame.END);
    }

    /** How many octets content takes on the wire, beside its method. */
    public static int contentSize(byte[] properties, byte[] body, int frameMax) {
        int most = frameMax - Frame.OVERHEAD;
        int frames = (body.length + most - 1) / most;
        return Frame.OVERHEAD + 12 + properties.length + body.length + frames * Frame.OVERHEAD;
    }
}
