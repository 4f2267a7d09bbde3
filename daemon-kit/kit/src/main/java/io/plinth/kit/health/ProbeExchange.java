package io.plinth.kit.health;

import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.codec.http.DefaultFullHttpRequest;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpObject;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.handler.ssl.SslHandshakeCompletionEvent;
import io.netty.util.concurrent.ScheduledFuture;
import io.plinth.kit.config.HostPort;
import java.net.InetSocketAddress;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** One probe's connection. Owned by its event loop. */
final class ProbeExchange extends SimpleChannelInboundHandler<HttpObject> {
    /** Read of a body before closing, so that the server sees an orderly end. */
    private static final int BODY_MAX = 64 << 10;

    private final InetSocketAddress address;
    private final HealthCheckConfig check;
    private final Consumer<ProbeResult> done;
    private @Nullable ScheduledFuture<?> timeout;
    private boolean decided;
    private int body;

    ProbeExchange(InetSocketAddress address, HealthCheckConfig check, Consumer<ProbeResult> done) {
        this.address = address;
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

    void connected(ChannelFuture connect) {
        if (!connect.isSuccess()) {
            decide(false, String.valueOf(connect.cause().getMessage()));
        }
    }

    @Override
    public void channelActive(ChannelHandlerContext ctx) {
        if (!check.tls()) {
            ask(ctx);
        }
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
        if (event instanceof SslHandshakeCompletionEvent handshake) {
            if (handshake.isSuccess()) {
                ask(ctx);
            } else {
                decide(false, "TLS: " + handshake.cause().getMessage());
                ctx.close();
            }
        }
    }

    private void ask(ChannelHandlerContext ctx) {
        String path = check.http();
        if (path == null) {
            decide(true, "connected");
            ctx.close();
            return;
        }
        FullHttpRequest request = new DefaultFullHttpRequest(HttpVersion.HTTP_1_1, HttpMethod.GET, path);
        String host = check.host() != null
                ? check.host()
                : new HostPort(address.getAddress().getHostAddress(), address.getPort()).toString();
        request.headers()
                .set(HttpHeaderNames.HOST, host)
                .set(HttpHeaderNames.USER_AGENT, "plinth-health")
                .set(HttpHeaderNames.ACCEPT, "*/*")
                .set(HttpHeaderNames.CONNECTION, HttpHeaderValues.CLOSE);
        ctx.writeAndFlush(request);
    }

    @Override
    protected void channelRead0(ChannelHandlerContext ctx, HttpObject message) {
        if (message.decoderResult().isFailure()) {
            decide(false, "no HTTP: " + message.decoderResult().cause().getMessage());
            ctx.close();
            return;
        }
        if (message instanceof HttpResponse response && response.status().code() >= 200) {
            boolean expected = response.status().code() == check.expect();
            decide(expected, response.status() + (expected ? "" : " (expected: " + check.expect() + ")"));
        }
        if (message instanceof HttpContent content) {
            body += content.content().readableBytes();
            if (decided && (message instanceof LastHttpContent || body > BODY_MAX)) {
                ctx.close();
            }
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        decide(false, "closed before an answer");
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        decide(false, String.valueOf(cause.getMessage()));
        ctx.close();
    }

    /** The timeout stays: it also ends a body that never does. */
    private void decide(boolean success, String reason) {
        if (!decided) {
            decided = true;
            done.accept(new ProbeResult(success, reason));
        }
    }

    @Override
    public void handlerRemoved(ChannelHandlerContext ctx) {
        if (timeout != null) {
            timeout.cancel(false);
        }
    }
}
