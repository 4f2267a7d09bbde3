package io.plinth.kvcache.wire;

import org.jspecify.annotations.Nullable;

/** Owned by one event loop: the one array its connections parse from in turn, so that an idle connection holds none. */
public final class ReadBuffers {
    static final int SIZE = 64 * 1024;

    private byte @Nullable [] spare = new byte[SIZE];

    byte[] take() {
        byte[] taken = spare;
        spare = null;
        return taken == null ? new byte[SIZE] : taken;
    }

    void give(byte[] buffer) {
        if (buffer.length == SIZE) {
            spare = buffer;
        }
    }
}
