package io.plinth.kvcache.session;

import io.plinth.kvcache.session.turn.ConnectionFacts;

/** What a client's state needs of its connection. */
public interface Outlet {
    /** Runs on the connection's loop: at once when called from there. */
    void run(Runnable task);

    /** Runs on the connection's loop, after what it does now. */
    void later(Runnable task);

    /** Runs on the connection's loop when this time has passed; the answer cancels it. */
    Runnable schedule(long millis, Runnable task);

    /** A blocking command has its reply: goes on with the commands that came after it. On the connection's loop. */
    void unblocked();

    /** Something was written outside the connection's own read; it is to be flushed soon. */
    void written();

    /** Whether a command of it, or its replies, wait for something other than the client. On the connection's loop. */
    boolean holds();

    /** Bytes handed over for sending and not sent. */
    long pending();

    /** A number that is another one when some of its replies were handed over or taken. */
    default long moved() {
        return pending();
    }

    /** What CLIENT LIST shows of it. From any thread. */
    default ConnectionFacts facts() {
        return ConnectionFacts.NONE;
    }

    /** Closes once what was written is sent, or soon where the client does not take it. From any thread. */
    void close();

    /** Closes at once: what waits to be sent is lost. From any thread. */
    void abort();
}
