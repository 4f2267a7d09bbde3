package io.plinth.kvcache.loader;

import io.plinth.kvcache.pattern.KeyName;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Guarded by itself: whose turn it is to write which key. All keys of a write are queued at once, so nobody waits in a circle. */
final class WriteTurns {
    private final Map<KeyName, ArrayDeque<WriteHold>> queues = new HashMap<>();
    /** By loader. */
    private final Map<LoaderPool, Integer> waiting = new HashMap<>();

    /** Queues a write for its keys; true where all are its now. */
    synchronized boolean enter(WriteHold write, Collection<KeyName> keys) {
        int ahead = 0;
        for (KeyName key : keys) {
            ArrayDeque<WriteHold> queue = queues.computeIfAbsent(key, k -> new ArrayDeque<>(2));
            ahead += queue.isEmpty() ? 0 : 1;
            queue.add(write);
        }
        write.ahead = ahead;
        waiting.merge(write.pool(), 1, Integer::sum);
        return ahead == 0;
    }

    /** A write is over; answers whose turn it is now. */
    synchronized List<WriteHold> leave(WriteHold write, Collection<KeyName> keys) {
        List<WriteHold> next = new ArrayList<>();
        for (KeyName key : keys) {
            ArrayDeque<WriteHold> queue = queues.get(key);
            if (queue == null) {
                continue;
            }
            queue.poll();
            WriteHold first = queue.peek();
            if (first == null) {
                queues.remove(key);
            } else if (--first.ahead == 0) {
                next.add(first);
            }
        }
        waiting.merge(write.pool(), -1, Integer::sum);
        return next;
    }

    /** A loader's writes under way and waiting. */
    synchronized int waiting(LoaderPool of) {
        return waiting.getOrDefault(of, 0);
    }
}
