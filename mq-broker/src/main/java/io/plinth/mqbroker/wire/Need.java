package io.plinth.mqbroker.wire;

import io.netty.buffer.ByteBuf;

/** Bounds every read by its frame. */
final class Need {
    private Need() {}

    static void bytes(ByteBuf in, long count, String what) {
        if (count > in.readableBytes()) {
            throw new AmqpException(
                    ReplyCode.SYNTAX_ERROR,
                    what + ": " + count + " octets (expected: <= " + in.readableBytes() + " left in the frame)");
        }
    }
}
