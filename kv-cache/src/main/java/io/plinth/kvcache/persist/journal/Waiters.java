package io.plinth.kvcache.persist.journal;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;

/** Guarded by the journal's lock: who waits until changes are on disk. */
final class Waiters {
    private record Waiter(long position, Runnable then) {}

    private final List<Waiter> all = new ArrayList<>();

    void add(long position, Runnable then) {
        all.add(new Waiter(position, then));
    }

    /** Takes away those whose position is reached, to be run without the lock. */
    List<Runnable> take(long upto) {
        List<Runnable> taken = new ArrayList<>();
        for (Iterator<Waiter> left = all.iterator(); left.hasNext(); ) {
            Waiter waiter = left.next();
            if (waiter.position <= upto) {
                left.remove();
                taken.add(waiter.then);
            }
        }
        return taken;
    }
}
