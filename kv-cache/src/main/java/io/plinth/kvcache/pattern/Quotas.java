package io.plinth.kvcache.pattern;

import io.plinth.kvcache.keyspace.Change;
import io.plinth.kvcache.keyspace.Entry;
import io.plinth.kvcache.keyspace.Keyspace;
import io.plinth.kvcache.keyspace.Segment;
import io.plinth.kvcache.keyspace.store.Records;
import io.plinth.kvcache.keyspace.write.Charges;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What the keys of patterns with quotas take, and which of them goes first: in each segment the oldest that was not used since, by
 * queues of hashes. Queues are guarded by their segments' locks.
 */
public final class Quotas {
    private static final int SLACK = 64;
    /** Of a quota that was made smaller no write evicts all that is too much. */
    private static final int ENOUGH = 512;

    private static final int SECOND_CHANCES = 16;
    private static final long HASH = 0xffff_ffffL;

    private final Keyspace keyspace;
    private volatile Patterns patterns = Patterns.NONE;
    private volatile int hand;

    public Quotas(Keyspace keyspace) {
        this.keyspace = keyspace;
    }

    /** Guarded by its segment's lock: what the keys of the segment take by the rules of one configuration. */
    private final class SegmentQuotas implements Charges {
        private final int index;
        private final Patterns rules;
        private final Map<PatternRule, HashQueue> queues = new HashMap<>();

        SegmentQuotas(int index, Patterns rules) {
            this.index = index;
            this.rules = rules;
        }

        @Override
        public void charge(Records records, int hash, int handle, long delta, int added) {
            byte[] key = records.keys().copy(handle);
            PatternRule rule = rules.match(records.db(handle), key, 0, key.length);
            if (rule != null && rule.hasQuota()) {
                charge(rule, hash, delta, added);
            }
        }

        private void charge(PatternRule rule, int hash, long delta, int added) {
            HashQueue queue = queues.computeIfAbsent(rule, r -> new HashQueue());
            queue.bytes += delta;
            rule.counts().bytes.addAndGet(delta);
            if (added != 0) {
                rule.counts().keys.addAndGet(added);
                queue.live += added;
            }
            if (added > 0) {
                queue.push(hash);
                if (queue.count() > 2 * queue.live + SLACK) {
                    queue.keep(each -> find(each, rule) != null);
                }
            }
        }

        void countAll() {
            keyspace.at(index).forEach(entry -> {
                PatternRule rule = rule(entry);
                if (rule != null && rule.hasQuota()) {
                    charge(rule, entry.keyHash(), entry.bytes(), 1);
                }
            });
        }

        /** Takes what was counted here off the sums. */
        void forget() {
            queues.forEach((rule, queue) -> {
                rule.counts().bytes.addAndGet(-queue.bytes);
                rule.counts().keys.addAndGet(-queue.live);
            });
        }

        private @Nullable PatternRule rule(Entry entry) {
            byte[] key = entry.key();
            return rules.match(entry.db(), key, 0, key.length);
        }

        /** A key of the rule with this hash. */
        private @Nullable Entry find(int hash, PatternRule rule) {
            @Nullable Entry[] found = new Entry[1];
            keyspace.walk(index, hash & HASH, entry -> {
                if (found[0] == null && entry.keyHash() == hash && rule.equals(rule(entry))) {
                    found[0] = entry.kept();
                }
            });
            return found[0];
        }

        /** Evicts one key of the rule where there is one; answers what it took. */
        long evict(PatternRule rule) {
            HashQueue queue = queues.get(rule);
            int chances = queue == null ? 0 : Math.min(SECOND_CHANCES, queue.live - 1);
            for (int i = 0; queue != null && queue.count() > 0 && i < SECOND_CHANCES + SLACK; i++) {
                int hash = queue.pop();
                Entry entry = find(hash, rule);
                if (entry == null) {
                    continue;
                }
                if (entry.frequency() > 0 && chances > 0) {
                    chances--;
                    queue.push(hash);
                    continue;
                }
                long bytes = entry.bytes();
                keyspace.at(index).remove(entry, Change.Kind.EVICTED);
                rule.counts().quotaEvicted.increment();
                return bytes;
            }
            return 0;
        }
    }

    private final @Nullable SegmentQuotas[] segments = new SegmentQuotas[Keyspace.SEGMENTS];

    /** Counts by these rules from now on; what is there is counted anew, segment by segment. Waits for nothing. */
    public void patterns(Patterns next) {
        boolean counted = patterns.quotas() || next.quotas();
        patterns = next;
        for (int i = 0; counted && i < segments.length; i++) {
            int index = i;
            keyspace.at(index).soon(() -> recount(index));
        }
    }

    /** Two databases were exchanged, and all segments are locked: what patterns have a quota for are other keys now. */
    public void exchanged(int one, int other) {
        if (patterns.quotas(one, other)) {
            for (int i = 0; i < segments.length; i++) {
                countAnew(i);
            }
        }
    }

    private void recount(int index) {
        SegmentQuotas before = segments[index];
        if (before == null || !before.rules.equals(patterns)) {
            countAnew(index);
        }
    }

    private void countAnew(int index) {
        Patterns now = patterns;
        SegmentQuotas before = segments[index];
        if (before != null) {
            before.forget();
        }
        SegmentQuotas next = now.quotas() ? new SegmentQuotas(index, now) : null;
        segments[index] = next;
        keyspace.charges(index, next);
        if (next != null) {
            next.countAll();
        }
    }

    /** Makes room for so much within a rule's quota; false where there is none. Without a lock, or with some. */
    public boolean makeRoom(PatternRule rule, long bytes, long keys) {
        if (fits(rule, bytes, keys)) {
            return true;
        }
        boolean never = bytes > rule.quotaBytes() || keys > rule.quotaKeys();
        if (!never && !rule.refuses() && evict(rule, bytes, keys)) {
            return true;
        }
        rule.counts().quotaRefused.increment();
        return false;
    }

    private static boolean fits(PatternRule rule, long bytes, long keys) {
        return rule.counts().bytes.get() + bytes <= rule.quotaBytes()
                && rule.counts().keys.get() + keys <= rule.quotaKeys();
    }

    /** Until all fits, or a good deal more went than comes: then there is less of it from write to write. */
    private boolean evict(PatternRule rule, long bytes, long keys) {
        long freed = 0;
        long gone = 0;
        int idle = 0;
        while (idle < 2 * segments.length && !fits(rule, bytes, keys)) {
            if (gone >= ENOUGH && gone > 2 * keys && freed > 2 * bytes) {
                return true;
            }
            int index = hand;
            hand = index + 1 & segments.length - 1;
            long went = evictAt(index, rule);
            freed += went;
            gone += went > 0 ? 1 : 0;
            idle = went > 0 ? 0 : idle + 1;
        }
        return fits(rule, bytes, keys);
    }

    private long evictAt(int index, PatternRule rule) {
        Segment segment = keyspace.at(index);
        if (!segment.tryLock()) {
            return 0;
        }
        try {
            SegmentQuotas quotas = segments[index];
            return quotas == null ? 0 : quotas.evict(rule);
        } finally {
            segment.unlock();
        }
    }
}
