package io.plinth.lbproxy.wire.http1;

import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;

/** Bytes that wait for more to come. */
public final class HeldBytes {
    private HeldBytes() {}

    /**
     * What waits, with what came, both of which it then owns. The room that the pool's size classes leave makes the copies
     * few, however small the pieces are.
     */
    public static ByteBuf join(@Nullable ByteBuf held, ByteBuf in) {
        if (held == null) {
            return in;
        }
        int more = in.readableBytes();
        ByteBuf joined = held;
        if (held.maxFastWritableBytes() < more) {
            joined = in.alloc().directBuffer(held.readableBytes() + more);
            joined.writeBytes(held);
            held.release();
        }
        joined.writeBytes(in);
        in.release();
        return joined;
    }
}
