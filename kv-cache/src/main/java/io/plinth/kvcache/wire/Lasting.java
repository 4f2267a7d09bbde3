package io.plinth.kvcache.wire;

import io.netty.buffer.ByteBuf;

/** Bytes that stay as they are until they are released, whatever becomes of what they were read from. Used by one thread at a time. */
public interface Lasting {
    /** How many. */
    int length();

    /** Appends so many from a place on to a buffer that has room for them. */
    void write(int from, int count, ByteBuf to);

    /** Copies so many from a place on. */
    void read(int from, byte[] to, int offset, int count);

    /** Nobody reads them any more. */
    void release();
}
