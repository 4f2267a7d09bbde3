package io.plinth.mqbroker.queue.ready;

import java.util.BitSet;
import java.util.List;
import java.util.Objects;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Owned by its shard's loop. What of a queue is ready, a lane for each priority. */
final class Lanes {
    /** So many of higher priority come before one of the least, where they share. */
    private static final int ABOVE = 2;

    private final Lane[] lanes;
    /** Which lanes have something. */
    private final BitSet filled = new BitSet();

    private final boolean shared;
    /** Handed out one after the other while something of the least waited. */
    private int above;

    /**
     * For priorities up to {@code maxPriority}.
     *
     * @param shared whether those of the least are handed out, too, while there are others
     */
    Lanes(int maxPriority, boolean shared) {
        this.lanes = new Lane[maxPriority + 1];
        this.shared = shared;
    }

    /** Where messages of the priority go. */
    Lane of(int priority) {
        int at = Math.min(priority, lanes.length - 1);
        filled.set(at);
        Lane lane = lanes[at];
        if (lane == null) {
            lane = new Lane(new Paged(at));
            lanes[at] = lane;
        }
        return lane;
    }

    /** Which is handed out next, null where there is nothing. */
    @Nullable
    Lane top() {
        int at = filled.length() - 1;
        while (at >= 0 && lanes[at].isEmpty()) {
            filled.clear(at);
            at = filled.length() - 1;
        }
        if (at > 0 && shared && above >= ABOVE && lanes[0] != null && !lanes[0].isEmpty()) {
            at = 0;
        }
        return at < 0 ? null : lanes[at];
    }

    /** Which gives way first, null where there is nothing. */
    @Nullable
    Lane least() {
        int at = filled.nextSetBit(0);
        while (at >= 0 && lanes[at].isEmpty()) {
            filled.clear(at);
            at = filled.nextSetBit(at);
        }
        return at < 0 ? null : lanes[at];
    }

    /** Takes the head of the top, which must be there. */
    QueueEntry poll() {
        Lane lane = Objects.requireNonNull(top(), "head");
        above = lane == lanes[0] ? 0 : Math.min(ABOVE, above + 1);
        return lane.poll();
    }

    /** How many are in memory. */
    int size() {
        int size = 0;
        for (int at = filled.nextSetBit(0); at >= 0; at = filled.nextSetBit(at + 1)) {
            size += lanes[at].size();
        }
        return size;
    }

    /** How many are in the index only, but for what was purged. */
    long out() {
        long out = 0;
        for (int at = filled.nextSetBit(0); at >= 0; at = filled.nextSetBit(at + 1)) {
            Paged paged = lanes[at].paged();
            out += paged.purged() ? 0 : paged.count();
        }
        return out;
    }

    /** What the index has up to the change leaves memory, where it may; returns whether more will. */
    boolean pageOut(long upTo, Consumer<QueueEntry> left) {
        boolean more = false;
        for (Lane lane : lanes) {
            if (lane != null) {
                lane.pageOut(upTo, left);
                more |= lane.hasTail();
            }
        }
        return more;
    }

    /** Adds those without content, the next to be handed out first, until there are so many or so many octets of them. */
    void absent(List<QueueEntry> into, int most, long atMost) {
        Lane top = top();
        long left = top == null ? 0 : atMost - top.absent(into, most, atMost);
        for (int at = filled.length() - 1; at >= 0 && left > 0; at = filled.previousSetBit(at - 1)) {
            if (lanes[at] != top) {
                left -= lanes[at].absent(into, most, left);
            }
        }
    }

    /** Whether messages that are not in memory are still to be settled. */
    boolean purging() {
        for (Lane lane : lanes) {
            if (lane != null && lane.paged().purged()) {
                return true;
            }
        }
        return false;
    }

    void forEach(Consumer<Lane> each) {
        for (Lane lane : lanes) {
            if (lane != null) {
                each.accept(lane);
            }
        }
    }
}
