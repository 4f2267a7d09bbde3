package io.plinth.deploy.bench.harness;

import io.plinth.deploy.process.Procfs;
import java.util.concurrent.locks.LockSupport;

/** Owned by its own thread until it is closed. The most memory a process and its descendants were seen to hold. */
final class PeakMemory implements AutoCloseable {
    private static final long EVERY_NANOS = 250_000_000;

    private final Thread watch;
    private volatile long most;
    private volatile boolean closed;

    PeakMemory(Process process) {
        Procfs procfs = Procfs.ofThisMachine();
        watch = Thread.ofVirtual().start(() -> {
            while (!closed) {
                most = Math.max(most, procfs.residentBytes(process.pid()));
                LockSupport.parkNanos(EVERY_NANOS);
            }
        });
    }

    long bytes() {
        return most;
    }

    @Override
    public void close() {
        closed = true;
        LockSupport.unpark(watch);
    }
}
