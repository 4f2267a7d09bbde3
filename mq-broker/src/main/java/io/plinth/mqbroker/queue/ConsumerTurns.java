package io.plinth.mqbroker.queue;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Owned by its shard's loop. The consumers of one queue, and whose turn it is. */
final class ConsumerTurns {
    /** Higher priorities stand first. */
    private final List<Subscription> consumers = new ArrayList<>();

    private @Nullable Subscription active;
    private int turn;

    List<Subscription> all() {
        return consumers;
    }

    boolean isEmpty() {
        return consumers.isEmpty();
    }

    boolean exclusive() {
        return consumers.size() == 1 && consumers.getFirst().exclusive;
    }

    void subscribe(Subscription subscription) {
        int at = 0;
        while (at < consumers.size() && consumers.get(at).priority >= subscription.priority) {
            at++;
        }
        consumers.add(at, subscription);
        elect();
    }

    /** Removes a consumer; false where it is not there. */
    boolean unsubscribe(ChannelHandle channel, @Nullable String tag) {
        boolean removed = consumers.removeIf(c -> c.channel == channel && (tag == null || c.tag.equals(tag)));
        elect();
        return removed;
    }

    /** The one active consumer stays while it is there, then it is the first of the others. */
    private void elect() {
        if (active == null || !consumers.contains(active)) {
            active = consumers.isEmpty() ? null : consumers.getFirst();
        }
    }

    /** The next with room, in turn within one priority, higher priorities first; or null. */
    @Nullable
    Subscription next(int size, boolean scarce) {
        int count = consumers.size();
        int from = 0;
        while (from < count) {
            int priority = consumers.get(from).priority;
            int to = from + 1;
            while (to < count && consumers.get(to).priority == priority) {
                to++;
            }
            for (int i = 0; i < to - from; i++) {
                Subscription candidate = consumers.get(from + Math.floorMod(turn + i, to - from));
                if (candidate.tryTake(size, scarce)) {
                    turn += i + 1;
                    return candidate;
                }
            }
            from = to;
        }
        return null;
    }

    /** The one active consumer, or null where it has no room. */
    @Nullable
    Subscription nextOfOne(int size, boolean scarce) {
        return active != null && active.tryTake(size, scarce) ? active : null;
    }

    /** The one that gets messages, of a queue with a single active consumer. */
    @Nullable
    Subscription active() {
        return active;
    }
}
