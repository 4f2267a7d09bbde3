package io.plinth.lbproxy.exchange;

import io.plinth.lbproxy.upstream.UpstreamConnection;
import org.jspecify.annotations.Nullable;

/** An exchange's connection to a server, or the one that is being made for it. Owned by the exchange's event loop. */
final class ServerLink {
    private @Nullable UpstreamConnection server;
    private @Nullable UpstreamConnection pending;

    /** One is being made. */
    void connecting(UpstreamConnection connection) {
        pending = connection;
    }

    boolean connecting() {
        return pending != null;
    }

    /** Whatever is being made is no longer wanted. */
    void abandon() {
        UpstreamConnection connection = pending;
        pending = null;
        if (connection != null) {
            connection.abandon();
        }
    }

    /** Here it is. */
    void use(UpstreamConnection connection) {
        pending = null;
        server = connection;
    }

    @Nullable
    UpstreamConnection server() {
        return server;
    }

    /** It closed, or could not be made. */
    void lost() {
        pending = null;
        server = null;
    }

    private @Nullable UpstreamConnection take() {
        UpstreamConnection connection = server;
        server = null;
        return connection;
    }

    /** Closes it; what was not sent is lost. */
    void drop() {
        UpstreamConnection connection = take();
        if (connection != null) {
            connection.discard();
        }
    }

    void closeAfterWriting() {
        UpstreamConnection connection = take();
        if (connection != null) {
            connection.closeAfterWriting();
        }
    }

    /** The exchange is whole: another may use it, or it is to be closed. */
    void giveBack(boolean lasts) {
        UpstreamConnection connection = take();
        if (connection != null && lasts) {
            connection.release();
        } else if (connection != null) {
            connection.discard();
        }
    }

    /** Whether the server takes bytes now. */
    boolean takes() {
        UpstreamConnection connection = server;
        return connection != null && connection.writable();
    }

    /** Whether there is a server and it takes no more for now. */
    boolean full() {
        UpstreamConnection connection = server;
        return connection != null && !connection.writable();
    }

    void read(boolean on) {
        UpstreamConnection connection = server;
        if (connection != null) {
            connection.read(on);
        }
    }

    void flush() {
        UpstreamConnection connection = server;
        if (connection != null) {
            connection.flush();
        }
    }
}
