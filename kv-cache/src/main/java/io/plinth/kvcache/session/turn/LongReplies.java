package io.plinth.kvcache.session.turn;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.plinth.kvcache.wire.Lasting;
import io.plinth.kvcache.wire.ReplyWriter;
import java.util.ArrayDeque;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Owned by its connection's event loop: replies that are longer than what is to wait in buffers, in the order they go out. A value's
 * bytes stay where the keyspace has them, and are copied piece by piece as the client takes them.
 */
final class LongReplies {
    private static final int PIECE = 128 << 10;

    private record Part(@Nullable ByteBuf written, @Nullable Lasting value) {
        void release() {
            if (written != null) {
                written.release();
            } else if (value != null) {
                value.release();
            }
        }
    }

    private final ArrayDeque<Part> parts = new ArrayDeque<>(0);
    /** How much of the first value is gone. */
    private int done;
    /** Bytes that are no value's. From any thread, as it stands. */
    private long written;

    boolean isEmpty() {
        return parts.isEmpty();
    }

    /** Bytes beside the values', which lie in buffers. */
    long written() {
        return written;
    }

    /** Whether the next piece is a value's. */
    boolean isValueNext() {
        Part first = parts.peek();
        return first != null && first.value != null;
    }

    /** Adds what was written, and in it the values where they belong; releases all of it in time. */
    void add(ByteBuf added, List<ReplyWriter.Insertion> values) {
        written += added.readableBytes();
        int at = 0;
        for (ReplyWriter.Insertion each : values) {
            parts.add(new Part(added.readRetainedSlice(each.at() - at), null));
            parts.add(new Part(null, each.value()));
            at = each.at();
        }
        parts.add(new Part(added, null));
    }

    /** The next piece, to be released by who takes it; null where there is none. */
    @Nullable
    ByteBuf next(ByteBufAllocator allocator) {
        Part first = parts.peek();
        if (first == null) {
            return null;
        }
        ByteBuf bytes = first.written;
        if (bytes != null) {
            parts.remove();
            written -= bytes.readableBytes();
            return bytes;
        }
        Lasting value = first.value;
        int some = value == null ? 0 : Math.min(PIECE, value.length() - done);
        ByteBuf piece = allocator.ioBuffer(PIECE);
        if (value != null) {
            value.write(done, some, piece);
            done += some;
            if (done == value.length()) {
                parts.remove();
                value.release();
                done = 0;
            }
        }
        return piece;
    }

    /** Takes back what of the last piece is left. */
    void back(ByteBuf rest) {
        written += rest.readableBytes();
        parts.addFirst(new Part(rest, null));
    }

    /** Nobody takes the rest. */
    void release() {
        written = 0;
        parts.forEach(Part::release);
        parts.clear();
    }
}
