package io.plinth.lbproxy.upstream;

import io.netty.buffer.ByteBuf;

/** What a request goes to a server over: an HTTP/1.1 connection for as long as the exchange lasts. On its loop only. */
public interface UpstreamConnection {
    ServerLane lane();

    /** Whether it served another request before this one, so that the server may have closed it meanwhile. */
    boolean reused();

    /** Whether the server may say of a request that it did nothing for it. */
    boolean mayRefuse();

    /** The user no longer wants the connection that is being made; it will idle. */
    void abandon();

    /** Gives it back after a whole exchange: it serves the next one. */
    void release();

    /** Closes it; what is written and not flushed is lost. The user hears nothing more. */
    void discard();

    /** Closes it once all that is written has gone out, or soon when the server does not take it. The user hears nothing more. */
    void closeAfterWriting();

    /** Hands bytes over to be sent with the next {@link #flush}. */
    void write(ByteBuf bytes);

    /** Sends what was written. */
    void flush();

    boolean writable();

    /** Turns reading from the server on or off. */
    void read(boolean on);
}
