package io.plinth.mqbroker.listen;

import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.WriteBufferWaterMark;
import io.plinth.kit.net.ServerTls;
import io.plinth.mqbroker.flow.Gathering;
import io.plinth.mqbroker.session.Broker;
import io.plinth.mqbroker.session.Connection;
import io.plinth.mqbroker.session.SessionLimits;
import io.plinth.mqbroker.wire.FieldTableCodec;
import io.plinth.mqbroker.wire.FrameDecoder;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/** What an accepted socket gets: the decoder and a connection. */
public final class AmqpInitializer extends ChannelInitializer<Channel> {
    private static final WriteBufferWaterMark WATER = new WriteBufferWaterMark(128 << 10, 512 << 10);

    private final Broker broker;
    private final @Nullable ServerTls tls;
    private final Map<EventLoop, Gathering> gatherings = new ConcurrentHashMap<>();

    /**
     * Connections of a broker.
     *
     * @param tls null for plain ones
     */
    public AmqpInitializer(Broker broker, @Nullable ServerTls tls) {
        this.broker = broker;
        this.tls = tls;
    }

    private Gathering gathering(EventLoop loop) {
        return gatherings.computeIfAbsent(
                loop,
                each -> new Gathering(
                        broker.limits().get().gather().toNanos(), each, broker.nanoTime(), LockSupport::parkNanos));
    }

    @Override
    protected void initChannel(Channel channel) {
        channel.config().setOption(ChannelOption.TCP_NODELAY, true);
        channel.config().setOption(ChannelOption.WRITE_BUFFER_WATER_MARK, WATER);
        if (tls != null) {
            channel.pipeline().addLast("tls", tls.handler(channel.alloc()));
        }
        SessionLimits limits = broker.limits().get();
        FieldTableCodec tables = new FieldTableCodec(limits.tableDepth(), limits.tableBytes());
        FrameDecoder decoder = new FrameDecoder(limits.frameMax(), tables);
        channel.pipeline()
                .addLast("frames", decoder)
                .addLast("connection", new Connection(broker, decoder, tables, gathering(channel.eventLoop())));
    }
}
