package io.plinth.mqbroker.http;

import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.DefaultHttpResponse;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.QueryStringDecoder;
import io.netty.handler.codec.http.cookie.Cookie;
import io.netty.handler.codec.http.cookie.ServerCookieDecoder;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.timeout.IdleStateEvent;
import io.plinth.mqbroker.auth.Access;
import io.plinth.mqbroker.auth.Attempts;
import io.plinth.mqbroker.auth.PasswordHash;
import io.plinth.mqbroker.auth.Sasl;
import io.plinth.mqbroker.auth.User;
import io.plinth.mqbroker.wire.AmqpException;
import io.plinth.mqbroker.wire.ReplyCode;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Owned by its channel's event loop. The requests of one socket, answered one after the other. */
final class ApiExchange extends SimpleChannelInboundHandler<FullHttpRequest> {
    private static final Logger LOG = LoggerFactory.getLogger(ApiExchange.class);
    private static final String REALM = "Basic realm=\"RabbitMQ Management\"";
    private static final String BASIC = "basic ";
    private static final String COOKIE = "auth";
    private static final User NOBODY = new User("", "", PasswordHash.SHA256, List.of(), false, false);
    private static final int BEHIND = 16;

    private final ApiTable routes;
    private final Access access;
    private final Executor worker;
    private final Queue<FullHttpRequest> behind = new ArrayDeque<>();
    private final Cors cors;
    private boolean busy;

    ApiExchange(ApiTable routes, Access access, Executor worker, Cors cors) {
        this.cors = cors;
        this.routes = routes;
        this.access = access;
        this.worker = worker;
    }

    @Override
    protected void channelRead0(ChannelHandlerContext ctx, FullHttpRequest request) {
        if (busy) {
            behind.add(request.retain());
            if (behind.size() >= BEHIND) {
                ctx.channel().config().setAutoRead(false);
            }
            return;
        }
        handle(ctx, request);
    }

    private void handle(ChannelHandlerContext ctx, FullHttpRequest request) {
        busy = true;
        byte[] body = ByteBufUtil.getBytes(request.content());
        Map<String, String> shared = cors.headers(request.headers().get(HttpHeaderNames.ORIGIN));
        CompletableFuture.supplyAsync(() -> dispatch(ctx, request, body), worker)
                .thenCompose(Function.identity())
                .whenComplete((response, failure) -> {
                    ApiResponse shown = (failure == null ? response : refused(failure)).with(shared);
                    boolean streamed = shown.body() instanceof Items
                            && request.method().equals(HttpMethod.GET)
                            && request.protocolVersion().equals(HttpVersion.HTTP_1_1);
                    byte[] bytes = streamed ? new byte[0] : shown.bytes();
                    ctx.executor().execute(() -> {
                        if (streamed) {
                            stream(ctx, shown);
                        } else {
                            respond(ctx, shown, bytes, request.method().name());
                        }
                    });
                });
    }

    private CompletionStage<ApiResponse> dispatch(ChannelHandlerContext ctx, HttpRequest request, byte[] body) {
        if (request.decoderResult().isFailure()) {
            // Without the decoder's words: a header may be a credential.
            throw ApiException.badRequest("request: not HTTP that can be read (expected: HTTP/1.1, its first line and"
                    + " headers of a few KiB)");
        }
        QueryStringDecoder uri = new QueryStringDecoder(request.uri());
        String raw = uri.rawPath();
        if (!raw.startsWith("/api/")) {
            ApiResponse page = Pages.of(raw);
            if (page == null) {
                throw ApiException.notFound();
            }
            return CompletableFuture.completedFuture(page);
        }
        List<String> path = new ArrayList<>();
        String whole = raw.endsWith("/") ? raw.substring(5, Math.max(5, raw.length() - 1)) : raw.substring(5);
        for (String part : whole.split("/", -1)) {
            path.add(decoded(() -> QueryStringDecoder.decodeComponent(part.replace("+", "%2B"))));
        }
        InetAddress from = ((InetSocketAddress) ctx.channel().remoteAddress()).getAddress();
        String method = request.method().name().equals("HEAD")
                ? "GET"
                : request.method().name();
        ApiTable.Found found = routes.find(method, path);
        if (found == null) {
            List<String> methods = routes.methods(path);
            if (methods.isEmpty()) {
                throw ApiException.notFound();
            }
            String allowed = String.join(", ", methods);
            ApiResponse answer = new ApiResponse(method.equals("OPTIONS") ? 200 : 405, "", Map.of("allow", allowed));
            return CompletableFuture.completedFuture(answer.with(cors.preflight(
                    request.headers().get(HttpHeaderNames.ORIGIN),
                    allowed,
                    request.headers().get(HttpHeaderNames.ACCESS_CONTROL_REQUEST_HEADERS))));
        }
        User user =
                found.route().level() == ApiTable.Level.ANYONE ? NOBODY : user(credentials(request.headers()), from);
        check(found.route().level(), user);
        ApiCall call = new ApiCall(
                method,
                found.names(),
                decoded(uri::parameters),
                body,
                request.headers().get("x-reason"),
                user,
                from,
                ctx.pipeline().get(SslHandler.class) != null,
                access);
        String vhost = found.names().get("vhost");
        if (vhost != null && !found.route().path().getFirst().equals("vhosts") && !call.sees(vhost)) {
            throw ApiException.forbidden("User not authorised to access virtual host");
        }
        return found.route().handler().handle(call);
    }

    /** Without the decoder's words: they have the text, of which a part may be somebody's secret. */
    private static <T> T decoded(Supplier<T> decoder) {
        try {
            return decoder.get();
        } catch (IllegalArgumentException e) {
            throw ApiException.badRequest("request: its path or query is not percent-encoded");
        }
    }

