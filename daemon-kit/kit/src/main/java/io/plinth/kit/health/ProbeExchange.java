package io.plinth.kit.health;

import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.ssl.SslHandshakeCompletionEvent;
import io.netty.util.ReferenceCountUtil;
import io.netty.util.concurrent.ScheduledFuture;
import io.plinth.kit.config.HostPort;
import java.net.InetSocketAddress;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** One probe's connection, which is all it takes here; others ask something over it. Owned by its event loop. */
class ProbeExchange extends ChannelInboundHandlerAdapter {
    final HealthCheckConfig check;
    private final Consumer<ProbeResult> done;
    private @Nullable ScheduledFuture<?> timeout;
    private boolean decided;

    ProbeExchange(HealthCheckConfig check, Consumer<ProbeResult> done) {
        this.check = check;
        this.done = done;
    }

    @Override
    public void handlerAdded(ChannelHandlerContext ctx) {
        long millis = check.timeout().toMillis();
        timeout = ctx.executor()
                .schedule(
                        () -> {
                            decide(false, "no answer within " + millis + " ms");
                            ctx.close();
                        },
                        millis,
                        TimeUnit.MILLISECONDS);
    }

    final void connected(ChannelFuture connect) {
        if (!connect.isSuccess()) {
            decide(false, String.valueOf(connect.cause().getMessage()));
        }
    }

    @Override
    public final void channelActive(ChannelHandlerContext ctx) {
        if (!check.tls()) {
            ask(ctx);
        }
    }

    @Override
    public final void userEventTriggered(ChannelHandlerContext ctx, Object event) {
        if (event instanceof SslHandshakeCompletionEvent handshake) {
            if (handshake.isSuccess()) {
                ask(ctx);
            } else {
                decide(false, "TLS: " + handshake.cause().getMessage());
                ctx.close();
            }
        }
        ReferenceCountUtil.release(event);
    }

    /** The connection is there, encrypted where it is to be. */
    void ask(ChannelHandlerContext ctx) {
        decide(true, "connected");
        ctx.close();
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        ReferenceCountUtil.release(message);
    }

    @Override
    public final void channelInactive(ChannelHandlerContext ctx) {
        decide(false, "closed before an answer");
    }

    @Override
    public final void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        decide(false, String.valueOf(cause.getMessage()));
        ctx.close();
    }

    final boolean isDecided() {
        return decided;
    }

    /** The timeout stays: it also ends a body that never does. */
    final void decide(boolean success, String reason) {
        if (!decided) {
            decided = true;
            done.accept(new ProbeResult(success, reason));
        }
    }

    static String host(HealthCheckConfig check, InetSocketAddress address) {
        return check.host() != null
                ? check.host()
                : new HostPort(address.getAddress().getHostAddress(), address.getPort()).toString();
    }

    @Override
    public final void handlerRemoved(ChannelHandlerContext ctx) {
        if (timeout != null) {
            timeout.cancel(false);
        }
    }
}
