package io.plinth.lbproxy;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.sun.net.httpserver.HttpServer;
import io.plinth.testkit.LeakCheck;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** What an HTTP collector gets, decoded. */
@ExtendWith(LeakCheck.class)
@Timeout(120)
class TracingIT {
    private static final String SAMPLED = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    private static final String NOT_SAMPLED = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00";

    @TempDir
    Path folder;

    private final List<Map<?, ?>> spans = new CopyOnWriteArrayList<>();
    private final List<Map<?, ?>> resources = new CopyOnWriteArrayList<>();
    private final List<String> types = new CopyOnWriteArrayList<>();
    private final CountDownLatch stuck = new CountDownLatch(1);
    private HttpServer collector;
    private Origin origin;

    @BeforeEach
    void start() throws IOException {
        origin = Origin.answering("x");
        collector = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 10);
        collector.createContext("/v1/traces", exchange -> {
            types.add(exchange.getRequestHeaders().getFirst("Content-Type"));
            try (JsonParser parser = new JsonFactory().createParser(exchange.getRequestBody())) {
                parser.nextToken();
                decoded((Map<?, ?>) Objects.requireNonNull(value(parser)));
            }
            exchange.getResponseHeaders().add("Content-Type", "application/json");
            exchange.sendResponseHeaders(200, 2);
            exchange.getResponseBody().write(new byte[] {'{', '}'});
            exchange.close();
        });
        collector.createContext("/stuck", exchange -> {
            try {
                stuck.await(30, TimeUnit.SECONDS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            exchange.close();
        });
        collector.start();
    }

    @AfterEach
    void stop() throws IOException {
        stuck.countDown();
        collector.stop(0);
        origin.close();
    }

    private void decoded(Map<?, ?> request) {
        for (Object resource : list(request, "resourceSpans")) {
            resources.add(attributes((Map<?, ?>) Objects.requireNonNull(((Map<?, ?>) resource).get("resource"))));
            for (Object scope : list((Map<?, ?>) resource, "scopeSpans")) {
                for (Object span : list((Map<?, ?>) scope, "spans")) {
                    spans.add((Map<?, ?>) span);
                }
            }
        }
    }

    private static List<?> list(Map<?, ?> from, String name) {
        return (List<?>) Objects.requireNonNull(from.get(name));
    }

    /** Names and values, whatever their type. */
    private static Map<String, Object> attributes(Map<?, ?> of) {
        Map<String, Object> attributes = new LinkedHashMap<>();
        for (Object each : list(of, "attributes")) {
            Map<?, ?> attribute = (Map<?, ?>) each;
            Map<?, ?> value = (Map<?, ?>) Objects.requireNonNull(attribute.get("value"));
            attributes.put(
                    String.valueOf(attribute.get("key")),
                    value.values().iterator().next());
        }
        return attributes;
    }

    private static @Nullable Object value(JsonParser parser) throws IOException {
        if (parser.currentToken() == JsonToken.START_OBJECT) {
            Map<String, Object> map = new LinkedHashMap<>();
            while (parser.nextToken() == JsonToken.FIELD_NAME) {
                String name = parser.currentName();
                parser.nextToken();
                map.put(name, value(parser));
            }
            return map;
        }
        if (parser.currentToken() == JsonToken.START_ARRAY) {
            List<Object> list = new ArrayList<>();
            while (parser.nextToken() != JsonToken.END_ARRAY) {
                list.add(value(parser));
            }
            return list;
        }
        return parser.currentToken().isNumeric() ? (Object) parser.getLongValue() : parser.getText();
    }

    private Proxy proxy(String path, String further) throws Exception {
        return Proxy.start(
                folder,
                Proxy.section(
                        "tracing: { endpoint: \"http://127.0.0.1:%d%s\"%s }"
                                .formatted(collector.getAddress().getPort(), path, further),
                        origin));
    }

    private static void ask(Http http, String path, String... fields) throws IOException {
        http.send("GET " + path + " HTTP/1.1\r\nHost: shop.example\r\n" + String.join("\r\n", fields)
                + (fields.length == 0 ? "\r\n" : "\r\n\r\n"));
        assertThat(http.read().status()).isEqualTo(200);
    }

    private String sent(int request, String name) {
        for (String line : origin.heads.get(request).split("\r\n", -1)) {
            if (line.startsWith(name + ": ")) {
                return line.substring(name.length() + 2);
            }
        }
        return "";
    }

    @Test
    void aSampledRequestBecomesASpanThatIsItsServersParent() throws Exception {
        try (Proxy proxy = proxy("/v1/traces", ", sample: 0");
                Http http = proxy.connect()) {
            ask(http, "/a?b=1", "traceparent: " + SAMPLED, "tracestate: congo=t61");
            ask(http, "/none", "traceparent: " + NOT_SAMPLED, "tracestate: congo=t61");
            ask(http, "/bare");
            ask(http, "/zero", "traceparent: 00-" + "0".repeat(32) + "-b7ad6b7169203331-01", "tracestate: a=b");
            Proxy.await("the span", () -> spans.size() == 1);
            Map<?, ?> span = spans.getFirst();
            assertThat(sent(0, "traceparent"))
                    .isEqualTo("00-0af7651916cd43dd8448eb211c80319c-" + span.get("spanId") + "-01");
            assertThat(sent(0, "tracestate")).isEqualTo("congo=t61");
            assertThat(sent(1, "traceparent")).isEqualTo(NOT_SAMPLED);
            assertThat(sent(1, "tracestate")).isEqualTo("congo=t61");
            assertThat(sent(2, "traceparent")).matches("00-[0-9a-f]{32}-[0-9a-f]{16}-00");
            assertThat(sent(3, "traceparent"))
                    .matches("00-[0-9a-f]{32}-[0-9a-f]{16}-00")
                    .doesNotContain("0".repeat(32));
            assertThat(sent(3, "tracestate")).isEmpty();
            assertThat(span.get("traceId")).isEqualTo("0af7651916cd43dd8448eb211c80319c");
            assertThat(span.get("parentSpanId")).isEqualTo("b7ad6b7169203331");
            assertThat(span.get("traceState")).isEqualTo("congo=t61");
            assertThat(span.get("kind")).isEqualTo(2L);
            assertThat(Long.parseLong((String) Objects.requireNonNull(span.get("startTimeUnixNano"))))
                    .isPositive()
                    .isLessThanOrEqualTo(Long.parseLong((String) Objects.requireNonNull(span.get("endTimeUnixNano"))));
            assertThat(attributes(span))
                    .containsEntry("http.request.method", "GET")
                    .containsEntry("url.path", "/a")
                    .containsEntry("url.scheme", "http")
                    .containsEntry("server.address", "shop.example")
                    .containsEntry("http.route", "all")
                    .containsEntry("plinth.pool", "web")
                    .containsEntry("plinth.server", "s0")
                    .containsEntry("http.response.status_code", "200");
            assertThat(resources.getFirst().get("service.name")).isEqualTo("lb");
            assertThat(types).containsOnly("application/json");
            Proxy.await("its count", () -> {
                try {
                    return proxy.metrics().contains("lb_proxy_spans_total 1.0");
                } catch (Exception e) {
                    throw new IllegalStateException(e);
                }
            });
            assertThat(proxy.metrics()).contains("lb_proxy_spans_dropped_total 0.0");
        }
    }

    @Test
    void requestsWithoutATraceAreSampledByShareAndClientsNeedNotDecide() throws Exception {
        try (Proxy proxy = proxy("/v1/traces", ", sample: 100, parents: false");
                Http http = proxy.connect()) {
            ask(http, "/bare");
            ask(http, "/told", "traceparent: " + SAMPLED);
            Proxy.await("the span", () -> !spans.isEmpty());
            assertThat(spans.getFirst().get("parentSpanId")).isNull();
            assertThat(sent(0, "traceparent"))
                    .isEqualTo("00-" + spans.getFirst().get("traceId") + "-"
                            + spans.getFirst().get("spanId") + "-01");
            assertThat(sent(1, "traceparent")).isEqualTo(SAMPLED);
        }
        assertThat(spans).hasSize(1);
    }

    @Test
    void aCollectorThatHangsCostsSpansAndNoRequest() throws Exception {
        try (Proxy proxy = proxy("/stuck", ", sample: 100, queue: 10");
                Http http = proxy.connect()) {
            Proxy.await("spans to be dropped", () -> {
                try {
                    for (int i = 0; i < 20; i++) {
                        assertThat(http.get("/").status()).isEqualTo(200);
                    }
                    return !proxy.metrics().contains("lb_proxy_spans_dropped_total 0.0");
                } catch (Exception e) {
                    throw new IllegalStateException(e);
                }
            });
            stuck.countDown();
        }
    }
}
