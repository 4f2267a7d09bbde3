package io.plinth.kvcache.keyspace.stream;

import io.plinth.kvcache.keyspace.memory.Blocks;
import org.jspecify.annotations.Nullable;

/** Guarded by its key's segment lock: what the groups of one stream share: where their memory is from, and how much they have. */
public final class PendingMemory {
    /** Null while no segment has the stream. */
    @Nullable
    Blocks blocks;

    /** Whether something is on the heap though a segment has the stream, as there was no room. */
    boolean outside;

    private long bytes;

    /** What they take, objects included. */
    public long bytes() {
        return bytes;
    }

    void took(long more) {
        bytes += more;
    }

    /** They belong to a segment; answers whether something is to be moved. */
    public boolean settled(Blocks to) {
        boolean moves = blocks == null || outside;
        if (blocks == null) {
            blocks = to;
        }
        outside = false;
        return moves;
    }

    /** They belong to none. */
    public void left() {
        blocks = null;
        outside = false;
    }
}
