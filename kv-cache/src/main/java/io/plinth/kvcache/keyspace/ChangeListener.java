package io.plinth.kvcache.keyspace;

import java.util.Arrays;

/** Reads the stream of changes. Called under the segment's lock, in the order of the segment's sequence; must not block. */
@FunctionalInterface
public interface ChangeListener {
    void changed(Change change);

    /** Databases were exchanged, as part of a transaction or 0; each database's number in records. All segments are locked. */
    default void exchanged(byte[] stored, long unit) {}

    /** All changes of a transaction were told; perhaps more than once, while its segments are still locked. */
    default void ended(long unit) {}

    /** Whether it may stop listening at any moment, so that what one command changes is to be told as a transaction, too. */
    default boolean wholeCommands() {
        return false;
    }

    /** The segment is visited for what is over; called now and then, not for a change. */
    default void visited(long nowMillis) {}

    /** Immutable: several of them. */
    final class All implements ChangeListener {
        static final All NONE = new All(new ChangeListener[0]);

        private final ChangeListener[] all;
        private final boolean wholeCommands;

        private All(ChangeListener[] all) {
            this.all = all;
            this.wholeCommands = Arrays.stream(all).anyMatch(ChangeListener::wholeCommands);
        }

        boolean any() {
            return all.length != 0;
        }

        All with(ChangeListener listener) {
            ChangeListener[] more = Arrays.copyOf(all, all.length + 1);
            more[all.length] = listener;
            return new All(more);
        }

        All without(ChangeListener listener) {
            return new All(
                    Arrays.stream(all).filter(other -> !other.equals(listener)).toArray(ChangeListener[]::new));
        }

        @Override
        public boolean wholeCommands() {
            return wholeCommands;
        }

        @Override
        public void changed(Change change) {
            for (ChangeListener listener : all) {
                listener.changed(change);
            }
        }

        @Override
        public void exchanged(byte[] stored, long unit) {
            for (ChangeListener listener : all) {
                listener.exchanged(stored, unit);
            }
        }

        @Override
        public void visited(long nowMillis) {
            for (ChangeListener listener : all) {
                listener.visited(nowMillis);
            }
        }

        @Override
        public void ended(long unit) {
            for (ChangeListener listener : all) {
                listener.ended(unit);
            }
        }
    }
}
