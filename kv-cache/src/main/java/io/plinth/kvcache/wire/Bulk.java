package io.plinth.kvcache.wire;

import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;

/** Bytes that can be written as a bulk from where they lie. */
public interface Bulk {
    /** How many. */
    int length();

    /** Writes them; there is room for them. */
    void writeTo(ByteBuf out);

    /** The same bytes, to be written when who is to get them takes them, and to be released; null where they are few enough to copy. */
    default @Nullable Lasting lasting() {
        return null;
    }
}
