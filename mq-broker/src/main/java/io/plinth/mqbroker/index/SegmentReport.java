package io.plinth.mqbroker.index;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Why a segment of a shard's log is there.
 *
 * @param bytes how long it is
 * @param current whether it is being written
 * @param last whether it is kept although it may be empty, so that numbers count on
 * @param behindOlder whether an older one is still there: segments go oldest first
 * @param live messages in it that are not settled, by queue
 * @param oldest the first of them, null where nobody looked or there is none
 */
public record SegmentReport(
        int shard,
        int segment,
        long bytes,
        boolean current,
        boolean last,
        boolean behindOlder,
        Map<Long, Holding> live,
        @Nullable Oldest oldest) {
    /** The first live message of a segment. */
    public record Oldest(long queueId, long id) {}

    public SegmentReport {
        live = Map.copyOf(live);
    }

    SegmentReport with(@Nullable Oldest found) {
        return new SegmentReport(shard, segment, bytes, current, last, behindOlder, live, found);
    }
}
