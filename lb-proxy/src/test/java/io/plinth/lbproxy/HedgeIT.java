package io.plinth.lbproxy;

import static org.assertj.core.api.Assertions.assertThat;

import io.plinth.testkit.LeakCheck;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** Requests whose first server takes long: it never answers here, so that an answer is the second one's. */
@ExtendWith(LeakCheck.class)
@Timeout(120)
class HedgeIT {
    private static final String HEDGED = ", hedge: { min-requests: 20 }";

    @TempDir
    Path folder;

    private final CountDownLatch cancelled = new CountDownLatch(1);

    /** Answers, but what asks for {@code /stuck} waits for its end. */
    private Origin stuck() throws IOException {
        return Origin.serving(connection -> {
            for (String head = connection.readRequest(); head != null; head = connection.readRequest()) {
                if (head.contains(" /stuck ")) {
                    if (connection.in.read() < 0) {
                        cancelled.countDown();
                    }
                    return;
                }
                connection.answer("200 OK", "first");
            }
        });
    }

    private static String pool(String further, String first, String second) {
        return """
              timeouts: { response: 2s }
              routes: { all: { pool: web, retry: { attempts: 1 } } }
              pools:
                web: { servers: { a: "%s", b: "%s" }, balance: round-robin%s }
            """.formatted(first, second, further);
    }

    /** Requests for as long as it takes to have looked at their latencies, which is done five times a second. */
    private static void warmUp(Http http) throws IOException {
        long from = System.nanoTime();
        for (int i = 0; i < 60 || System.nanoTime() - from < TimeUnit.SECONDS.toNanos(1); i++) {
            Http.Response response = http.get("/");
            assertThat(response.status()).as(response.body()).isEqualTo(200);
        }
    }

