package io.plinth.lbproxy.wire.http2;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;

/** Where an {@link Endpoint}'s bytes go. */
public interface Output {
    ByteBufAllocator allocator();

    void write(ByteBuf bytes);

    void flush();

    /** Whether more may be written before some of it has gone out. */
    boolean writable();

    /** Ends the connection once all that is written has gone out. */
    void close();
}