    private static void check(ApiTable.Level level, User user) {
        if (level != ApiTable.Level.ANYONE && !ApiTable.Level.MANAGEMENT.admits(user)) {
            throw ApiException.forbidden("Not management user");
        }
        if (!level.admits(user)) {
            throw ApiException.forbidden(
                    switch (level) {
                        case ADMINISTRATOR -> "Not administrator user";
                        case MONITORING -> "Not monitor user";
                        case POLICYMAKER -> "Not policymaker user";
                        case MANAGEMENT, ANYONE -> "Not management user";
                    });
        }
    }

    /** Name and password in base64, of the header or of the cookie that {@code /api/login} gave. */
    private static @Nullable String credentials(HttpHeaders headers) {
        String authorization = headers.get(HttpHeaderNames.AUTHORIZATION);
        if (authorization != null) {
            return authorization.regionMatches(true, 0, BASIC, 0, BASIC.length())
                    ? authorization.substring(BASIC.length()).trim()
                    : null;
        }
        String cookies = headers.get(HttpHeaderNames.COOKIE);
        if (cookies != null) {
            for (Cookie cookie : ServerCookieDecoder.LAX.decode(cookies)) {
                if (cookie.name().equals(COOKIE)) {
                    return cookie.value();
                }
            }
        }
        return null;
    }

    private User user(@Nullable String credentials, InetAddress from) {
        if (credentials != null) {
            try {
                byte[] decoded = Base64.getDecoder().decode(credentials);
                String[] parts = new String(decoded, StandardCharsets.UTF_8).split(":", 2);
                if (parts.length == 2
                        && access.admits(Attempts.Protocol.HTTP, new Sasl.Login(parts[0], parts[1]), from)) {
                    User user = access.user(parts[0]);
                    if (user != null) {
                        return user;
                    }
                }
            } catch (IllegalArgumentException e) {
                // Not Base64: no login. Its words, and so the exception's, are nobody's to read.
                LOG.debug("authorization header or cookie: not Base64");
            }
        }
        throw new ApiException(401, "not_authorized", "Login failed");
    }

    private static ApiResponse refused(Throwable failure) {
        Throwable cause =
                failure instanceof CompletionException && failure.getCause() != null ? failure.getCause() : failure;
        return switch (cause) {
            case ApiException e -> ApiResponse.refused(e.status(), e.error(), String.valueOf(e.getMessage()));
            case AmqpException e
            when e.code() == ReplyCode.ACCESS_REFUSED -> ApiResponse.refused(401, "not_authorised", e.replyText());
            case AmqpException e
            when e.code() == ReplyCode.NOT_FOUND ->
                ApiResponse.refused(404, "not_found", String.valueOf(e.getMessage()));
            case AmqpException e -> ApiResponse.refused(400, "bad_request", String.valueOf(e.getMessage()));
            default -> {
                LOG.error("management request failed", wordless(cause));
                yield ApiResponse.refused(500, "internal_server_error", "unexpected; the broker's log says where");
            }
        };
    }

    /** Kind and place of what went wrong, and of its causes: the texts may have part of a request, and that a password. */
    private static Throwable wordless(Throwable failure) {
        Throwable cause = failure.getCause();
        Throwable shown = new Throwable(failure.getClass().getName(), cause == null ? null : wordless(cause));
        shown.setStackTrace(failure.getStackTrace());
        return shown;
    }

    private void respond(ChannelHandlerContext ctx, ApiResponse response, byte[] body, String method) {
        FullHttpResponse full = new DefaultFullHttpResponse(
                HttpVersion.HTTP_1_1,
                HttpResponseStatus.valueOf(response.status()),
                method.equals("HEAD") ? Unpooled.EMPTY_BUFFER : Unpooled.wrappedBuffer(body));
        describe(response, full);
        if (response.status() != 204) {
            full.headers().set(HttpHeaderNames.CONTENT_LENGTH, body.length);
        }
        ctx.writeAndFlush(full);
        answered(ctx);
    }

    /** Answers with a list too long to be put together as a whole. */
    private void stream(ChannelHandlerContext ctx, ApiResponse response) {
        HttpResponse head =
                new DefaultHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.valueOf(response.status()));
        describe(response, head);
        HttpUtil.setTransferEncodingChunked(head, true);
        ctx.write(head);
        if (response.body() instanceof Items<?> items) {
            new ItemsSender(ctx, worker, items, () -> answered(ctx)).start();
        }
    }

    private static void describe(ApiResponse response, HttpResponse head) {
        head.headers().set(HttpHeaderNames.CACHE_CONTROL, "no-cache");
        head.headers().set(HttpHeaderNames.VARY, "accept, accept-encoding, origin");
        if (!response.empty()) {
            head.headers().set(HttpHeaderNames.CONTENT_TYPE, response.contentType());
        }
        if (response.status() == 401) {
            head.headers().set(HttpHeaderNames.WWW_AUTHENTICATE, REALM);
        }
        response.headers().forEach((name, value) -> head.headers().set(name, value));
    }

    private void answered(ChannelHandlerContext ctx) {
        busy = false;
        FullHttpRequest next = behind.poll();
        if (next != null) {
            try {
                handle(ctx, next);
            } finally {
                next.release();
            }
        }
        if (behind.isEmpty()) {
            ctx.channel().config().setAutoRead(true);
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        behind.forEach(FullHttpRequest::release);
        behind.clear();
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
        if (event instanceof IdleStateEvent && !busy) {
            ctx.close();
        }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        // Of a request in the clear to a TLS port the message is the request.
        LOG.debug("management connection", wordless(cause));
        ctx.close();
    }
}
