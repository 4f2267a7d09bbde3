package io.plinth.kvcache.wire;

import java.util.concurrent.atomic.AtomicLong;

/** Shared by all connections: the memory of requests that are not complete and commands that wait for EXEC. */
public final class ClientMemory {
    private final AtomicLong used = new AtomicLong();
    private final long limit;

    public ClientMemory(long limit) {
        this.limit = limit;
    }

    /** Takes bytes; answers false, and takes none, when they are not there. */
    public boolean take(long bytes) {
        if (used.addAndGet(bytes) > limit) {
            used.addAndGet(-bytes);
            return false;
        }
        return true;
    }

    /** Gives bytes back. */
    public void give(long bytes) {
        used.addAndGet(-bytes);
    }

    /** What is taken. */
    public long used() {
        return used.get();
    }
}
