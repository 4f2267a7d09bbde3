package io.plinth.kit.health;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
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
import io.netty.util.ReferenceCountUtil;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.function.Consumer;

/** Asks with GET and looks at status and body. Owned by its event loop. */
final class HttpExchange extends ProbeExchange {
    /** Read of a body before closing, so that the server sees an orderly end. */
    private static final int BODY_MAX = 64 << 10;

    private final InetSocketAddress address;
    private final StringBuilder body = new StringBuilder();
    private String status = "";
    private int read;

    HttpExchange(InetSocketAddress address, HealthCheckConfig check, Consumer<ProbeResult> done) {
        super(check, done);
        this.address = address;
    }

    @Override
    void ask(ChannelHandlerContext ctx) {
        FullHttpRequest request =
                new DefaultFullHttpRequest(HttpVersion.HTTP_1_1, HttpMethod.GET, String.valueOf(check.http()));
        request.headers()
                .set(HttpHeaderNames.HOST, host(check, address))
                .set(HttpHeaderNames.USER_AGENT, "plinth-health")
                .set(HttpHeaderNames.ACCEPT, "*/*")
                .set(HttpHeaderNames.CONNECTION, HttpHeaderValues.CLOSE);
        ctx.writeAndFlush(request);
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        try {
            if (message instanceof HttpObject part) {
                read(ctx, part);
            }
        } finally {
            ReferenceCountUtil.release(message);
        }
    }

    private void read(ChannelHandlerContext ctx, HttpObject message) {
        if (message.decoderResult().isFailure()) {
            decide(false, "no HTTP: " + message.decoderResult().cause().getMessage());
            ctx.close();
            return;
        }
        if (message instanceof HttpResponse response && response.status().code() >= 200) {
            status = response.status().toString();
            if (!check.expects(response.status().code())) {
                decide(false, status + " (expected: " + check.expect() + ")");
            } else if (check.body() == null) {
                decide(true, status);
            }
        }
        if (message instanceof HttpContent content) {
            content(ctx, content);
        }
    }

    private void content(ChannelHandlerContext ctx, HttpContent content) {
        ByteBuf octets = content.content();
        String wanted = check.body();
        if (wanted != null && !isDecided()) {
            // Octet by octet, so that text in any encoding is found wherever it is cut.
            int room = Math.min(octets.readableBytes(), BODY_MAX - body.length());
            body.append(octets.toString(octets.readerIndex(), room, StandardCharsets.ISO_8859_1));
            if (body.indexOf(octets(wanted)) >= 0) {
                decide(true, status);
            }
        }
        read += octets.readableBytes();
        if (content instanceof LastHttpContent || read > BODY_MAX) {
            if (!status.isEmpty()) {
                decide(false, "no `" + wanted + "` in the body");
            }
            if (isDecided()) {
                ctx.close();
            }
        }
    }

    private static String octets(String text) {
        return new String(text.getBytes(StandardCharsets.UTF_8), StandardCharsets.ISO_8859_1);
    }
}
