package io.plinth.kvcache.memcached;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler.Sharable;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.WriteBufferWaterMark;
import io.plinth.kvcache.command.NodeState;
import io.plinth.kvcache.keyspace.Keyspace;
import io.plinth.kvcache.keyspace.write.Annotations;

/** Sets up each connection of the memcached port. Immutable. */
@Sharable
public final class MemcachedPipeline extends ChannelInitializer<Channel> {
    private static final WriteBufferWaterMark UNSENT = new WriteBufferWaterMark(64 * 1024, 256 * 1024);

    private final NodeState node;
    private final Marks marks;
    private final Statistics statistics;
    private final long outputLimit;

    /** Made before anything is brought back. {@code outputLimit}: bytes of replies that may wait for one client. */
    public MemcachedPipeline(NodeState node, long outputLimit) {
        this.node = node;
        this.outputLimit = outputLimit;
        this.marks = new Marks(node.keyspace(), node.clock().millis(), false);
        this.statistics = new Statistics(node.clock().millis());
        node.keyspace().listen(marks);
        node.keyspace().annotations().use(Annotations.Kind.MARKS, marks);
    }

    /** Ends clients that said nothing for so long; 0 for none. */
    public void endIdle(long nowMillis, long seconds) {
        statistics.endIdle(nowMillis, seconds);
    }

    /** For a node without the port: what an earlier process knew is kept until keys change, for a later one that has it. */
    public static void keep(Keyspace keyspace, long nowMillis) {
        keyspace.annotations().use(Annotations.Kind.MARKS, new Marks(keyspace, nowMillis, true));
    }

    @Override
    protected void initChannel(Channel channel) {
        channel.config().setOption(ChannelOption.TCP_NODELAY, true);
        channel.config().setOption(ChannelOption.SO_KEEPALIVE, true);
        channel.config().setOption(ChannelOption.WRITE_BUFFER_WATER_MARK, UNSENT);
        channel.pipeline().addLast(new MemcachedHandler(node, marks, statistics, outputLimit));
    }
}
