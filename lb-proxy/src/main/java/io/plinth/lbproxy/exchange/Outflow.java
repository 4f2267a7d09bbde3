package io.plinth.lbproxy.exchange;

import io.netty.channel.Channel;
import io.netty.channel.ChannelOutboundBuffer;
import io.plinth.lbproxy.limit.Pace;
import io.plinth.lbproxy.measure.SocketQueue;
import io.plinth.lbproxy.snapshot.ProxySettings;

/** What is on its way to a client, and whether the client takes it fast enough. Owned by its connection's event loop. */
final class Outflow {
    private final Channel channel;
    private final SocketQueue kernel;
    private final Pace pace;
    private long written;
    private long taken;
    private boolean moved;

    Outflow(Channel channel, SocketQueue kernel, ProxySettings settings) {
        this.channel = channel;
        this.kernel = kernel;
        pace = new Pace(settings.rates().response(), settings.timeouts().stream());
    }

    /** Bytes were handed over. */
    void wrote(int bytes) {
        written += bytes;
    }

    /** Bytes that were handed over and that the kernel does not take yet. */
    long pending() {
        ChannelOutboundBuffer out = channel.unsafe().outboundBuffer();
        return out == null ? 0 : out.totalPendingWriteBytes();
    }

    /**
     * Looks; called a few times a second.
     *
     * @param held whether more would have been handed over, had the client let it
     * @param exempt whether it may be as slow as it likes
     * @return whether the client is too slow
     */
    boolean late(long now, boolean held, boolean exempt) {
        long pending = pending();
        long before = taken;
        taken = written - pending - (pending == 0 ? 0 : kernel.unacknowledged(channel));
        moved = pending > 0 && taken > before;
        return pace.late(now, taken, (pending > 0 || held) && !exempt);
    }

    /** Whether the client had bytes to take when last looked at, and took some. */
    boolean moved() {
        return moved;
    }
}
