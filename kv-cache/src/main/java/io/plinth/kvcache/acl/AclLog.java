package io.plinth.kvcache.acl;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.locks.ReentrantLock;

/** Guarded by its own lock: what was denied, the latest first. */
public final class AclLog {
    /** Redis's acllog-max-len. */
    private static final int LENGTH = 128;

    private static final long SAME_MILLIS = 60_000;
    /** As in Redis, one is counted with one like it of the latest ten. */
    private static final int LOOKED_AT = 10;

    private final ReentrantLock lock = new ReentrantLock();
    private final ArrayDeque<Denial> denials = new ArrayDeque<>();
    private final ConcurrentMap<Verdict.Denied, Long> counts = new ConcurrentHashMap<>();
    private long ids;

    /** One thing denied, perhaps several times. */
    public record Denial(
            long id,
            long count,
            String reason,
            String context,
            String object,
            String user,
            long created,
            long updated,
            String client) {
        private boolean same(Denial other) {
            return reason.equals(other.reason)
                    && context.equals(other.context)
                    && object.equals(other.object)
                    && user.equals(other.user)
                    && other.updated - updated <= SAME_MILLIS;
        }
    }

    /** Adds a denial, or counts it with one like it of the last minute. */
    public void add(Verdict.Denied denied, String context, String object, String user, long nowMillis, String client) {
        counts.merge(denied, 1L, Long::sum);
        String reason = denied.label();
        lock.lock();
        try {
            Denial next = new Denial(ids, 1, reason, context, object, user, nowMillis, nowMillis, client);
            Iterator<Denial> each = denials.iterator();
            for (int i = 0; i < LOOKED_AT && each.hasNext(); i++) {
                Denial old = each.next();
                if (old.same(next)) {
                    each.remove();
                    denials.addFirst(new Denial(
                            old.id, old.count + 1, reason, context, object, user, old.created, nowMillis, client));
                    return;
                }
            }
            ids++;
            denials.addFirst(next);
            if (denials.size() > LENGTH) {
                denials.removeLast();
            }
        } finally {
            lock.unlock();
        }
    }

    /** How often something was denied since the start. */
    public long denied(Verdict.Denied reason) {
        return counts.getOrDefault(reason, 0L);
    }

    /** The latest ones. */
    public List<Denial> latest(int count) {
        lock.lock();
        try {
            return new ArrayList<>(denials).subList(0, Math.min(count, denials.size()));
        } finally {
            lock.unlock();
        }
    }

    /** Forgets all. */
    public void clear() {
        lock.lock();
        try {
            denials.clear();
        } finally {
            lock.unlock();
        }
    }
}
