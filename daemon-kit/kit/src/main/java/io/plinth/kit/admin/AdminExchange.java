package io.plinth.kit.admin;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.socket.DuplexChannel;
import io.netty.handler.codec.TooLongFrameException;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpObject;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.handler.codec.http.QueryStringDecoder;
import io.plinth.kit.admin.AdminRoutes.Request;
import io.plinth.kit.admin.AdminRoutes.Response;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One request and its answer. Owned by the admin loop. */
final class AdminExchange extends SimpleChannelInboundHandler<HttpObject> {
    private static final Logger LOG = LoggerFactory.getLogger(AdminExchange.class);
    private static final int REQUEST_SECONDS = 10;
    private static final int LINGER_SECONDS = 2;

    private final Function<Request, CompletionStage<Response>> answer;
    private final int bodyMax;
    private final ByteArrayOutputStream body = new ByteArrayOutputStream(0);
    private @Nullable HttpRequest head;
    private boolean answered;

    AdminExchange(Function<Request, CompletionStage<Response>> answer, int bodyMax) {
        this.answer = answer;
        this.bodyMax = bodyMax;
    }

    @Override
    public void channelActive(ChannelHandlerContext ctx) {
        ctx.executor()
                .schedule(
                        () -> {
                            if (!answered) {
                                ctx.close();
                            }
                        },
                        REQUEST_SECONDS,
                        TimeUnit.SECONDS);
        ctx.fireChannelActive();
    }

    @Override
    protected void channelRead0(ChannelHandlerContext ctx, HttpObject message) throws IOException {
        if (answered) {
            return;
        }
        if (message.decoderResult().isFailure()) {
            refuse(ctx, message.decoderResult().cause());
            return;
        }
        if (message instanceof HttpRequest request) {
            begin(ctx, request);
        }
        if (!answered && message instanceof HttpContent content) {
            append(ctx, content);
        }
    }

    private void begin(ChannelHandlerContext ctx, HttpRequest request) {
        head = request;
        String origin = request.headers().get(HttpHeaderNames.ORIGIN);
        String host = request.headers().get(HttpHeaderNames.HOST, "");
        if (origin != null && !origin.equals("http://" + host) && !origin.equals("https://" + host)) {
            // A page of another site may make a browser on this machine post here.
            respond(ctx, Response.text(403, "origin: " + origin + " (expected: this server's own, or none)\n"));
        } else if (HttpUtil.getContentLength(request, 0L) > bodyMax) {
            tooLarge(ctx);
        } else if (HttpUtil.is100ContinueExpected(request)) {
            ctx.writeAndFlush(new DefaultFullHttpResponse(
                    HttpVersion.HTTP_1_1, HttpResponseStatus.CONTINUE, Unpooled.EMPTY_BUFFER));
        }
    }

    private void append(ChannelHandlerContext ctx, HttpContent content) throws IOException {
        ByteBuf bytes = content.content();
        if (body.size() + bytes.readableBytes() > bodyMax) {
            tooLarge(ctx);
            return;
        }
        bytes.readBytes(body, bytes.readableBytes());
        if (content instanceof LastHttpContent && head != null) {
            dispatch(ctx, head);
        }
    }

    private void dispatch(ChannelHandlerContext ctx, HttpRequest request) {
        answered = true;
        Request whole;
        try {
            QueryStringDecoder uri = new QueryStringDecoder(request.uri());
            whole = new Request(request.method().name(), uri.path(), uri.parameters(), body.toByteArray());
        } catch (IllegalArgumentException e) {
            respond(ctx, Response.text(400, "uri: " + e.getMessage() + "\n"));
            return;
        }
        answer.apply(whole).whenComplete((response, failure) -> {
            if (failure != null) {
                LOG.error("{} {} failed", whole.method(), whole.path(), failure);
            }
            Response shown = failure == null ? response : Response.text(500, "failed: " + failure.getMessage() + "\n");
            ctx.executor().execute(() -> respond(ctx, shown));
        });
    }

    private void tooLarge(ChannelHandlerContext ctx) {
        respond(ctx, Response.text(413, "body: too large (expected: at most " + bodyMax + " bytes)\n"));
    }

    private void refuse(ChannelHandlerContext ctx, Throwable cause) {
        int status = cause instanceof TooLongFrameException ? 431 : 400;
        respond(ctx, Response.text(status, "request: " + cause.getMessage() + "\n"));
    }

    private void respond(ChannelHandlerContext ctx, Response response) {
        answered = true;
        boolean bodiless = head != null && head.method().name().equals("HEAD");
        FullHttpResponse full = new DefaultFullHttpResponse(
                HttpVersion.HTTP_1_1,
                HttpResponseStatus.valueOf(response.status()),
                bodiless ? Unpooled.EMPTY_BUFFER : Unpooled.wrappedBuffer(response.body()));
        full.headers()
                .set(HttpHeaderNames.CONTENT_TYPE, response.contentType())
                .set(HttpHeaderNames.CONTENT_LENGTH, response.body().length)
                .set(HttpHeaderNames.CACHE_CONTROL, HttpHeaderValues.NO_STORE)
                .set(HttpHeaderNames.CONNECTION, HttpHeaderValues.CLOSE);
        ctx.writeAndFlush(full).addListener(written -> linger(ctx));
    }

    /** Closing with an unread body would reset the connection and take the answer with it. */
    private static void linger(ChannelHandlerContext ctx) {
        if (ctx.channel() instanceof DuplexChannel duplex) {
            duplex.shutdownOutput();
        }
        ctx.executor().schedule(() -> ctx.close(), LINGER_SECONDS, TimeUnit.SECONDS);
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        LOG.debug("admin connection", cause);
        ctx.close();
    }
}
