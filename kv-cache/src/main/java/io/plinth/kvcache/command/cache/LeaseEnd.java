package io.plinth.kvcache.command.cache;

import io.plinth.kvcache.command.CommandExecutor;
import io.plinth.kvcache.keyspace.KeyRef;
import io.plinth.kvcache.keyspace.Segment;
import io.plinth.kvcache.keyspace.SegmentsHeldException;
import io.plinth.kvcache.pattern.SegmentMarks;
import io.plinth.kvcache.session.Outlet;

/** Owned by a client's loop: when a lease is over, who waits for it is looked at again. */
record LeaseEnd(CommandExecutor executor, Outlet outlet, Segment segment, SegmentMarks marks, KeyRef key)
        implements Runnable {
    private static final int RETRY_MILLIS = 2;

    @Override
    public void run() {
        try {
            executor.change(segment, () -> marks.wake(key));
        } catch (SegmentsHeldException e) {
            outlet.schedule(RETRY_MILLIS, this);
        }
    }
}
