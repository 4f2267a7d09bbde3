package io.plinth.mqbroker.wire;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import java.nio.charset.StandardCharsets;

/** A string of at most 255 octets with a length octet before it (AMQP 0-9-1 section 4.2.5.3). */
public final class ShortString {
    static final int MAX = 255;

    private ShortString() {}

    static String read(ByteBuf in) {
        return checked(shown(in));
    }

    /** One that is looked at and never written again: what is not UTF-8 may grow. */
    static String shown(ByteBuf in) {
        Need.bytes(in, 1, "short string length");
        int length = in.readUnsignedByte();
        Need.bytes(in, length, "short string");
        return in.readString(length, StandardCharsets.UTF_8);
    }

    /** What is not UTF-8 grows as it is decoded: what could not be written to the next client any more is refused. */
    static String checked(String value) {
        if (value.length() * 3 > MAX && ByteBufUtil.utf8Bytes(value) > MAX) {
            throw new AmqpException(
                    ReplyCode.SYNTAX_ERROR,
                    "short string: " + ByteBufUtil.utf8Bytes(value) + " octets (expected: at most " + MAX
                            + " of UTF-8)");
        }
        return value;
    }

    static void write(ByteBuf out, String value) {
        int at = out.writerIndex();
        out.writeByte(0);
        int length = ByteBufUtil.writeUtf8(out, value);
        if (length > MAX) {
            throw new IllegalArgumentException("short string: " + length + " octets (expected: <= " + MAX + ")");
        }
        out.setByte(at, length);
    }

    /** The longest prefix that fits. */
    public static String cut(String value) {
        if (value.length() * 3 <= MAX || ByteBufUtil.utf8Bytes(value) <= MAX) {
            return value;
        }
        int end = Math.min(value.length(), MAX);
        while (ByteBufUtil.utf8Bytes(value, 0, end) > MAX || Character.isHighSurrogate(value.charAt(end - 1))) {
            end--;
        }
        return value.substring(0, end);
    }
}
