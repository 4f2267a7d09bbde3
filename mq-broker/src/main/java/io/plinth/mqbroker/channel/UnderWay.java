package io.plinth.mqbroker.channel;

import io.plinth.mqbroker.wire.Method;
import java.util.ArrayDeque;
import java.util.Deque;
import org.jspecify.annotations.Nullable;

/** Owned by the connection's event loop. Methods of a channel that are under way together, answered in the order they came. */
public final class UnderWay {
    /** One of them. */
    public static final class Turn {
        private final @Nullable Method method;
        private final int octets;
        private @Nullable Runnable answer;

        private Turn(@Nullable Method method, int octets) {
            this.method = method;
            this.octets = octets;
        }

        public @Nullable Method method() {
            return method;
        }

        /** How it is answered, once those before it are. */
        public void answer(Runnable how) {
            answer = how;
        }
    }

    /** A turn whose answer is due. */
    public record Answered(@Nullable Method method, Runnable answer) {}

    private final Deque<Turn> turns = new ArrayDeque<>(0);
    private long octets;

    /** Puts a method of so many octets under way. */
    public Turn begin(@Nullable Method method, int of) {
        Turn turn = new Turn(method, of);
        octets += of;
        turns.addLast(turn);
        return turn;
    }

    /** The next that can be answered, which is under way no more; null where it has no answer yet. */
    public @Nullable Answered answered() {
        Turn first = turns.peekFirst();
        if (first == null || first.answer == null) {
            return null;
        }
        turns.removeFirst();
        octets -= first.octets;
        return new Answered(first.method, first.answer);
    }

    /** The method that began last, null where none is under way. */
    public @Nullable Method last() {
        Turn last = turns.peekLast();
        return last == null ? null : last.method;
    }

    public int size() {
        return turns.size();
    }

    public boolean isEmpty() {
        return turns.isEmpty();
    }

    /** How many octets all of them have. */
    public long octets() {
        return octets;
    }

    public void clear() {
        octets = 0;
        turns.clear();
    }
}
