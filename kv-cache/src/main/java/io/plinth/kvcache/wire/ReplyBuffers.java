package io.plinth.kvcache.wire;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.Unpooled;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * Owned by one event loop: buffers for short replies, which come back when the socket has taken what was in them. To take one from a
 * pool, and to give it back there, costs as much as to write a short reply.
 */
public final class ReplyBuffers {
    /** Bytes of one. No power of two: of buffers whose addresses end alike a processor's cache holds only a few. */
    public static final int SIZE = 1792;
    /** As many connections' replies wait for one another at most. */
    private static final int MOST = 64;
    /** One that was released elsewhere, as its connection ended, is replaced after so many that were wanted in vain. */
    private static final int RARELY = 1024;

    private final @Nullable ByteBuf[] idle = new ByteBuf[MOST];
    private int count;
    /** At most {@link #MOST}. */
    private int made;
    /** Wanted in vain since one was made. */
    private int missed;

    /** An empty one, of a pool where all are in use. */
    public ByteBuf take(ByteBufAllocator pool) {
        if (count > 0) {
            ByteBuf taken = idle[--count];
            if (taken != null) {
                return taken;
            }
        }
        if (made < MOST) {
            made++;
            return own();
        }
        missed++;
        if (missed == RARELY) {
            missed = 0;
            return own();
        }
        return pool.ioBuffer(SIZE);
    }

    private static ByteBuf own() {
        // Wrapped, so that it goes with its loop.
        return Unpooled.wrappedBuffer(ByteBuffer.allocateDirect(SIZE)).clear();
    }

    /** Takes one back that nobody uses any more; any other buffer is released. */
    public void give(ByteBuf buffer) {
        if (count < MOST && isOwn(buffer)) {
            idle[count++] = buffer.clear();
        } else {
            buffer.release();
        }
    }

    /** The same bytes, to be kept for a while: of a pool, where these lie in a buffer that others' replies want. */
    public ByteBuf kept(ByteBuf buffer, ByteBufAllocator pool) {
        if (!isOwn(buffer)) {
            return buffer;
        }
        ByteBuf copy = pool.ioBuffer(buffer.readableBytes()).writeBytes(buffer);
        give(buffer);
        return copy;
    }

    /** Whether it can hold no more than the ones made here, which others can. */
    static boolean isOwn(ByteBuf buffer) {
        return buffer.maxCapacity() == SIZE && buffer.refCnt() == 1;
    }
}
