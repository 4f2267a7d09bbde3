package io.plinth.kvcache.wire;

import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/**
 * Owned by one event loop: the one array its connections parse from in turn, so that an idle connection holds none; and some small
 * ones, for connections whose commands wait for one another.
 */
public final class ReadBuffers {
    /** What the one array holds. */
    public static final int SIZE = 64 * 1024;
    /** A read of at most so many bytes is small. */
    public static final int SMALL = 512;

    private static final int MOST_SMALL = 16;

    private byte @Nullable [] spare = new byte[SIZE];
    private final ArrayDeque<byte[]> small = new ArrayDeque<>(MOST_SMALL);

    /** The one array, or where somebody has it another one of its size. */
    public byte[] take() {
        byte[] taken = spare;
        spare = null;
        return taken == null ? new byte[SIZE] : taken;
    }

    /** An array for a small read. */
    public byte[] takeSmall() {
        byte[] taken = small.pollLast();
        return taken == null ? new byte[SMALL] : taken;
    }

    /** Gives an array back; nobody reads it any more. */
    public void give(byte[] buffer) {
        if (buffer.length == SIZE) {
            spare = buffer;
        } else if (buffer.length == SMALL && small.size() < MOST_SMALL) {
            small.addLast(buffer);
        }
    }
}
