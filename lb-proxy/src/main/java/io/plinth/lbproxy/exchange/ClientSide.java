package io.plinth.lbproxy.exchange;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.plinth.lbproxy.forward.ForwardedHeaders;
import io.plinth.lbproxy.route.HeaderChanges;
import io.plinth.lbproxy.wire.http1.Framing;
import io.plinth.lbproxy.wire.http1.ResponseHead;
import io.plinth.lbproxy.wire.http1.TrailerFields;
import org.jspecify.annotations.Nullable;

/** Who an exchange answers: a client's HTTP/1.1 connection, or one stream of its HTTP/2 connection. On its loop only. */
interface ClientSide {
    ByteBufAllocator allocator();

    ForwardedHeaders forwarded();

    /** Whether bodies go to it as plain data, delimited by {@link #end}; chunks and lengths are for it to make or leave. */
    boolean framed();

    /** Whether it takes more for now; the exchange hears of a change. */
    boolean writable();

    /** Bytes that have come from it so far, taken or not; good for differences alone. */
    long received();

    /** Restarts the deadline. */
    void within(long nanos);

    /** Goes on with what the client sent and had to wait. */
    void resume();

    void flush();

    /** An interim response, 101 among them. */
    void interim(ResponseHead head, Framing framing);

    /**
     * A final response begins.
     *
     * @param changes what of its fields the route changes
     * @param room bytes that the caller may add to what is returned
     * @return the rendered head, not yet written, that a small body may follow; null when it is written
     */
    @Nullable
    ByteBuf head(
            ResponseHead head,
            Framing framing,
            ResponseRewrite.Connection connection,
            boolean chunksGoOn,
            HeaderChanges changes,
            int room);

    /** Body bytes, or a tunnel's. */
    void write(ByteBuf bytes);

    /** The response's body has gone on whole. */
    void end(@Nullable TrailerFields trailers);

    /** A whole response of our own, as HTTP/1.1 has it. */
    void answer(ByteBuf rendered);

    /** The exchange is over. */
    void exchangeEnded(boolean lasts, boolean unreadBody);

    /** Ends it once all that is written has gone out. */
    void close(boolean lingering);

    /** Ends it at once, so that a response that broke off is seen to have done so. */
    void abort();

    /** Gives it up as the server has: not for a fault of the response's. */
    default void cancel() {
        abort();
    }
}
