package io.plinth.kit.admin;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelInitializer;
import io.netty.handler.codec.http.HttpServerCodec;
import io.plinth.kit.config.HostPort;
import io.plinth.kit.metrics.Metrics;
import io.plinth.kit.net.ListenException;
import io.plinth.kit.net.Listeners;
import io.prometheus.metrics.expositionformats.PrometheusTextFormatWriter;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A node's admin HTTP server: health, metrics, configuration, reload, drain, and what the daemon adds. It runs on a loop
 * of its own, so that a scrape never delays traffic. One request per connection.
 */
public final class AdminServer implements AdminRoutes {
    private static final int BODY_MAX = 64 << 10;
    private static final int CONNECTIONS_MAX = 64;
    private static final int SCRAPE_SECONDS = 5;
    private static final int LINE_MAX = 4096;
    private static final int HEADERS_MAX = 8192;
    private static final Logger LOG = LoggerFactory.getLogger(AdminServer.class);

    private record Condition(String name, BooleanSupplier holds) {}

    private final Metrics metrics;
    private final AdminHooks hooks;
    private final PrometheusTextFormatWriter text = PrometheusTextFormatWriter.builder()
            .setIncludeCreatedTimestamps(false)
            .build();
    private final List<Condition> conditions = new CopyOnWriteArrayList<>();
    private final AtomicInteger connections = new AtomicInteger();
    private volatile RouteTable routes = new RouteTable();
    private volatile int bodyMax = BODY_MAX;
    private volatile Supplier<? extends CompletionStage<?>> scraping = () -> CompletableFuture.completedFuture(null);

    public AdminServer(Metrics metrics, AdminHooks hooks) {
        this.metrics = metrics;
        this.hooks = hooks;
        route("GET", "/health/live", request -> now(Response.text(200, "live\n")));
        route("GET", "/health/ready", request -> now(ready()));
        route("GET", "/metrics", request -> asked());
        route("GET", "/config", request -> now(Response.text(200, hooks.config())));
        route("POST", "/reload", request -> reload());
        route("POST", "/drain", request -> hooks.drain());
    }

    /** Binds; routes that are added later are served too. */
    public Listeners.Bound start(Listeners listeners, HostPort address) throws ListenException {
        return listeners.tcp("admin", address, new Initializer());
    }

    @Override
    public synchronized void route(String method, String path, Function<Request, CompletionStage<Response>> handler) {
        routes = routes.with(method, path, handler);
    }

    @Override
    public CompletionStage<Response> reload() {
        return hooks.reload();
    }

    @Override
    public void beforeScrape(Supplier<? extends CompletionStage<?>> work) {
        scraping = work;
    }

    @Override
    public void bodies(int most) {
        bodyMax = most;
    }

    @Override
    public void readyWhen(String name, BooleanSupplier condition) {
        conditions.add(new Condition(name, condition));
    }

    /** Answers a whole request; never throws. */
    CompletionStage<Response> answer(Request request) {
        RouteTable table = routes;
        Map<String, Function<Request, CompletionStage<Response>>> methods = table.methods(request.path());
        if (methods == null) {
            return now(Response.text(
                    404, "no such path: " + request.path() + " (expected: one of " + table.known() + ")\n"));
        }
        Function<Request, CompletionStage<Response>> handler = methods.get(request.method());
        if (handler == null && request.method().equals("HEAD")) {
            handler = methods.get("GET");
        }
        if (handler == null) {
            return now(Response.text(
                    405,
                    "method: " + request.method() + " (expected: " + String.join(" or ", methods.keySet()) + ")\n"));
        }
        try {
            return handler.apply(request);
        } catch (RuntimeException e) {
            LOG.error("{} {} failed", request.method(), request.path(), e);
            return now(Response.text(500, "failed: " + e.getMessage() + "\n"));
        }
    }

    /** Says which process is ready: while a new one takes over, either may answer. */
    private Response ready() {
        List<String> failed = new ArrayList<>(hooks.notReady());
        for (Condition condition : conditions) {
            if (!condition.holds.getAsBoolean()) {
                failed.add(condition.name);
            }
        }
        return failed.isEmpty()
                ? Response.text(200, "ready, process " + ProcessHandle.current().pid() + "\n")
                : Response.text(503, "not ready: " + String.join(", ", failed) + "\n");
    }

    /** Old numbers are better than none where their owners do not answer. */
    private CompletionStage<Response> asked() {
        return scraping.get()
                .toCompletableFuture()
                .thenApply(done -> true)
                .completeOnTimeout(false, SCRAPE_SECONDS, TimeUnit.SECONDS)
                .thenApply(fresh -> scrape());
    }

    private Response scrape() {
        ByteArrayOutputStream body = new ByteArrayOutputStream(16 << 10);
        try {
            text.write(body, metrics.registry().scrape());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return new Response(200, text.getContentType(), body.toByteArray());
    }

    private static CompletionStage<Response> now(Response response) {
        return CompletableFuture.completedFuture(response);
    }

    @ChannelHandler.Sharable
    private final class Initializer extends ChannelInitializer<Channel> {
        @Override
        protected void initChannel(Channel channel) {
            if (connections.incrementAndGet() > CONNECTIONS_MAX) {
                LOG.debug("{} admin connections, closing another", CONNECTIONS_MAX);
                channel.close();
            }
            channel.closeFuture().addListener(closed -> connections.decrementAndGet());
            channel.pipeline()
                    .addLast(new HttpServerCodec(LINE_MAX, HEADERS_MAX, HEADERS_MAX))
                    .addLast(new AdminExchange(AdminServer.this::answer, bodyMax));
        }
    }
}
