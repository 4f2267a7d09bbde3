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

        boolean fits(BehindItem item, int most, long mostBytes) {
            return busy == 0 || (busy < most && bytes + item.size <= mostBytes);
        }

        void take(BehindItem item) {
            busy++;
            item.underWay = item.size;
            bytes += item.underWay;
        }
    }

    private Lane lane(BehindItem item) {
        return lanes.computeIfAbsent(item.name.loader(), name -> new Lane());
    }

    /** Whether an item is handed on now; else it waits here, behind those that wait. */
    boolean enter(BehindItem item, int most, long mostBytes) {
        if (item.admitted) {
            item.admitted = false;
            return true;
        }
        Lane lane = lane(item);
        if (!lane.waiting.isEmpty() || !lane.fits(item, most, mostBytes)) {
            lane.waiting.add(item);
            return false;
        }
        lane.take(item);
        return true;
    }

    /** An attempt is over: those who waited first for it may begin. Answers whether there is anybody. */
    boolean leave(BehindItem item, int most, long mostBytes, Collection<BehindItem> again) {
        Lane lane = lane(item);
        lane.busy--;
        lane.bytes -= item.underWay;
        boolean any = false;
        // Nobody overtakes: else a large one would wait for as long as small ones come.
        for (BehindItem first = lane.waiting.peek();
                first != null && lane.fits(first, most, mostBytes);
                first = lane.waiting.peek()) {
            lane.waiting.remove();
            lane.take(first);
            first.admitted = true;
            again.add(first);
            any = true;
        }
        return any;
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
