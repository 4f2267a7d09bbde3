package io.plinth.geodns.alias;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.EventLoop;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.socket.DatagramPacket;
import io.plinth.geodns.wire.Name;
import io.plinth.geodns.wire.RecordType;
import java.net.InetSocketAddress;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.random.RandomGenerator;

/** Owned by the loop it is given: one question to one resolver, from a port of its own. */
final class AliasExchange extends SimpleChannelInboundHandler<DatagramPacket> {
    private static final int PAYLOAD = 1_232;

    private final Name name;
    private final int type;
    private final int id;
    private final CompletableFuture<AliasAnswer> answer = new CompletableFuture<>();

    private AliasExchange(Name name, int type, int id) {
        this.name = name;
        this.type = type;
        this.id = id;
    }

    /**
     * Asks.
     *
     * @param network the client's network, 4 or 16 octets; empty for none
     * @param bits of it that are given
     */
    static CompletionStage<AliasAnswer> ask(
            EventLoop loop,
            Class<? extends Channel> datagrams,
            InetSocketAddress resolver,
            long timeoutMillis,
            RandomGenerator random,
            Name name,
            int type,
            byte[] network,
            int bits) {
        AliasExchange exchange = new AliasExchange(name, type, random.nextInt(0x10000));
        ByteBuf query = exchange.query(network, bits);
        new Bootstrap()
                .group(loop)
                .channel(datagrams)
                .handler(exchange)
                .connect(resolver)
                .addListener((ChannelFutureListener) connected -> {
                    if (!connected.isSuccess()) {
                        query.release();
                        exchange.answer.completeExceptionally(connected.cause());
                        return;
                    }
                    Channel channel = connected.channel();
                    channel.writeAndFlush(new DatagramPacket(query, resolver));
                    channel.eventLoop().schedule(() -> channel.close(), timeoutMillis, TimeUnit.MILLISECONDS);
                });
        return exchange.answer;
    }

    private ByteBuf query(byte[] network, int bits) {
        ByteBuf out = Unpooled.buffer();
        out.writeShort(id)
                .writeShort(0x0100)
                .writeShort(1)
                .writeShort(0)
                .writeShort(0)
                .writeShort(1);
        out.writeBytes(name.octets()).writeShort(type).writeShort(1);
        out.writeByte(0).writeShort(RecordType.OPT).writeShort(PAYLOAD).writeInt(0);
        if (network.length == 0) {
            return out.writeShort(0);
        }
        int octets = (bits + 7) / 8;
        out.writeShort(8 + octets).writeShort(8).writeShort(4 + octets);
        out.writeShort(network.length == 4 ? 1 : 2).writeByte(bits).writeByte(0);
        return out.writeBytes(network, 0, octets);
    }

    @Override
    protected void channelRead0(ChannelHandlerContext ctx, DatagramPacket packet) {
        byte[] octets = new byte[packet.content().readableBytes()];
        packet.content().readBytes(octets);
        AliasAnswer read = AliasAnswer.read(octets, id, name, type);
        if (read != null) {
            answer.complete(read);
            ctx.close();
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        answer.completeExceptionally(new IllegalStateException("resolver - no answer"));
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        answer.completeExceptionally(cause);
        ctx.close();
    }
}
