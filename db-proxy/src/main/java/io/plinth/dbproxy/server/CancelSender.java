package io.plinth.dbproxy.server;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.EventLoop;
import io.netty.util.ReferenceCountUtil;
import io.plinth.dbproxy.wire.FrontendWriter;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/** Cancels what a server connection runs. Stateless; called on the connection's event loop. */
public final class CancelSender {
    private static final Duration TIMEOUT = Duration.ofSeconds(5);

    private final ServerConnector connector;

    public CancelSender(ServerConnector connector) {
        this.connector = connector;
    }

    /** Sends the request; until the server has closed that connection again, ours goes to no other client. */
    public void cancel(ServerConnection connection) {
        connection.cancelStarted();
        connector.open(
                connection.key(),
                connection.loop(),
                TIMEOUT,
                opening -> opening.addListener(done -> {
                    if (!done.isSuccess()) {
                        connection.cancelEnded();
                        return;
                    }
                    Channel channel = opening.channel();
                    channel.closeFuture().addListener(closed -> connection.cancelEnded());
                    send(channel, connection.identity());
                }),
                connection::cancelEnded);
    }

    /** Cancels what a connection that is nobody else's runs. */
    public void cancel(ServerKey key, EventLoop loop, ServerIdentity identity) {
        connector.open(
                key,
                loop,
                TIMEOUT,
                opening -> opening.addListener(done -> {
                    if (done.isSuccess()) {
                        send(opening.channel(), identity);
                    }
                }),
                () -> {});
    }

    private static void send(Channel channel, ServerIdentity identity) {
        ByteBuf out = channel.alloc().buffer(16);
        FrontendWriter.cancel(out, identity.process(), identity.secret());
        channel.writeAndFlush(out);
        channel.eventLoop().schedule(() -> channel.close(), TIMEOUT.toMillis(), TimeUnit.MILLISECONDS);
    }

    /** The server answers a cancel request by closing; anything else it may send is dropped. */
    static final class Quiet extends ChannelInboundHandlerAdapter {
        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) {
            ReferenceCountUtil.release(message);
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
            ctx.close();
        }
    }
}
