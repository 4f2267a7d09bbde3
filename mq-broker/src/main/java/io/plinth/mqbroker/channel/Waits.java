package io.plinth.mqbroker.channel;

import java.util.ArrayDeque;
import java.util.Deque;

/**
 * Owned by the connection's event loop. How long deliveries have waited to be acknowledged, as exactly as it is marked how far their tags
 * had come: a delivery itself costs nothing.
 */
public final class Waits {
    private record Mark(long tag, long nanos) {}

    private final Deque<Mark> marks = new ArrayDeque<>();

    /** Everything up to the tag has been delivered by now. */
    public void mark(long tag, long now) {
        if (marks.isEmpty() || marks.getLast().tag() < tag) {
            marks.addLast(new Mark(tag, now));
        }
    }

    /** Nothing below the tag waits any more. */
    public void forget(long oldest) {
        while (!marks.isEmpty() && marks.getFirst().tag() < oldest) {
            marks.removeFirst();
        }
    }

    /** For how long a delivery has waited at least. */
    public long nanos(long tag, long now) {
        for (Mark mark : marks) {
            if (mark.tag() >= tag) {
                return now - mark.nanos();
            }
        }
        return 0;
    }
}
