package io.plinth.kvcache.keyspace;

import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.locks.ReentrantLock;

/** Shared by all threads: what is to be done under a segment's lock and was put off because somebody else had it. */
final class PutOff {
    private final Queue<Runnable> actions = new ConcurrentLinkedQueue<>();

    /** Does it now where nobody else has the lock; puts it off where somebody has. */
    void soon(ReentrantLock lock, Runnable action) {
        if (!lock.tryLock()) {
            actions.add(action);
            return;
        }
        try {
            action.run();
        } finally {
            lock.unlock();
        }
    }

    /** Does what was put off, with the lock held. */
    void run() {
        for (Runnable action = actions.poll(); action != null; action = actions.poll()) {
            action.run();
        }
    }
}
