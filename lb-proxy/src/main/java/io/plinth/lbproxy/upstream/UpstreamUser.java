package io.plinth.lbproxy.upstream;

import io.netty.buffer.ByteBuf;

/** Who asked for a connection to a server and uses it. Every call comes on the loop it asked on. */
public interface UpstreamUser {
    /** What it asks of the pick. */
    Pick pick();

    /** One is being made; {@link UpstreamConnection#abandon} it when it is no longer wanted. */
    void connecting(UpstreamConnection connection);

    /** Here is one; also called before {@link LoopPool#acquire} returns. */
    void connected(UpstreamConnection connection);

    /** The server could not be reached; it is ejected already. */
    void connectFailed(ServerLane lane, String why);

    /** No connection, and none will come. */
    void refused(Refusal why);

    /** Bytes from the server; whoever calls releases them. */
    void responseBytes(ByteBuf in);

    /** The read that brought them is over: time to flush. */
    void responsePause();

    /** The server answers no more. */
    void serverClosed(Ending how);

    /** The server takes bytes again, or takes no more for now. */
    void serverWritable(boolean writable);
}
