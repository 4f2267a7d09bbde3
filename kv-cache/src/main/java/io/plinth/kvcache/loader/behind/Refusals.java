package io.plinth.kvcache.loader.behind;

import io.plinth.kvcache.loader.behind.BehindBatch.Done;
import java.io.IOException;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Owned by the thread that writes the queue: brings what loaders refused for good out of it. */
final class Refusals {
    private static final Logger LOG = LoggerFactory.getLogger(Refusals.class);
    private static final long TELL_MILLIS = 60_000;

    private final BehindStore store;
    private final SetAside aside;
    private final BehindCounts counts;
    private final Clock clock;
    private long tellFrom;

    Refusals(BehindStore store, SetAside aside, BehindCounts counts, Clock clock) {
        this.store = store;
        this.aside = aside;
        this.counts = counts;
        this.clock = clock;
    }

    /** What came of the refused ones: what could not be kept elsewhere stays in the queue. */
    record Kept(List<Done> staying, Map<BehindItem, BehindWrite> refused) {
        /** Tells of those the queue has nothing newer of. */
        void refused(Collection<BehindItem> gone, Hands hands) {
            if (refused.isEmpty()) {
                return;
            }
            for (BehindItem item : gone) {
                BehindWrite write = refused.remove(item);
                if (write != null) {
                    hands.refused(write);
                }
            }
        }
    }

    /** Keeps elsewhere what of these was refused; what cannot be kept is taken out of them. */
    Kept keep(List<Done> ended) {
        List<Done> refused = new ArrayList<>();
        List<SetAside.Refused> writes = new ArrayList<>();
        Kept kept = new Kept(new ArrayList<>(), new HashMap<>());
        try {
            for (Done done : ended) {
                BehindRecord record = done.refused() == null ? null : last(done);
                if (record != null) {
                    refused.add(done);
                    writes.add(new SetAside.Refused(
                            record.write(), record.acceptedMillis(), String.valueOf(done.refused())));
                }
            }
            boolean[] there = writes.isEmpty() ? new boolean[0] : aside.keep(writes);
            for (int i = 0; i < there.length; i++) {
                (there[i] ? counts.setAside : counts.dropped).increment();
                tell(writes.get(i), there[i]);
                kept.refused.put(refused.get(i).item(), writes.get(i).write());
            }
        } catch (IOException | RuntimeException | Error e) {
            LOG.error("writes that were refused for good cannot be set aside; they stay in the queue", e);
            for (Iterator<Done> each = ended.iterator(); each.hasNext(); ) {
                Done done = each.next();
                if (done.refused() != null) {
                    each.remove();
                    kept.staying.add(done);
                }
            }
        }
        return kept;
    }

    /** What the store has of it; null where a later write of the key has taken its place. */
    private @Nullable BehindRecord last(Done done) throws IOException {
        byte[] key = done.item().name.recordKey();
        byte[] body = store.get(key);
        BehindRecord record = body == null ? null : BehindRecord.read(key, body);
        return record == null || record.number() != done.number() ? null : record;
    }

    private void tell(SetAside.Refused refused, boolean kept) {
        if (clock.millis() < tellFrom) {
            return;
        }
        tellFrom = clock.millis() + TELL_MILLIS;
        LOG.warn(
                "loader {} refuses an accepted write for good, {}: {}; since the start {} were set aside, {} dropped",
                refused.write().loader(),
                kept ? "which is set aside" : "which is dropped, as behind.refused-bytes are used up",
                refused.reason(),
                counts.setAside(),
                counts.dropped());
    }
}
