package io.plinth.kvcache.pattern;

import io.plinth.kvcache.keyspace.Change;
import io.plinth.kvcache.keyspace.Entry;
import io.plinth.kvcache.keyspace.KeyRef;
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
    private static final int SECOND_CHANCES = 16;
    private static final long HASH = 0xffff_ffffL;

    private final Keyspace keyspace;
    private volatile Patterns patterns = Patterns.NONE;
    private volatile int hand;

    public Quotas(Keyspace keyspace) {
        this.keyspace = keyspace;
    }

    private final class SegmentQuotas implements Charges {
        private final int index;
        private final Map<PatternRule, HashQueue> queues = new HashMap<>();

        SegmentQuotas(int index) {
            this.index = index;
        }

        @Override
        public void charge(Records records, int hash, int handle, long delta, int added) {
            byte[] key = records.key(handle);
            PatternRule rule = patterns.match(records.db(handle), key, 0, key.length);
            if (rule == null || !rule.hasQuota()) {
                return;
            }
            rule.counts().bytes.addAndGet(delta);
            if (added != 0) {
                rule.counts().keys.addAndGet(added);
                HashQueue queue = queues.computeIfAbsent(rule, r -> new HashQueue());
                queue.live += added;
                if (added > 0) {
                    queue.push(hash);
                    if (queue.count() > 2 * queue.live + SLACK) {
                        tidy(rule, queue);
                    }
                }
            }
        }

        /** Forgets hashes whose keys went. */
        private void tidy(PatternRule rule, HashQueue queue) {
            KeyRef ref = new KeyRef();
            queue.clear();
            keyspace.at(index).forEach(entry -> {
                byte[] key = entry.key();
                if (rule.equals(patterns.match(entry.db(), key, 0, key.length))) {
                    queue.push(ref.set(keyspace.hasher(), entry.db(), key, 0, key.length)
                            .hash());
                }
            });
        }

        void countAll() {
            KeyRef ref = new KeyRef();
            keyspace.at(index).forEach(entry -> {
                byte[] key = entry.key();
                PatternRule rule = patterns.match(entry.db(), key, 0, key.length);
                if (rule != null && rule.hasQuota()) {
                    rule.counts().bytes.addAndGet(entry.bytes());
                    rule.counts().keys.incrementAndGet();
                    HashQueue queue = queues.computeIfAbsent(rule, r -> new HashQueue());
                    queue.live++;
                    queue.push(ref.set(keyspace.hasher(), entry.db(), key, 0, key.length)
                            .hash());
                }
            });
        }
    }

    private final @Nullable SegmentQuotas[] segments = new SegmentQuotas[Keyspace.SEGMENTS];

    /** Counts by these rules from now on; what is there is counted anew. */
    public void patterns(Patterns next) {
        boolean counted = patterns.quotas() || next.quotas();
        patterns = next;
        if (!counted) {
            return;
        }
        next.rules().forEach(rule -> {
            rule.counts().bytes.set(0);
            rule.counts().keys.set(0);
        });
        for (int i = 0; i < segments.length; i++) {
            recount(i, next.quotas());
        }
    }

    private void recount(int index, boolean wanted) {
        Segment segment = keyspace.at(index);
        SegmentQuotas quotas = new SegmentQuotas(index);
        segment.lock();
        try {
            segments[index] = quotas;
            keyspace.charges(index, wanted ? quotas : null);
            if (wanted) {
                quotas.countAll();
            }
        } finally {
            segment.unlock();
        }
    }

    /** Makes room for so many bytes within a rule's quota; false where there is none. Without a lock, or with some. */
    public boolean makeRoom(PatternRule rule, long more) {
        if (fits(rule, more)) {
            return true;
        }
        if (rule.refuses()) {
            rule.counts().quotaRefused.increment();
            return false;
        }
        for (int visits = 0; visits < 2 * segments.length && !fits(rule, more); visits++) {
            int index = hand;
            hand = index + 1 & segments.length - 1;
            Segment segment = keyspace.at(index);
            if (segment.tryLock()) {
                try {
                    evict(segments[index], index, rule, more);
                } finally {
                    segment.unlock();
                }
            }
        }
        boolean made = fits(rule, more);
        if (!made) {
            rule.counts().quotaRefused.increment();
        }
        return made;
    }

    private static boolean fits(PatternRule rule, long more) {
        return rule.counts().bytes.get() + more <= rule.quotaBytes()
                && rule.counts().keys.get() < rule.quotaKeys();
    }

    /** Evicts one key of the rule where this segment has one. */
    private void evict(@Nullable SegmentQuotas quotas, int index, PatternRule rule, long more) {
        HashQueue queue = quotas == null ? null : quotas.queues.get(rule);
        int tries = queue == null ? 0 : Math.min(queue.count(), SECOND_CHANCES + SLACK);
        for (int i = 0; queue != null && i < tries && !fits(rule, more); i++) {
            int hash = queue.pop();
            Entry entry = find(index, hash, rule);
            if (entry == null) {
                continue;
            }
            if (entry.frequency() > 0 && i < SECOND_CHANCES && queue.count() > 0) {
                queue.push(hash);
                continue;
            }
            keyspace.at(index).remove(entry, Change.Kind.EVICTED);
            rule.counts().quotaEvicted.increment();
            return;
        }
    }

    private @Nullable Entry find(int index, int hash, PatternRule rule) {
        @Nullable Entry[] found = new Entry[1];
        keyspace.walk(index, hash & HASH, entry -> {
            if (found[0] == null) {
                byte[] key = entry.key();
                if (rule.fits(entry.db(), key, 0, key.length)) {
                    found[0] = entry;
                }
            }
        });
        return found[0];
    }
}
