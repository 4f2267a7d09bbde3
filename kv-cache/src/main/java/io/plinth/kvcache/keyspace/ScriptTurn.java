package io.plinth.kvcache.keyspace;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Shared by all loops: the turn that a script takes before its first write or before a key it did not declare cannot be had at
 * once. Only who has the turn may wait for a segment while it holds others; everybody else lets go of what he holds before he
 * waits. So nobody waits in a circle, and a script can take segments in any order. Who empties databases segment by segment, or
 * exchanges two, takes it, too, so that neither comes into the middle of the other.
 */
public final class ScriptTurn {
    private final ReentrantLock lock = new ReentrantLock();
    private volatile boolean lengthy;
    private volatile boolean busy;

    /** Takes the turn where that needs no waiting. */
    public boolean tryTake() {
        return lock.tryLock();
    }

    /** Takes the turn; {@link SegmentsHeldException} where that takes long. Held segments: none. */
    public void take() {
        acquire(lock);
    }

    /** Takes the turn however long that takes. Not for event loops. */
    public void await() {
        lock.lock();
    }

    /** Gives it back. */
    public void give() {
        if (lock.getHoldCount() == 1) {
            lengthy = false;
            busy = false;
        }
        lock.unlock();
    }

    /** Whether this thread has it. */
    public boolean mine() {
        return lock.isHeldByCurrentThread();
    }

    /** Whoever's turn it is takes long: event loops no longer wait for what it holds. */
    public void lengthy() {
        lengthy = true;
    }

    /** It takes so long that others are told so. */
    public void busy(boolean yes) {
        busy = yes;
    }

    /** Whether clients are to be told that a script runs. */
    public boolean busy() {
        return busy;
    }

    void acquire(ReentrantLock wanted) {
        if (wanted.tryLock()) {
            return;
        }
        try {
            while (!wanted.tryLock(1, TimeUnit.MILLISECONDS)) {
                if (lengthy && !lock.isHeldByCurrentThread()) {
                    throw new SegmentsHeldException();
                }
            }
        } catch (InterruptedException e) {
            wanted.lock();
            Thread.currentThread().interrupt();
        }
    }
}
