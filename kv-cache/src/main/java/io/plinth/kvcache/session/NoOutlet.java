package io.plinth.kvcache.session;

/** Of a client without a connection, whose commands the node itself carries out: nobody waits for replies, nothing is timed. */
public final class NoOutlet implements Outlet {
    @Override
    public void run(Runnable task) {
        task.run();
    }

    @Override
    public void later(Runnable task) {
        task.run();
    }

    @Override
    public Runnable schedule(long millis, Runnable task) {
        return () -> {};
    }

    @Override
    public void unblocked() {}

    @Override
    public void written() {}

    @Override
    public boolean holds() {
        return false;
    }

    @Override
    public long pending() {
        return 0;
    }

    @Override
    public void close() {}

    @Override
    public void abort() {}
}
