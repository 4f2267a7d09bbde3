package io.plinth.kvcache.session;

/** What a client's state needs of its connection. */
public interface Outlet {
    /** Runs on the connection's loop: at once when called from there. */
    void run(Runnable task);

    /** Something was written outside the connection's own read; it is to be flushed soon. */
    void written();

    /** Bytes handed over for sending and not sent. */
    long pending();

    /** Closes once what was written is sent, or soon where the client does not take it. From any thread. */
    void close();

    /** Closes at once: what waits to be sent is lost. From any thread. */
    void abort();
}
