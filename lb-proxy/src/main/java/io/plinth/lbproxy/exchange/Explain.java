package io.plinth.lbproxy.exchange;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.plinth.kit.admin.AdminRoutes.Request;
import io.plinth.kit.admin.AdminRoutes.Response;
import io.plinth.lbproxy.route.Answer;
import io.plinth.lbproxy.route.Explanation;
import io.plinth.lbproxy.route.RouteRule;
import io.plinth.lbproxy.route.Shares;
import io.plinth.lbproxy.snapshot.RouteTarget;
import io.plinth.lbproxy.snapshot.Snapshot;
import io.plinth.lbproxy.upstream.Pick;
import io.plinth.lbproxy.upstream.Server;
import io.plinth.lbproxy.wire.http1.Framing;
import io.plinth.lbproxy.wire.http1.HeadParser;
import io.plinth.lbproxy.wire.http1.Rejection;
import io.plinth.lbproxy.wire.http1.RequestHead;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * The admin page that says what would become of a request: {@code GET /explain?url=http://host/path}, with {@code method}
 * and any number of {@code header=name: value}. It parses, routes and balances with what serves requests, on one of the
 * loops that do ({@code loop=0} unless told) for a client ({@code client=127.0.0.1} unless told), and takes no server's turn.
 */
public final class Explain {
    private final List<Worker> workers;
    private final RandomGenerator random;

    /** What it found; null where there is none. */
    private static final class Finding {
        @Nullable
        String route;

        @Nullable
        String pool;

        @Nullable
        String server;

        int status;
        final Explanation why = new Explanation();
    }

    /** Explains for these loops, which may be added later. */
    public Explain(List<Worker> workers, RandomGenerator random) {
        this.workers = workers;
        this.random = random;
    }

    /** Answers the admin server; on any thread. */
    public CompletionStage<Response> answer(Request request) {
        String url = first(request, "url", "");
        String method = first(request, "method", "GET").toUpperCase(Locale.ROOT);
        String loop = first(request, "loop", "0");
        URI uri;
        Worker worker;
        try {
            uri = new URI(url);
            worker = workers.get(Integer.parseInt(loop));
        } catch (URISyntaxException | NumberFormatException | IndexOutOfBoundsException e) {
            return refused("url: " + url + ", loop: " + loop + " (expected: a URL, and a loop below " + workers.size()
                    + ")\n");
        }
        String host = uri.getRawAuthority();
        boolean secure = "https".equalsIgnoreCase(uri.getScheme());
        if (host == null || (!secure && !"http".equalsIgnoreCase(uri.getScheme()))) {
            return refused("url: " + url + " (expected: http://host/path or https://host/path)\n");
        }
        String path = uri.getRawPath().isEmpty() ? "/" : uri.getRawPath();
        String query = uri.getRawQuery() == null ? "" : "?" + uri.getRawQuery();
        StringBuilder text = new StringBuilder(method + " " + path + query + " HTTP/1.1\r\n");
        List<String> headers = request.query().getOrDefault("header", List.of());
        if (headers.stream().noneMatch(line -> line.toLowerCase(Locale.ROOT).startsWith("host:"))) {
            text.append("Host: ").append(host).append("\r\n");
        }
        headers.forEach(line -> text.append(line).append("\r\n"));
        CompletableFuture<Response> answer = new CompletableFuture<>();
        worker.loop().execute(() -> {
            try {
                answer.complete(render(find(
                        worker,
                        text.append("\r\n").toString(),
                        secure ? "https" : "http",
                        first(request, "client", "127.0.0.1"))));
            } catch (RuntimeException e) {
                answer.complete(Response.text(500, "failed: " + e.getMessage() + "\n"));
            }
        });
        return answer;
    }

    private static CompletionStage<Response> refused(String why) {
        return CompletableFuture.completedFuture(Response.text(400, why));
    }

    private static String first(Request request, String name, String otherwise) {
        List<String> values = request.query().getOrDefault(name, List.of());
        return values.isEmpty() ? otherwise : values.getFirst();
    }

    private Finding find(Worker worker, String text, String scheme, String address) {
        Finding finding = new Finding();
        Snapshot snapshot = worker.snapshot();
        RequestHead head = new RequestHead();
        Rejection wrong = parse(snapshot, head, text);
        if (wrong != null) {
            finding.status = wrong.status();
            finding.why.add("refused: " + wrong.text());
            return finding;
        }
        RouteRule<RouteTarget> rule = snapshot.routes().rule(head, finding.why);
        if (rule == null) {
            finding.status = 404;
            finding.why.add("no route for this host and path");
            return finding;
        }
        RouteTarget target = rule.target();
        finding.route = rule.name();
        finding.why.add("route " + rule.name() + " yes: host " + (rule.host().isEmpty() ? "any" : rule.host())
                + ", path " + rule.path() + ", " + rule.conditions());
        Answer early = Admission.answer(target, head, scheme);
        Shares<RouteTarget.Destination> pools = target.pools();
        if (early != null || pools == null) {
            finding.status = early == null ? 503 : early.status();
            finding.why.add("answered here: " + (early == null ? "no pool" : early.status() + " " + early.why()));
            return finding;
        }
        RouteTarget.Destination to = pools.draw(random);
        finding.pool = to.pool().name();
        finding.why.add("pool " + finding.pool + ": share " + pools.share(to));
        Pick pick = new Pick();
        Attempts.ask(pick, to.pool(), head, address.getBytes(StandardCharsets.US_ASCII));
        Server server = to.pool().loop(worker.index()).explain(pick, finding.why);
        finding.server = server == null ? null : server.name();
        finding.why.add("server " + (server == null ? "none" : server.name() + " at " + server.authority())
                + ": balance "
                + to.pool().settings().balance().name().toLowerCase(Locale.ROOT).replace('_', '-')
                + " on loop " + worker.index());
        return finding;
    }

    private static @Nullable Rejection parse(Snapshot snapshot, RequestHead head, String text) {
        HeadParser parser = new HeadParser(snapshot.settings().limits(), head);
        ByteBuf bytes = Unpooled.wrappedBuffer(text.getBytes(StandardCharsets.ISO_8859_1));
        return switch (parser.parse(bytes)) {
            case DONE -> new Framing().request(head);
            case MORE -> Rejection.REQUEST_LINE;
            case REJECTED -> parser.rejection();
        };
    }

    private static Response render(Finding finding) {
        StringWriter text = new StringWriter();
        try (JsonGenerator json = new JsonFactory().createGenerator(text)) {
            json.writeStartObject();
            json.writeStringField("route", finding.route);
            json.writeStringField("pool", finding.pool);
            json.writeStringField("server", finding.server);
            if (finding.status != 0) {
                json.writeNumberField("status", finding.status);
            }
            json.writeArrayFieldStart("why");
            for (String line : finding.why.lines()) {
                json.writeString(line);
            }
            json.writeEndArray();
            json.writeEndObject();
        } catch (IOException e) {
            throw new UncheckedIOException("JSON in memory cannot fail", e);
        }
        return Response.json(200, text + "\n");
    }
}
