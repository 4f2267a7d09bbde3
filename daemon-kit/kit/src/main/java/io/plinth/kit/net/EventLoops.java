package io.plinth.kit.net;

import io.netty.channel.Channel;
import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.ServerChannel;
import io.netty.channel.socket.DatagramChannel;
import java.util.List;

/** A node's event loops, one per core unless the file says otherwise, and the channel classes that fit them. */
public interface EventLoops extends AutoCloseable {
    /** The loops in order; the index is stable for the node's life. */
    List<EventLoop> all();

    /** All of them as a group. */
    EventLoopGroup group();

    /** Client TCP channels, for connecting on a given loop. */
    Class<? extends Channel> clientChannel();

    /** Server TCP channels. */
    Class<? extends ServerChannel> serverChannel();

    /** UDP channels. */
    Class<? extends DatagramChannel> datagramChannel();

    /** {@code epoll}, {@code io_uring} or {@code nio}. */
    String transport();

    /** Ends the loops and waits for them. */
    @Override
    void close();
}
