package io.plinth.kvcache.loader.behind;

import io.plinth.kvcache.loader.behind.BehindBatch.Done;
import java.io.IOException;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
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

    /** Keeps elsewhere what of these was refused. What cannot be kept is taken out of them, and answered: it stays in the queue. */
    List<BehindItem> keep(List<Done> ended, Hands hands) {
        List<BehindItem> staying = new ArrayList<>();
        for (Iterator<Done> each = ended.iterator(); each.hasNext(); ) {
            Done done = each.next();
            try {
                String reason = done.refused();
                if (reason != null) {
                    keep(done, reason, hands);
                }
            } catch (IOException | RuntimeException | Error e) {
                LOG.error("a write that was refused for good cannot be set aside; it stays in the queue", e);
                each.remove();
                staying.add(done.item());
            }
        }
        return staying;
    }

    private void keep(Done done, String reason, Hands hands) throws IOException {
        byte[] key = done.item().name.recordKey();
        byte[] body = store.get(key);
        BehindRecord record = body == null ? null : BehindRecord.read(key, body);
        if (record == null || record.number() != done.number()) {
            // A later write of the key has taken its place.
            return;
        }
        boolean kept = aside.keep(record.write(), record.acceptedMillis(), reason);
        (kept ? counts.setAside : counts.dropped).increment();
        if (clock.millis() >= tellFrom) {
            tellFrom = clock.millis() + TELL_MILLIS;
            LOG.warn(
                    "loader {} refuses an accepted write for good, {}: {}; since the start {} were set aside, {}"
                            + " dropped",
                    record.write().loader(),
                    kept ? "which is set aside" : "which is dropped, as behind.refused-bytes are used up",
                    reason,
                    counts.setAside(),
                    counts.dropped());
        }
        hands.refused(record.write());
    }
}
