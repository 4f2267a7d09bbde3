package io.plinth.kvcache.session.turn;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.DefaultMaxMessagesRecvByteBufAllocator;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.handler.ssl.SslHandler;
import java.nio.ByteBuffer;

/**
 * Owned by one event loop: what its connections read lies in one buffer in turn, so that a read takes none from a pool and finds
 * its bytes in the processor's cache. Who is read to releases it before the next read; where somebody does not, that read gets one
 * of its own.
 */
public final class LoopReads extends DefaultMaxMessagesRecvByteBufAllocator {
    /** With what is left of a read before still within a decoder's array. */
    static final int SIZE = 32 * 1024;

    private static final int READS_AT_ONCE = 16;

    /** Wrapped, so that it goes with its loop. */
    private final ByteBuf buffer = Unpooled.wrappedBuffer(ByteBuffer.allocateDirect(SIZE));

    public LoopReads() {
        super(READS_AT_ONCE);
    }

    /**
     * Has the connection read so, where its transport reads when bytes are there; another one holds a buffer until they come. So may TLS,
     * until a record is whole.
     */
    public void serve(Channel channel) {
        if (channel instanceof EpollSocketChannel && channel.pipeline().get(SslHandler.class) == null) {
            channel.config().setRecvByteBufAllocator(this);
        }
    }

    @Override
    @SuppressWarnings("deprecation")
    public Handle newHandle() {
        return new OneBuffer();
    }

    /** Owned by one connection. */
    private final class OneBuffer extends MaxMessageHandle {
        @Override
        public ByteBuf allocate(ByteBufAllocator allocator) {
            return buffer.refCnt() == 1 ? buffer.clear().retain() : allocator.ioBuffer(SIZE);
        }

        @Override
        public int guess() {
            return SIZE;
        }
    }
}
