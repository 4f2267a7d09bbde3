package io.plinth.kvcache.loader.behind;

import java.io.IOException;

/** Where accepted writes go that their loader refuses for good. Called by the one thread that writes the queue. */
@FunctionalInterface
public interface SetAside {
    /** Keeps one, and returns once it is on the disk; false where it is dropped as there is no more room. */
    boolean keep(BehindWrite write, long acceptedMillis, String reason) throws IOException;
}
