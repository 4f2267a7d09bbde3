package io.plinth.kvcache.loader.behind;

import java.util.ArrayDeque;
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
        /** When it was last said why it does not take writes. */
        @Nullable
        Long told;
    }

    private Lane lane(BehindItem item) {
        return lanes.computeIfAbsent(item.name.loader(), name -> new Lane());
    }

    /** Whether an item is handed on now; else it waits here. */
    boolean enter(BehindItem item, int most) {
        Lane lane = lane(item);
        if (lane.busy >= most) {
            lane.waiting.add(item);
            return false;
        }
        lane.busy++;
        return true;
    }

    /** An attempt is over: the item that waited for it, or null. */
    @Nullable
    BehindItem leave(BehindItem item) {
        Lane lane = lane(item);
        lane.busy--;
        return lane.waiting.poll();
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
