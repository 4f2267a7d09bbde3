package io.plinth.lbproxy.config;

import io.plinth.kit.config.Check;
import io.plinth.kit.config.DataSize;
import io.plinth.kit.config.Default;
import io.plinth.kit.config.Doc;
import io.plinth.kit.config.Range;
import io.plinth.kit.config.Shorthand;
import io.plinth.lbproxy.route.HeaderChanges;
import io.plinth.lbproxy.route.PathPattern;
import io.plinth.lbproxy.route.RequestKey;
import io.plinth.lbproxy.route.RouteRule;
import io.plinth.lbproxy.route.TargetRewrite;
import io.plinth.lbproxy.route.ValueMatch;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** One route. */
@Doc("Which requests it takes, and what becomes of them: `pool`, `pools`, `redirect` or `respond`.")
public record RouteConfig(
        @Doc("A host name, `*.name` for every name below it; any host where left out.") @Nullable
        String host,

        @Doc("A path and all below it, `=/path` for that path alone, or `~pattern` (RE2) for the whole path.")
        @Default("/")
        String path,

        @Doc("Methods it takes; any where left out.") List<String> methods,

        @Doc("Header values it asks for: the value, `*` for any, `!` for none, or `~pattern`.")
        Map<String, String> headers,

        @Doc("Query parameters it asks for, in the same way.")
        Map<String, String> query,

        @Doc("Cookies it asks for, in the same way.") Map<String, String> cookies,

        @Doc("The pool the requests go to.") @Nullable String pool,

        @Doc("Several pools and their shares of the requests, as `web: 95`, `canary: 5`.")
        Map<String, Integer> pools,

        @Doc("Send copies of requests to another pool too and throw the answers away; not done where left out.")
        @Nullable
        MirrorConfig mirror,

        @Doc("Answer with a redirect instead.") @Nullable RedirectConfig redirect,

        @Doc("Answer with this instead.") @Nullable RespondConfig respond,

        @Doc("Answer 503 for as long as it is true.") @Default("false")
        boolean maintenance,

        RetryConfig retry,

        @Doc("Take the route's path off before the request goes on.") @Default("false")
        boolean strip,

        @Doc("What stands in place of the route's path; behind a pattern of the whole path, with `$1` for its groups.")
        @Nullable
        String rewrite,

        @Doc("What of the request's header fields changes on the way to the server.")
        HeaderChangesConfig requestHeaders,

        @Doc("What of the response's header fields changes on the way to the client.")
        HeaderChangesConfig responseHeaders,

        @Doc("Files served in place of the one-line error answers, by status, or `4xx` and `5xx`; at most 256 KiB"
                + " each.")
        Map<String, Path> errorPages,

        RouteLimitsConfig limits,

        @Doc("How many requests a client may make here; no limit where left out.") @Nullable
        RateLimitConfig rateLimit) {

    private static final Set<Integer> REDIRECTS = Set.of(301, 302, 303, 307, 308);

    /** How a route's requests are tried again. */
    @Doc("When a request is tried on another server; all retries stay within the pool's `retry-budget`.")
    public record RetryConfig(
            @Doc("How many servers a request that may be repeated (GET, HEAD, OPTIONS and TRACE without"
                    + " body) is sent to, in all, while no byte of a response has gone on; 1 for no retry.")
            @Default("2")
            @Range(min = "1", max = "5")
            int attempts,

            @Doc("Statuses that are tried again too, as 502, 503.")
            List<Integer> statuses) {}

    /** A mirror. */
    @Doc("Copies of requests. They are sent once a request has come whole, and never hold it up.")
    @Shorthand("pool")
    public record MirrorConfig(
            @Doc("The pool they go to.") String pool,

            @Doc("So many of a hundred requests.") @Default("100") @Range(min = "0", max = "100")
            int percent,

            @Doc("Requests with a larger body are not copied.") @Default("64KiB") @Range(max = "16MiB")
            DataSize body,

            @Doc("Copies under way at once, on each event loop; further requests are not copied.")
            @Default("100")
            @Range(min = "1", max = "100000")
            int underWay) {}

    /** A redirect. */
    @Doc("A redirect.")
    public record RedirectConfig(
            @Doc("Where to: `{scheme}`, `{host}`, `{path}`, `{query}` (with its `?`) and `$1` for a pattern's groups.")
            String to,

            @Doc("301, 302, 303, 307 or 308.") @Default("308")
            int status) {}

    /** A fixed answer. */
    @Doc("A fixed answer.")
    public record RespondConfig(
            @Doc("The status.") @Default("200") @Range(min = "200", max = "599")
            int status,

            @Doc("The body.") @Default("") String body,

            @Doc("Its type.") @Default("text/plain; charset=utf-8")
            String type) {}

    /** Changes of header fields. */
    @Doc("Changes of header fields.")
    public record HeaderChangesConfig(
            @Doc("Fields that replace those of their name.") Map<String, String> set,
            @Doc("Fields that are added.") Map<String, String> add,
            @Doc("Names of fields that are taken out.") List<String> remove) {}

    /** A route's own limits. */
    @Doc("Limits of a route beside the section's.")
    public record RouteLimitsConfig(
            @Doc("Bytes of a request's body; the section's where left out.") @Nullable
            DataSize body,

            @Doc("Bytes of a request's line and header fields; the section's where left out.") @Nullable
            DataSize head) {}

    /** A rate limit. */
    @Doc("Requests of one key beyond the rate get 429 with Retry-After.")
    public record RateLimitConfig(
            @Doc("Requests within `per`.") @Range(min = "1", max = "10000000")
            int requests,

            @Doc("The time they are meant for.") @Default("1s") @Range(min = "1ms", max = "1d")
            Duration per,

            @Doc("Requests that may come at once; `requests` where left out.")
            @Range(min = "1", max = "10000000")
            @Nullable
            Integer burst,

            @Doc("What tells clients apart: `address`, `header:NAME` or `cookie:NAME`; who has none goes by address.")
            @Default("address")
            String by,

            @Doc("Keys remembered at a time; beyond that the one longest at rest is forgotten.")
            @Default("65536")
            @Range(min = "64", max = "4194304")
            int keys) {}

    /** Reports what is wrong with it. */
    public void check(Check check, String at, Set<String> known) {
        int ways = (pool == null ? 0 : 1)
                + (pools.isEmpty() ? 0 : 1)
                + (redirect == null ? 0 : 1)
                + (respond == null ? 0 : 1);
        if (ways != 1) {
            check.problem(at, "needs exactly one of `pool`, `pools`, `redirect` and `respond`");
        }
        if (pool != null) {
            check.reference(at + ".pool", "pool", pool, known);
        }
        pools.forEach((name, share) -> {
            check.reference(at + ".pools." + name, "pool", name, known);
            if (share < 0 || share > 1_000_000) {
                check.problem(at + ".pools." + name, "share: " + share + " (expected: 0 to 1000000)");
            }
        });
        if (!pools.isEmpty() && pools.values().stream().allMatch(share -> share == 0)) {
            check.problem(at + ".pools", "shares: all 0 (expected: at least one above)");
        }
        if (mirror != null) {
            check.reference(at + ".mirror.pool", "pool", mirror.pool(), known);
            if (pool == null && pools.isEmpty()) {
                check.problem(at + ".mirror", "only beside `pool` or `pools`");
            }
        }
        checkRate(check, at);
        checkHost(check, at);
        checkTexts(check, at);
        checkHeaders(check, at + ".request-headers", requestHeaders, true);
        checkHeaders(check, at + ".response-headers", responseHeaders, false);
        for (String status : errorPages.keySet()) {
            if (!status.matches("[45](\\d\\d|xx)")) {
                check.problem(
                        at + ".error-pages." + status, "status: " + status + " (expected: 400 to 599, 4xx or 5xx)");
            }
        }
        if (redirect != null && !REDIRECTS.contains(redirect.status())) {
            check.problem(
                    at + ".redirect.status", "status: " + redirect.status() + " (expected: 301, 302, 303, 307 or 308)");
        }
    }

    private void checkRate(Check check, String at) {
        if (rateLimit != null && rateLimit.by().equals("path")) {
            check.problem(at + ".rate-limit.by", "by: path (expected: address, header:NAME or cookie:NAME)");
        } else if (rateLimit != null) {
            String by = rateLimit.by();
            attempt(check, at + ".rate-limit.by", () -> RequestKey.parse(by));
        }
    }

    private void checkHost(Check check, String at) {
        if (host != null && !RouteRule.hostOf(host).matches("(\\*\\.)?[a-z0-9_-]+(\\.[a-z0-9_-]+)*")) {
            check.problem(
                    at + ".host", "host: " + host + " (expected: a name, or *.name; in ASCII, xn-- for other letters)");
        }
    }

    private void checkTexts(Check check, String at) {
        if (!path.startsWith("/") && !path.startsWith("=/") && !path.startsWith("~")) {
            check.problem(at + ".path", "path: " + path + " (expected: /prefix, =/exact or ~pattern)");
        }
        attempt(check, at + ".path", () -> PathPattern.ofPath(path));
        headers.forEach((name, value) -> attempt(check, at + ".headers." + name, () -> ValueMatch.parse(name, value)));
        query.forEach((name, value) -> attempt(check, at + ".query." + name, () -> ValueMatch.parse(name, value)));
        cookies.forEach((name, value) -> attempt(check, at + ".cookies." + name, () -> ValueMatch.parse(name, value)));
        if (strip && path.startsWith("~")) {
            check.problem(at + ".strip", "strip: a pattern is the whole path (expected: `rewrite`, with its groups)");
        }
        if (strip && rewrite != null) {
            check.problem(at + ".rewrite", "`strip` and `rewrite` exclude each other; remove one of them");
        }
        if (rewrite != null) {
            String to = rewrite;
            attempt(check, at + ".rewrite", () -> TargetRewrite.of(path, false, to));
        }
    }

    private static void checkHeaders(Check check, String at, HeaderChangesConfig changes, boolean request) {
        attempt(check, at, () -> HeaderChanges.of(changes.set(), changes.add(), changes.remove(), request));
    }

    private static void attempt(Check check, String at, Runnable what) {
        try {
            what.run();
        } catch (IllegalArgumentException e) {
            check.problem(at, String.valueOf(e.getMessage()));
        }
    }
}
