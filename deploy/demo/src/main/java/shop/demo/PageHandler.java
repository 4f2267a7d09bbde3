package shop.demo;

import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.QueryStringDecoder;
import io.netty.handler.codec.http.cookie.Cookie;
import io.netty.handler.codec.http.cookie.ServerCookieDecoder;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Owned by the connection's event loop. Hands each request to a virtual thread and writes its reply. */
final class PageHandler extends SimpleChannelInboundHandler<FullHttpRequest> {
    private static final Logger LOG = LoggerFactory.getLogger(PageHandler.class);
    private static final String COOKIE = "session";
    private static final int FORM_FIELDS_MAX = 32;

    private final Shop shop;
    private final ExecutorService pages;
    private final String instance;

    PageHandler(Shop shop, ExecutorService pages, String instance) {
        this.shop = shop;
        this.pages = pages;
        this.instance = instance;
    }

    @Override
    protected void channelRead0(ChannelHandlerContext ctx, FullHttpRequest request) {
        String method = request.method().name();
        String path = new QueryStringDecoder(request.uri()).path();
        Map<String, String> form = form(request.content().toString(StandardCharsets.UTF_8));
        String cookie = cookie(request.headers().get(HttpHeaderNames.COOKIE));
        boolean keepAlive = HttpUtil.isKeepAlive(request);
        // One page at a time per connection: the next request is read once this one is answered.
        ctx.channel().config().setAutoRead(false);
        pages.execute(() -> {
            Reply reply = reply(method, path, form, cookie);
            ctx.executor().execute(() -> write(ctx, reply, method.equals("HEAD"), keepAlive));
        });
    }

    private Reply reply(String method, String path, Map<String, String> form, @Nullable String cookie) {
        try {
            return shop.answer(method, path, form, cookie);
        } catch (Exception e) {
            LOG.warn("{} {} failed", method, path, e);
            return Reply.text(500, "the shop is in trouble: " + e.getMessage() + "\n");
        }
    }

    private void write(ChannelHandlerContext ctx, Reply reply, boolean head, boolean keepAlive) {
        DefaultFullHttpResponse response = new DefaultFullHttpResponse(
                HttpVersion.HTTP_1_1,
                HttpResponseStatus.valueOf(reply.status()),
                head ? Unpooled.EMPTY_BUFFER : Unpooled.wrappedBuffer(reply.body()));
        response.headers()
                .set(HttpHeaderNames.CONTENT_TYPE, reply.type())
                .set(HttpHeaderNames.CONTENT_LENGTH, reply.body().length)
                .set("x-served-by", instance);
        String location = reply.location();
        if (location != null) {
            response.headers().set(HttpHeaderNames.LOCATION, location);
        }
        String session = reply.session();
        if (session != null) {
            response.headers()
                    .set(HttpHeaderNames.SET_COOKIE, COOKIE + "=" + session + "; Path=/; HttpOnly; SameSite=Lax");
        }
        if (!keepAlive) {
            response.headers().set(HttpHeaderNames.CONNECTION, "close");
            ctx.writeAndFlush(response).addListener(ChannelFutureListener.CLOSE);
            return;
        }
        ctx.writeAndFlush(response);
        ctx.channel().config().setAutoRead(true);
    }

    private static Map<String, String> form(String body) {
        Map<String, String> form = new HashMap<>();
        new QueryStringDecoder(body, StandardCharsets.UTF_8, false, FORM_FIELDS_MAX)
                .parameters()
                .forEach((name, values) -> form.put(name, values.getFirst()));
        return form;
    }

    private static @Nullable String cookie(@Nullable String header) {
        if (header == null) {
            return null;
        }
        for (Cookie cookie : ServerCookieDecoder.LAX.decode(header)) {
            if (cookie.name().equals(COOKIE)) {
                return cookie.value();
            }
        }
        return null;
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        LOG.debug("connection failed", cause);
        ctx.close();
    }
}
