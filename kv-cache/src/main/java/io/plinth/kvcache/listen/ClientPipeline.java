package io.plinth.kvcache.listen;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler.Sharable;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.WriteBufferWaterMark;
import io.plinth.kvcache.session.ClientHandler;
import io.plinth.kvcache.session.Dispatcher;
import io.plinth.kvcache.session.NodeShare;
import io.plinth.kvcache.session.turn.LoopShare;
import io.plinth.kvcache.session.turn.Together;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Supplier;

/** Sets up each accepted connection with its loop's dispatcher and read buffer. Immutable. */
@Sharable
public final class ClientPipeline extends ChannelInitializer<Channel> {
    /** Above the first mark of unsent replies a client's further commands wait until they are below the second. */
    private static final WriteBufferWaterMark UNSENT = new WriteBufferWaterMark(64 * 1024, 256 * 1024);

    private final ProtectedMode guard;
    private final NodeShare shared;
    private final Map<EventLoop, ClientHandler.OfLoop> parts = new HashMap<>();

    public ClientPipeline(
            NodeShare shared, Map<EventLoop, LoopShare> loops, Supplier<Dispatcher> dispatchers, ProtectedMode guard) {
        this.guard = guard;
        this.shared = shared;
        loops.forEach((loop, share) -> {
            Dispatcher dispatcher = dispatchers.get();
            Together together = share.together(dispatcher::rest, shared.clock());
            parts.put(loop, new ClientHandler.OfLoop(dispatcher, together, share));
        });
    }

    @Override
    protected void initChannel(Channel channel) {
        channel.config().setOption(ChannelOption.TCP_NODELAY, true);
        channel.config().setOption(ChannelOption.SO_KEEPALIVE, true);
        // So that replies to what has run go out before a client that sends no more is disconnected.
        channel.config().setOption(ChannelOption.ALLOW_HALF_CLOSURE, true);
        channel.config().setOption(ChannelOption.WRITE_BUFFER_WATER_MARK, UNSENT);
        ClientHandler.OfLoop own = LoopShare.of(parts, channel);
        own.share().reads().serve(channel);
        channel.pipeline().addLast(guard, new ClientHandler(shared, own));
    }
}
