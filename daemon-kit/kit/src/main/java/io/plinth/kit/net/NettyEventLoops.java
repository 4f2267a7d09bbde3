package io.plinth.kit.net;

import io.netty.channel.Channel;
import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.ServerChannel;
import io.netty.channel.socket.DatagramChannel;
import io.netty.util.concurrent.EventExecutor;
import io.netty.util.concurrent.SingleThreadEventExecutor;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Event loops on the best transport at hand. */
public final class NettyEventLoops implements EventLoops {
    private static final Logger LOG = LoggerFactory.getLogger(NettyEventLoops.class);

    private final Transport transport;
    private final MultiThreadIoEventLoopGroup group;
    private final List<EventLoop> loops;

    private NettyEventLoops(Transport transport, int count, NodeThreads threads, Runnable first) {
        this.transport = transport;
        this.group = new MultiThreadIoEventLoopGroup(count, threads, transport.handler());
        List<EventLoop> all = new ArrayList<>();
        for (EventExecutor executor : group) {
            all.add((EventLoop) executor);
        }
        this.loops = List.copyOf(all);
        // A thread starts with the first task: in this order, so that its number is its loop's.
        loops.forEach(loop -> loop.execute(first));
    }

    /**
     * Opens {@code count} loops whose threads are named after the node.
     *
     * @param preferred {@code epoll}, {@code io_uring} or {@code nio}; where it does not work here, epoll, then NIO
     */
    public static NettyEventLoops open(String node, int count, String preferred) {
        return open(node, "loop", count, preferred, () -> TimeSlice.ask(TimeSlice.LEAST));
    }

    /** As above, for loops with another role than serving ({@code admin}). */
    public static NettyEventLoops open(String node, String role, int count, String preferred) {
        return open(node, role, count, preferred, () -> {});
    }

    private static NettyEventLoops open(String node, String role, int count, String preferred, Runnable first) {
        Transport transport = Transport.choose(preferred);
        if (!transport.label.equals(preferred)) {
            LOG.warn("transport {} does not work here, using {}", preferred, transport.label);
        }
        return new NettyEventLoops(transport, count, new NodeThreads(node, role), first);
    }

    @Override
    public List<EventLoop> all() {
        return loops;
    }

    @Override
    public EventLoopGroup group() {
        return group;
    }

    @Override
    public Class<? extends Channel> clientChannel() {
        return transport.client;
    }

    @Override
    public Class<? extends ServerChannel> serverChannel() {
        return transport.server;
    }

    @Override
    public Class<? extends DatagramChannel> datagramChannel() {
        return transport.datagram;
    }

    @Override
    public String transport() {
        return transport.label;
    }

    /**
     * A loop may see that it is to end after it last looked for channels to close, and would leave those open. A shutdown
     * hook and a quiet period that is not 0 make it look once more.
     */
    @Override
    public void close() {
        for (EventLoop loop : loops) {
            if (loop instanceof SingleThreadEventExecutor executor) {
                executor.addShutdownHook(() -> {});
            }
        }
        group.shutdownGracefully(1, TimeUnit.SECONDS.toNanos(2), TimeUnit.NANOSECONDS)
                .awaitUninterruptibly(5, TimeUnit.SECONDS);
    }
}
