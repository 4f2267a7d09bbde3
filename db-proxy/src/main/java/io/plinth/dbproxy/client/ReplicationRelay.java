package io.plinth.dbproxy.client;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.util.ReferenceCountUtil;
import io.plinth.dbproxy.server.ServerIdentity;
import io.plinth.dbproxy.server.ServerKey;
import io.plinth.dbproxy.session.CancelKeys;
import io.plinth.dbproxy.session.StartupSettings;
import io.plinth.dbproxy.wire.Backend;
import io.plinth.dbproxy.wire.BackendWriter;
import io.plinth.dbproxy.wire.SqlError;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Consumer;

/**
 * One direction of a replication connection: bytes pass from a client to a server of its own, or back, untouched. Owned by
 * the event loop that both channels share.
 */
final class ReplicationRelay extends ChannelInboundHandlerAdapter {
    private final Channel other;

    private ReplicationRelay(Channel other) {
        this.other = other;
    }

    /** How it began: the key the client cancels with must be told to it. */
    interface Began {
        CancelKeys.Key key(CancelKeys.Cancellable cancellable);
    }

    /** Logs in to {@code server} as the client asked; from then on {@code client}'s handler is a relay. */
    static void begin(
            ChannelHandlerContext client,
            Front front,
            ServerKey server,
            Duration timeout,
            StartupSettings asked,
            Began began,
            Consumer<SqlError> failed) {
        Map<String, String> parameters = new HashMap<>(asked.values());
        parameters.put("replication", String.valueOf(asked.replication()));
        client.channel().config().setAutoRead(false);
        front.connector()
                .connectAlone(
                        server,
                        client.channel().eventLoop(),
                        timeout,
                        parameters,
                        (identity, ctx, handler) -> {
                            if (!client.channel().isActive()) {
                                ctx.close();
                                return;
                            }
                            ctx.pipeline().replace(handler, "relay", new ReplicationRelay(client.channel()));
                            welcome(
                                    client,
                                    identity,
                                    began.key(() -> client.channel()
                                            .eventLoop()
                                            .execute(() -> front.cancelSender()
                                                    .cancel(
                                                            server,
                                                            client.channel().eventLoop(),
                                                            identity))));
                            client.pipeline().addLast("relay", new ReplicationRelay(ctx.channel()));
                            client.channel().config().setAutoRead(true);
                        },
                        failed);
    }

    private static void welcome(ChannelHandlerContext client, ServerIdentity identity, CancelKeys.Key key) {
        ByteBuf out = client.alloc().buffer(512);
        BackendWriter.authenticationOk(out);
        identity.parameters().forEach((name, value) -> BackendWriter.parameterStatus(out, name, value));
        BackendWriter.backendKey(out, key.process(), key.secret().array());
        BackendWriter.ready(out, Backend.IDLE);
        client.writeAndFlush(out, client.voidPromise());
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        if (other.isActive()) {
            other.write(message, other.voidPromise());
        } else {
            ReferenceCountUtil.release(message);
        }
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) {
        other.flush();
        if (!other.isWritable()) {
            ctx.channel().config().setAutoRead(false);
        }
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext ctx) {
        if (ctx.channel().isWritable()) {
            other.config().setAutoRead(true);
        }
        ctx.fireChannelWritabilityChanged();
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        other.writeAndFlush(io.netty.buffer.Unpooled.EMPTY_BUFFER).addListener(ChannelFutureListener.CLOSE);
        ctx.fireChannelInactive();
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        ctx.close();
    }
}
