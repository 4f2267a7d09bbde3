package io.plinth.mqbroker.wire;

import io.netty.buffer.ByteBuf;

/** Arguments of methods, each read bounded by the frame. */
final class Fields {
    private Fields() {}

    static int octet(ByteBuf in) {
        Need.bytes(in, 1, "octet");
        return in.readUnsignedByte();
    }

    static int unsignedShort(ByteBuf in) {
        Need.bytes(in, 2, "short");
        return in.readUnsignedShort();
    }

    static long unsignedInt(ByteBuf in) {
        Need.bytes(in, 4, "long");
        return in.readUnsignedInt();
    }

    static long longLong(ByteBuf in) {
        Need.bytes(in, 8, "longlong");
        return in.readLong();
    }

    static byte[] longString(ByteBuf in) {
        long length = unsignedInt(in);
        Need.bytes(in, length, "long string");
        byte[] bytes = new byte[(int) length];
        in.readBytes(bytes);
        return bytes;
    }

    static void writeLongString(ByteBuf out, byte[] value) {
        out.writeInt(value.length).writeBytes(value);
    }
}
