package io.plinth.kvcache.listen;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler.Sharable;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.WriteBufferWaterMark;
import io.plinth.kit.net.LoopPace;
import io.plinth.kvcache.keyspace.Keyspace;
import io.plinth.kvcache.session.Ahead;
import io.plinth.kvcache.session.ClientHandler;
import io.plinth.kvcache.session.Dispatcher;
import io.plinth.kvcache.session.LoopReads;
import io.plinth.kvcache.session.Together;
import io.plinth.kvcache.session.TurnEnd;
import io.plinth.kvcache.wire.ReadBuffers;
import java.time.Clock;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.function.Supplier;

/** Sets up each accepted connection with its loop's dispatcher and read buffer. Immutable. */
@Sharable
public final class ClientPipeline extends ChannelInitializer<Channel> {
    /** Above the first mark of unsent replies a client's further commands wait until they are below the second. */
    private static final WriteBufferWaterMark UNSENT = new WriteBufferWaterMark(64 * 1024, 256 * 1024);

    private final ClientHandler.Shared shared;
    private final IdentityHashMap<EventLoop, ClientHandler.OfLoop> parts = new IdentityHashMap<>();

    public ClientPipeline(
            ClientHandler.Shared shared, Keyspace keyspace, List<EventLoop> loops, Supplier<Dispatcher> dispatchers) {
        this.shared = shared;
        for (EventLoop loop : loops) {
            parts.put(loop, part(shared.clock(), keyspace, dispatchers.get()));
        }
    }

    private static ClientHandler.OfLoop part(Clock clock, Keyspace keyspace, Dispatcher dispatcher) {
        Ahead ahead = new Ahead(keyspace);
        Together together = new Together(ahead, dispatcher, clock);
        TurnEnd turn = new TurnEnd(together::run);
        return new ClientHandler.OfLoop(
                dispatcher, turn, together, ahead, new ReadBuffers(), new LoopReads(), LoopPace.parking());
    }

    @Override
    protected void initChannel(Channel channel) {
        channel.config().setOption(ChannelOption.TCP_NODELAY, true);
        channel.config().setOption(ChannelOption.SO_KEEPALIVE, true);
        // So that replies to what has run go out before a client that sends no more is disconnected.
        channel.config().setOption(ChannelOption.ALLOW_HALF_CLOSURE, true);
        channel.config().setOption(ChannelOption.WRITE_BUFFER_WATER_MARK, UNSENT);
        ClientHandler.OfLoop own = parts.get(channel.eventLoop());
        if (own == null) {
            throw new IllegalStateException("event loop of " + channel + " is not one of the node's");
        }
        own.reads().serve(channel);
        channel.pipeline().addLast(new ClientHandler(shared, own));
    }
}
