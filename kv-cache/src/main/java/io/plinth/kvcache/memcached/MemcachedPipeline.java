package io.plinth.kvcache.memcached;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler.Sharable;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.WriteBufferWaterMark;
import io.plinth.kvcache.command.NodeState;
import io.plinth.kvcache.keyspace.Keyspace;
import io.plinth.kvcache.keyspace.write.Annotations;
import io.plinth.kvcache.listen.ProtectedMode;
import io.plinth.kvcache.session.turn.LoopShare;
import io.plinth.kvcache.session.turn.Together;
import java.util.HashMap;
import java.util.Map;

/** Sets up each connection of the memcached port. */
@Sharable
public final class MemcachedPipeline extends ChannelInitializer<Channel> {
    private static final WriteBufferWaterMark UNSENT = new WriteBufferWaterMark(64 * 1024, 256 * 1024);

    private final NodeState node;
    private final Map<EventLoop, LoopShare> loops;
    private final Map<EventLoop, Together> together = new HashMap<>();
    private final ProtectedMode guard;
    private final CasNumbers numbers;
    private final Statistics statistics;
    private final LateFlush lateFlush;
    private final long outputLimit;

    /** Made before anything is brought back. {@code outputLimit}: bytes of replies that may wait for one client. */
    public MemcachedPipeline(NodeState node, Map<EventLoop, LoopShare> loops, long outputLimit) {
        this.loops = loops;
        loops.forEach((loop, share) -> together.put(loop, share.together(() -> {}, node.clock())));
        this.node = node;
        this.guard = ProtectedMode.memcached(node.settings(), node.topology());
        this.outputLimit = outputLimit;
        this.numbers = new CasNumbers(node.clock().millis());
        this.statistics = new Statistics(node.clock().millis(), loops.size());
        this.lateFlush = new LateFlush(new Store(node, numbers), statistics);
    }

    /** Now and then, from one loop: ends clients that said nothing for so long, 0 for none; and does what {@code flush_all} put off. */
    public void tick(long nowMillis, long seconds) {
        statistics.endIdle(nowMillis, seconds);
        lateFlush.tick(nowMillis);
    }

    /** Also for a node without the port: what an earlier process knew is kept until keys change, for a later one that has it. */
    public static void keep(Keyspace keyspace) {
        keyspace.annotations().use(Annotations.Kind.MARKS, new KeptMarks(keyspace));
    }

    @Override
    protected void initChannel(Channel channel) {
        channel.config().setOption(ChannelOption.TCP_NODELAY, true);
        channel.config().setOption(ChannelOption.SO_KEEPALIVE, true);
        // So that replies to what has run go out before a client that sends no more is disconnected.
        channel.config().setOption(ChannelOption.ALLOW_HALF_CLOSURE, true);
        channel.config().setOption(ChannelOption.WRITE_BUFFER_WATER_MARK, UNSENT);
        LoopShare own = LoopShare.of(loops, channel);
        own.reads().serve(channel);
        Together others = LoopShare.of(together, channel);
        channel.pipeline()
                .addLast(guard, new MemcachedHandler(new Store(node, numbers), own, others, statistics, outputLimit));
    }
}
