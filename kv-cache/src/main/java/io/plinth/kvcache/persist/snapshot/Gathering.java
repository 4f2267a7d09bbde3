package io.plinth.kvcache.persist.snapshot;

import io.plinth.kvcache.keyspace.Change;
import io.plinth.kvcache.keyspace.ChangeListener;
import io.plinth.kvcache.persist.effect.ByteSink;
import io.plinth.kvcache.persist.effect.EffectCodec;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/** Guarded by its lock: the changes made while a snapshot is written, where no journal has them. */
final class Gathering implements ChangeListener {
    private final ReentrantLock lock = new ReentrantLock();
    private final long limit;
    private ByteSink records = new ByteSink();
    private ByteSink spare = new ByteSink();
    private final Condition taken = lock.newCondition();
    /** Somebody takes them who wants no segment meanwhile. */
    private boolean drained;

    private boolean over;
    private boolean full;

    Gathering(long limit) {
        this.limit = limit;
    }

    @Override
    public void changed(Change change) {
        lock.lock();
        try {
            if (change.isPiece()) {
                awaitTaken();
            }
            int at = begin();
            if (large(change)) {
                // Nor is it there in memory for a moment.
                full |= !over;
                records.cut(at);
                return;
            }
            EffectCodec.write(change, records);
            finish(at);
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void exchanged(byte[] stored, long unit) {
        lock.lock();
        try {
            int at = begin();
            EffectCodec.databases(stored, unit, records);
            finish(at);
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void ended(long unit) {
        lock.lock();
        try {
            int at = begin();
            EffectCodec.end(unit, records);
            finish(at);
        } finally {
            lock.unlock();
        }
    }

    @Override
    public boolean wholeCommands() {
        return true;
    }

    /**
     * Part of a long string waits until what is before it is taken, and so does its loop: else every string that is longer than what may be
     * kept would end the snapshot. Half of that is for what others change.
     */
    private void awaitTaken() {
        while (drained && !over && !full && records.size() > 0 && records.size() + Change.PIECE > limit / 2) {
            taken.awaitUninterruptibly();
        }
    }

    /** Whether somebody takes what comes, now and then, who holds no segment and waits for none: only then may who changes one wait. */
    void drained(boolean now) {
        lock.lock();
        try {
            drained = now;
            taken.signalAll();
        } finally {
            lock.unlock();
        }
    }

    private boolean large(Change change) {
        return change.content() != null && change.content().bytes() > limit;
    }

    private int begin() {
        int at = records.size();
        records.u4(0);
        return at;
    }

    private void finish(int at) {
        if (over || records.size() > limit) {
            full |= !over;
            records.cut(at);
        } else {
            records.u4(at, records.size() - at - 4);
        }
    }

    /** What came since the last time, to be used until the next; after the last of them nothing is taken. */
    ByteSink take(boolean last) {
        lock.lock();
        try {
            ByteSink some = records;
            records = spare;
            records.clear();
            spare = some;
            over |= last;
            taken.signalAll();
            return some;
        } finally {
            lock.unlock();
        }
    }

    /** Whether more came than may be kept in memory, so that the snapshot lacks some. */
    boolean full() {
        lock.lock();
        try {
            return full;
        } finally {
            lock.unlock();
        }
    }
}
