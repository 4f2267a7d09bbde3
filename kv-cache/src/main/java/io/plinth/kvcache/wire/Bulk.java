package io.plinth.kvcache.wire;

import io.netty.buffer.ByteBuf;

/** Bytes that can be written as a bulk from where they lie. */
public interface Bulk {
    /** How many. */
    int length();

    /** Writes them; there is room for them. */
    void writeTo(ByteBuf out);
}