    private static double metric(Proxy proxy, String name) {
        try {
            return proxy.metrics()
                    .lines()
                    .filter(line -> line.startsWith(name + "_total "))
                    .mapToDouble(line -> Double.parseDouble(line.substring(line.indexOf(' '))))
                    .sum();
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    /** Until the stuck server had the first turn. */
    private static void ask(Http http, String answer) throws IOException {
        for (int i = 0; i < 2; i++) {
            Http.Response response = http.get("/stuck");
            assertThat(response.status()).isEqualTo(200);
            assertThat(response.body()).isEqualTo(answer);
        }
    }

    @Test
    void theSecondServerAnswersAndTheFirstOnesConnectionIsClosed() throws Exception {
        try (Origin first = stuck();
                Origin second = Origin.answering("second");
                Proxy proxy = Proxy.start(folder, pool(HEDGED, first.at(), second.at()), 1);
                Http http = proxy.connect()) {
            warmUp(http);
            ask(http, "second");
            assertThat(cancelled.await(20, TimeUnit.SECONDS)).isTrue();
            assertThat(metric(proxy, "lb_proxy_hedges_won")).isGreaterThanOrEqualTo(1);
            for (int i = 0; i < 10; i++) {
                assertThat(http.get("/").status()).isEqualTo(200);
            }
        }
    }

    @Test
    void theStreamOfTheFirstServerIsReset() throws Exception {
        try (Origin first = stuck();
                Origin second = Origin.answering("second");
                Proxy back = Proxy.of(Files.createDirectories(folder.resolve("one")), first);
                Proxy other = Proxy.of(Files.createDirectories(folder.resolve("other")), second);
                Proxy proxy = Proxy.start(
                        folder,
                        pool(
                                HEDGED + ", protocol: http2",
                                "127.0.0.1:" + back.address().getPort(),
                                "127.0.0.1:" + other.address().getPort()),
                        1);
                H2 h2 = H2.to(proxy.address());
                Http http = proxy.connect()) {
            warmUp(http);
            for (int i = 0; i < 2; i++) {
                assertThat(h2.get("/stuck").body()).isEqualTo("second");
            }
            assertThat(cancelled.await(20, TimeUnit.SECONDS)).isTrue();
            assertThat(back.metrics()).containsPattern("lb_proxy_requests_total\\{route=\"all\",status=\"4xx\"} [1-9]");
            assertThat(metric(back, "lb_proxy_connections_closed")).isZero();
        }
    }

    /** POST may have an effect; and without a budget nothing is sent twice. */
    @Test
    void whatMayNotBeRepeatedOrHasNoBudgetIsSentOnce() throws Exception {
        try (Origin first = stuck();
                Origin second = stuck();
                Proxy proxy = Proxy.start(folder, pool(HEDGED, first.at(), second.at()), 1);
                Proxy without = Proxy.start(
                        Files.createDirectories(folder.resolve("without")),
                        pool(HEDGED + ", retry-budget: { percent: 0, min: 0 }", first.at(), second.at()),
                        1);
                Http http = proxy.connect();
                Http other = without.connect()) {
            warmUp(http);
            warmUp(other);
            double before = metric(proxy, "lb_proxy_hedges");
            http.send("POST /stuck HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
            other.send("GET /stuck HTTP/1.1\r\nHost: a\r\n\r\n");
            assertThat(http.read().status()).isEqualTo(504);
            assertThat(metric(proxy, "lb_proxy_hedges")).isEqualTo(before);
            assertThat(other.read().status()).isEqualTo(504);
            assertThat(metric(without, "lb_proxy_hedges")).isZero();
        }
    }

    /** Answers requests with bodies of either kind, and lists them with the bodies' sizes. */
    private static void reading(Origin.Connection connection, String answer, List<String> asked) throws IOException {
        for (String head = connection.readHead(); head != null; head = connection.readHead()) {
            int size = 0;
            if (head.contains("Transfer-Encoding: chunked")) {
                size = Http.chunks(connection.in).length();
            } else if (head.contains("Content-Length: ")) {
                int at = head.indexOf("Content-Length: ") + 16;
                size = connection.in.readNBytes(Integer.parseInt(head.substring(at, head.indexOf('\r', at)))).length;
            }
            asked.add(head.substring(0, head.indexOf(" HTTP")) + " " + size);
            connection.answer("200 OK", answer);
        }
    }

    @Test
    void copiesGoToTheMirrorWithTheirBodiesAndItsAnswersAreThrownAway() throws Exception {
        CompletableFuture<Void> never = new CompletableFuture<>();
        List<String> asked = new CopyOnWriteArrayList<>();
        try (Origin web = Origin.serving(connection -> reading(connection, "web", new CopyOnWriteArrayList<>()));
                Origin shadow = Origin.serving(connection -> reading(connection, "shadow", asked));
                Origin dead = Origin.serving(connection -> never.join());
                Proxy proxy = Proxy.start(folder, """
                      routes:
                        all: { pool: web, mirror: { pool: shadow, body: 1KiB } }
                        dead: { path: /dead, pool: web, mirror: { pool: dead, under-way: 2 } }
                        gone: { path: /gone, pool: web, mirror: gone }
                      pools:
                        web: { servers: { s: "%s" } }
                        shadow: { servers: { s: "%s" } }
                        dead: { servers: { s: "%s" } }
                        gone: { servers: { s: "127.0.0.1:1" } }
                    """.formatted(web.at(), shadow.at(), dead.at()), 1);
                Http http = proxy.connect();
                H2 h2 = H2.to(proxy.address())) {
            for (int i = 0; i < 3; i++) {
                assertThat(http.get("/a" + i).body()).isEqualTo("web");
                assertThat(h2.get("/b" + i).body()).isEqualTo("web");
            }
            for (int size : new int[] {1000, 3000}) {
                http.send("POST /post HTTP/1.1\r\nHost: a\r\nContent-Length: " + size + "\r\n\r\n" + "x".repeat(size));
                assertThat(http.read().body()).isEqualTo("web");
                int id = h2.request("POST", "/stream", false);
                h2.data(id, "x".repeat(size), true);
                assertThat(h2.read(id).body()).isEqualTo("web");
            }
            Proxy.await("the copies", () -> asked.size() == 8);
            assertThat(asked)
                    .contains("GET /a0 0", "GET /b2 0", "POST /post 1000", "POST /stream 1000")
                    .doesNotContain("POST /post 3000", "POST /stream 3000");
            for (int i = 0; i < 5; i++) {
                assertThat(Http.get(proxy.address(), "/dead").body()).isEqualTo("web");
                assertThat(Http.get(proxy.address(), "/gone").body()).isEqualTo("web");
            }
            assertThat(metric(proxy, "lb_proxy_mirror_dropped")).isGreaterThanOrEqualTo(4);
            assertThat(proxy.metrics()).contains("lb_proxy_requests_total{route=\"all\",status=\"5xx\"} 0.0");
        } finally {
            never.complete(null);
        }
    }
}
