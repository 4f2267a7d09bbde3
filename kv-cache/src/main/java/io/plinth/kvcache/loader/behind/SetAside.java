package io.plinth.kvcache.loader.behind;

import java.io.IOException;
import java.util.List;

/** Where accepted writes go that their loader refuses for good. Called by the one thread that writes the queue. */
@FunctionalInterface
public interface SetAside {
    /** A write that was refused. */
    record Refused(BehindWrite write, long acceptedMillis, String reason) {}

    /** Keeps some, and returns once they are on the disk; says of each whether it is: others are dropped as there is no more room. */
    boolean[] keep(List<Refused> refused) throws IOException;
}
