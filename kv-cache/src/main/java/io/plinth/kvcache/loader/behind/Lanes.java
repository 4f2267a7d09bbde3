package io.plinth.kvcache.loader.behind;

import java.util.ArrayDeque;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Guarded by the queue's lock: how many writes each loader is busy with. More wait here, so that its threads are not all taken. */
final class Lanes {
    private static final long MINUTE = 60_000;

    private final Map<String, Lane> lanes = new HashMap<>();

    private static final class Lane {
        final ArrayDeque<BehindItem> waiting = new ArrayDeque<>();
        int busy;
        long bytes;
        /** When it was last said why it does not take writes. */
        @Nullable
        Long told;
    }

    private Lane lane(BehindItem item) {
        return lanes.computeIfAbsent(item.name.loader(), name -> new Lane());
    }

    /** Whether an item is handed on now; else it waits here. */
    boolean enter(BehindItem item, int most, long mostBytes) {
        Lane lane = lane(item);
        if (lane.busy >= most || (lane.busy > 0 && lane.bytes + item.size > mostBytes)) {
            lane.waiting.add(item);
            return false;
        }
        lane.busy++;
        item.underWay = item.size;
        lane.bytes += item.size;
        return true;
    }

    /** An attempt is over: who waited for it may try again. Answers whether there is anybody. */
    boolean leave(BehindItem item, int most, Collection<BehindItem> again) {
        Lane lane = lane(item);
        lane.busy--;
        lane.bytes -= item.underWay;
        int free = Math.min(most - lane.busy, lane.waiting.size());
        for (int i = 0; i < free; i++) {
            again.add(lane.waiting.remove());
        }
        return free > 0;
    }

    /** Whether it is time to say why an item is not handed on. */
    boolean tells(BehindItem item, long now) {
        Lane lane = lane(item);
        Long told = lane.told;
        if (told != null && now - told < MINUTE) {
            return false;
        }
        lane.told = now;
        return true;
    }
}
