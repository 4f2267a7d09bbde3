package io.plinth.lbproxy.snapshot;

import io.plinth.kit.config.ConfigException;
import io.plinth.kit.config.DataSize;
import io.plinth.kit.config.StackFile;
import io.plinth.lbproxy.LbProxyConfig;
import io.plinth.lbproxy.LbProxyConfig.LimitsConfig;
import io.plinth.lbproxy.admin.ProxyMetrics;
import io.plinth.lbproxy.config.RouteConfig;
import io.plinth.lbproxy.config.RouteConfig.HeaderChangesConfig;
import io.plinth.lbproxy.limit.RateLimiter;
import io.plinth.lbproxy.route.Answer;
import io.plinth.lbproxy.route.Conditions;
import io.plinth.lbproxy.route.ErrorPages;
import io.plinth.lbproxy.route.HeaderChanges;
import io.plinth.lbproxy.route.Redirect;
import io.plinth.lbproxy.route.RequestKey;
import io.plinth.lbproxy.route.RouteRule;
import io.plinth.lbproxy.route.Shares;
import io.plinth.lbproxy.route.TargetRewrite;
import io.plinth.lbproxy.snapshot.RouteTarget.Destination;
import io.plinth.lbproxy.upstream.Pool;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/** Turns the file's routes into what exchanges use. On the node's runner thread, since it reads error pages. */
final class RouteTargets {
    private static final long MAX_PAGE = 256 * 1024;

    private final ProxyMetrics metrics;
    private final LimitsConfig limits;
    private final @Nullable String via;
    private final StackFile file;
    private final LongSupplier nanoTime;
    private final Map<String, Limited> known;
    private final Map<String, Limited> next = new HashMap<>();

    /** A rate limit and what it was made from. */
    record Limited(RouteConfig.RateLimitConfig config, RouteTarget.RateLimit limit) {}

    RouteTargets(
            ProxyMetrics metrics,
            LbProxyConfig config,
            StackFile file,
            LongSupplier nanoTime,
            Map<String, Limited> known) {
        this.nanoTime = nanoTime;
        this.known = known;
        this.metrics = metrics;
        limits = config.limits();
        via = config.forwarded().via();
        this.file = file;
    }

    /** The rate limits that were made or taken over. */
    Map<String, Limited> rateLimits() {
        return next;
    }

    RouteRule<RouteTarget> rule(String name, RouteConfig route, Map<String, Pool> pools) throws ConfigException {
        RouteConfig.RedirectConfig redirect = route.redirect();
        RouteConfig.RespondConfig respond = route.respond();
        DataSize body = route.limits().body();
        DataSize head = route.limits().head();
        RouteTarget target = new RouteTarget(
                name,
                destinations(route, pools),
                mirror(route.mirror(), pools),
                redirect == null ? null : new Redirect(redirect.status(), redirect.to(), route.path()),
                respond == null ? null : Answer.content(respond.status(), respond.type(), respond.body()),
                route.maintenance(),
                route.retry().attempts(),
                new HashSet<>(route.retry().statuses()),
                TargetRewrite.of(route.path(), route.strip(), route.rewrite()),
                changes(route.requestHeaders(), true),
                via == null
                        ? changes(route.responseHeaders(), false)
                        : changes(route.responseHeaders(), false).plus("Via", "1.1 " + via),
                errorPages(name, route),
                new RouteTarget.Limits(
                        body == null ? limits.body().bytes() : body.bytes(),
                        head == null ? 0 : Math.toIntExact(head.bytes())),
                rateLimit(name, route),
                metrics.statuses(name),
                metrics.routeLatencies(name));
        String host = route.host();
        Conditions conditions = new Conditions(route.methods(), route.headers(), route.query(), route.cookies());
        return new RouteRule<>(name, host == null ? "" : host, route.path(), conditions, target);
    }

    /** The same object as before where its keys are, so that a reload gives nobody a full bucket. */
    private RouteTarget.@Nullable RateLimit rateLimit(String name, RouteConfig route) {
        RouteConfig.RateLimitConfig config = route.rateLimit();
        if (config == null) {
            return null;
        }
        Limited before = known.get(name);
        Limited now = before != null && before.config.equals(config) ? before : new Limited(config, limit(config));
        next.put(name, now);
        return now.limit;
    }

    private RouteTarget.RateLimit limit(RouteConfig.RateLimitConfig config) {
        Integer burst = config.burst();
        RateLimiter limiter = new RateLimiter(
                config.requests(),
                config.per().toNanos(),
                burst == null ? config.requests() : burst,
                config.keys(),
                nanoTime.getAsLong());
        return new RouteTarget.RateLimit(RequestKey.parse(config.by()), limiter);
    }

    private RouteTarget.@Nullable Mirror mirror(RouteConfig.@Nullable MirrorConfig mirror, Map<String, Pool> pools) {
        Pool pool = mirror == null ? null : pools.get(mirror.pool());
        return mirror == null || pool == null
                ? null
                : new RouteTarget.Mirror(
                        new Destination(pool, metrics.latencies(mirror.pool())),
                        mirror.percent(),
                        Math.toIntExact(mirror.body().bytes()),
                        mirror.underWay());
    }

    private static HeaderChanges changes(HeaderChangesConfig config, boolean request) {
        return HeaderChanges.of(config.set(), config.add(), config.remove(), request);
    }

    private @Nullable Shares<Destination> destinations(RouteConfig route, Map<String, Pool> pools) {
        Map<String, Integer> shares = new HashMap<>(route.pools());
        if (route.pool() != null) {
            shares.put(route.pool(), 1);
        }
        if (shares.isEmpty()) {
            return null;
        }
        Map<String, Destination> byName = new HashMap<>();
        shares.forEach((name, share) -> {
            Pool pool = pools.get(name);
            if (pool != null) {
                byName.put(name, new Destination(pool, metrics.latencies(name)));
            }
        });
        return new Shares<>(byName, shares);
    }

    private ErrorPages errorPages(String name, RouteConfig route) throws ConfigException {
        if (route.errorPages().isEmpty()) {
            return ErrorPages.NONE;
        }
        Path folder = file.path().toAbsolutePath().getParent();
        Map<String, ErrorPages.Page> pages = new HashMap<>();
        for (Map.Entry<String, Path> entry : route.errorPages().entrySet()) {
            Path path = folder == null ? entry.getValue() : folder.resolve(entry.getValue());
            try {
                if (Files.size(path) > MAX_PAGE) {
                    throw new IOException("larger than " + MAX_PAGE + " bytes");
                }
                pages.put(entry.getKey(), new ErrorPages.Page(type(path), Files.readAllBytes(path)));
            } catch (IOException e) {
                throw Snapshots.problem(
                        file,
                        "lb-proxy.routes." + name + ".error-pages." + entry.getKey() + ": " + path
                                + " cannot be read (expected: a file of at most 256 KiB; " + e + ")");
            }
        }
        return new ErrorPages(pages);
    }

    private static String type(Path path) {
        String name = path.toString();
        if (name.endsWith(".html")) {
            return "text/html; charset=utf-8";
        }
        return name.endsWith(".json") ? "application/json" : "text/plain; charset=utf-8";
    }
}
