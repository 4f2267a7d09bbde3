package io.plinth.kvcache.wire;

import io.netty.buffer.ByteBuf;

/** Owned by the connection's event loop: an argument too long for the array that others are parsed in, kept elsewhere as it comes. */
public interface LongArgument {
    /** Takes the next so many bytes; answers false where there is no room for them. */
    boolean add(ByteBuf from, int count);

    /** Takes the next so many bytes; answers false where there is no room for them. */
    boolean add(byte[] from, int offset, int count);

    /** How many came. */
    int length();

    /** A copy of so many from a place on. */
    byte[] part(int from, int count);

    /** Gives it up, where no command has taken it. */
    void release();
}
