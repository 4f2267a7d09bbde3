package io.plinth.kvcache.keyspace.write;

import org.jspecify.annotations.Nullable;

/** What connections ask of a journal before they tell a client that its write was made. From any thread. */
public interface Durability {
    /** For a node without a journal, or one whose clients do not wait for the disk. */
    Durability NONE = new Durability() {
        @Override
        public long position() {
            return 0;
        }

        @Override
        public boolean reached(long position) {
            return true;
        }

        @Override
        public void whenReached(long position, Runnable then) {
            then.run();
        }

        @Override
        public @Nullable String refusal() {
            return null;
        }

        @Override
        public boolean fails() {
            return false;
        }
    };

    /** Grows with each change that clients have to wait for. */
    long position();

    /** Whether the changes up to a position are on disk. */
    boolean reached(long position);

    /** Runs once they are, or never can be; on a thread of the journal. */
    void whenReached(long position, Runnable then);

    /** What writing commands are answered, in Redis's words; null while they are taken. */
    @Nullable
    String refusal();

    /** Whether they are refused since the disk takes nothing, not since it is slow: then PING is refused, too, as Redis does. */
    boolean fails();
}
