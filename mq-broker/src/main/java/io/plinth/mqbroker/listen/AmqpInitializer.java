package io.plinth.mqbroker.listen;

import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.WriteBufferWaterMark;
import io.plinth.kit.net.ServerTls;
import io.plinth.mqbroker.session.Broker;
import io.plinth.mqbroker.session.Connection;
import io.plinth.mqbroker.session.SessionLimits;
import io.plinth.mqbroker.wire.FieldTableCodec;
import io.plinth.mqbroker.wire.FrameDecoder;
import org.jspecify.annotations.Nullable;

/** What an accepted socket gets: the decoder and a connection. */
public final class AmqpInitializer extends ChannelInitializer<Channel> {
    private static final WriteBufferWaterMark WATER = new WriteBufferWaterMark(128 << 10, 512 << 10);

    private final Broker broker;
    private final @Nullable ServerTls tls;
    private final Gatherings gatherings;

    /**
     * Connections of a broker.
     *
     * @param tls null for plain ones
     * @param gatherings the same for every listener
     */
    public AmqpInitializer(Broker broker, @Nullable ServerTls tls, Gatherings gatherings) {
        this.broker = broker;
        this.gatherings = gatherings;
        this.tls = tls;
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
                .addLast("connection", new Connection(broker, decoder, tables, gatherings.of(channel.eventLoop())));
    }
}
