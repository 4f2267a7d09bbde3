package io.plinth.lbproxy;

import static org.assertj.core.api.Assertions.assertThat;

import io.plinth.testkit.LeakCheck;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@ExtendWith(LeakCheck.class)
@Timeout(120)
class ResilienceIT {
    @TempDir
    Path folder;

    /** Reads a request and closes without a byte of an answer. */
    private static Origin dying() throws IOException {
        return Origin.serving(connection -> {
            connection.readRequest();
        });
    }

    @Test
    void aGetWhoseServerDiesIsTriedOnAnother() throws Exception {
        try (Origin bad = dying();
                Origin good = Origin.answering("good");
                Proxy proxy = Proxy.of(folder, bad, good)) {
            for (int i = 0; i < 10; i++) {
                Http.Response response = Http.get(proxy.address(), "/");
                assertThat(response.status()).isEqualTo(200);
                assertThat(response.body()).isEqualTo("good");
            }
            assertThat(bad.connections.get()).isPositive();
            assertThat(proxy.metrics()).containsPattern("lb_proxy_retries_total [1-9]");
        }
    }

    @ParameterizedTest
    @CsvSource({"POST, 'Content-Length: 0|'", "GET, 'Content-Length: 1|'", "DELETE, ''"})
    void whatMayHaveHadAnEffectIsTriedOnce(String method, String header) throws Exception {
        try (Origin one = dying();
                Origin other = dying();
                Proxy proxy = Proxy.of(folder, one, other);
                Http http = proxy.connect()) {
            http.send(method + " / HTTP/1.1\r\nHost: a\r\n" + header.replace("|", "\r\n") + "\r\n"
                    + (header.contains("1") ? "x" : ""));
            Http.Response response = http.read();
            assertThat(response.status()).isEqualTo(502);
            assertThat(response.body()).contains("closed before it answered");
            assertThat(one.heads.size() + other.heads.size()).isEqualTo(1);
        }
    }

    @Test
    void aGetIsTriedOnNoMoreServersThanItsRouteAllows() throws Exception {
        try (Origin one = dying();
                Origin two = dying();
                Origin three = dying();
                Proxy proxy = Proxy.of(folder, one, two, three)) {
            assertThat(Http.get(proxy.address(), "/").status()).isEqualTo(502);
            assertThat(one.heads.size() + two.heads.size() + three.heads.size()).isEqualTo(2);
        }
    }

    @Test
    void aServerConnectionThatDiedWhileIdleIsNobodysFailure() throws Exception {
        try (Origin origin = Origin.serving(connection -> {
                    connection.readRequest();
                    connection.answer("200 OK", "once");
                    // Without a word: the next request finds the connection gone.
                    connection.readRequest();
                });
                Proxy proxy = Proxy.of(folder, origin);
                Http http = proxy.connect()) {
            for (int i = 0; i < 10; i++) {
                assertThat(http.get("/").body()).isEqualTo("once");
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"round-robin", "peak-ewma"})
    void aKilledServerFailsNoGet(String balance) throws Exception {
        AtomicBoolean stop = new AtomicBoolean();
        AtomicInteger done = new AtomicInteger();
        try (Origin one = Origin.answering("one");
                Origin two = Origin.answering("two");
                Origin three = Origin.answering("three");
                Proxy proxy =
                        Proxy.start(folder, Proxy.section("", one, two, three).replace("round-robin", balance));
                ExecutorService clients = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<Integer>> failures = new ArrayList<>();
            Callable<Integer> client = () -> {
                int failed = 0;
                try (Http http = proxy.connect()) {
                    while (!stop.get()) {
                        failed += http.get("/").status() == 200 ? 0 : 1;
                        done.incrementAndGet();
                    }
                }
                return failed;
            };
            for (int i = 0; i < 16; i++) {
                failures.add(clients.submit(client));
            }
            Proxy.await("load", () -> done.get() > 500);
            one.kill();
            int atKill = done.get();
            Proxy.await("load after the kill", () -> done.get() > atKill + 1_000);
            stop.set(true);
            for (Future<Integer> failed : failures) {
                assertThat(failed.get()).isZero();
            }
            if (balance.equals("round-robin")) {
                // Peak EWMA may not even try it again.
                assertThat(proxy.metrics())
                        .containsPattern("lb_proxy_ejections_total\\{pool=\"web\",server=\"s0\"} [1-9]");
            }
        }
    }

    @Test
    void withEveryServerGoneTheAnswerNamesRouteAndPool() throws Exception {
        Origin gone = Origin.answering("x");
        gone.close();
        try (Proxy proxy = Proxy.of(folder, gone)) {
            Http.Response response = Http.get(proxy.address(), "/");
            assertThat(response.status()).isEqualTo(502);
            assertThat(response.body()).startsWith("502 Bad Gateway: route all, pool web: server s0 not reached (");
            assertThat(Http.get(proxy.address(), "/").status()).isEqualTo(502);
        }
    }

    @Test
    void healthChecksTakeAServerOutAndBringItBack() throws Exception {
        AtomicBoolean well = new AtomicBoolean(true);
        try (Origin sick = Origin.serving(connection -> {
                    while (connection.readRequest() != null) {
                        connection.answer(well.get() ? "200 OK" : "500 Internal Server Error", "sick");
                    }
                });
                Origin good = Origin.answering("good");
                Proxy proxy = Proxy.start(
                        folder,
                        Proxy.section("", sick, good)
                                .replace(
                                        "balance: round-robin",
                                        "balance: round-robin, health: { http: /healthz, interval: 100ms, rise: 2,"
                                                + " fall: 2 }"))) {
            well.set(false);
            awaitAvailable(proxy, "1.0");
            for (int i = 0; i < 10; i++) {
                assertThat(Http.get(proxy.address(), "/").body()).isEqualTo("good");
            }
            well.set(true);
            awaitAvailable(proxy, "2.0");
            Proxy.await("its turn again", () -> body(proxy).equals("sick"));
        }
    }

    @Test
    void aCheckThatConnectsTakesAServerOutAndBringsItBack() throws Exception {
        try (Origin good = Origin.answering("good")) {
            Origin gone = Origin.answering("gone");
            int port = gone.port();
            String keys = "round-robin, health: { interval: 100ms, rise: 2, fall: 2 }";
            try (Proxy proxy = Proxy.start(folder, Proxy.section("", gone, good).replace("round-robin", keys))) {
                awaitAvailable(proxy, "2.0");
                gone.kill();
                awaitAvailable(proxy, "1.0");
                assertThat(proxy.admin("/explain?url=http://a/")).contains("s0: unhealthy by its checks");
                try (Origin back = Origin.at(port, connection -> {
                    while (connection.readRequest() != null) {
                        connection.answer("200 OK", "back");
                    }
                })) {
                    awaitAvailable(proxy, "2.0");
                    Proxy.await("its turn again", () -> body(proxy).equals("back"));
                    assertThat(back.connections.get()).isPositive();
                }
            }
        }
    }

    private static void awaitAvailable(Proxy proxy, String count) throws InterruptedException {
        Proxy.await(count + " servers", () -> {
            try {
                return proxy.metrics().contains("lb_proxy_servers_available{pool=\"web\"} " + count);
            } catch (Exception e) {
                throw new IllegalStateException(e);
            }
        });
    }

    private static String body(Proxy proxy) {
        try {
            return Http.get(proxy.address(), "/").body();
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    @Test
    void withNoHealthyServerTheAnswerIsUnavailable() throws Exception {
        try (Origin sick = Origin.serving(connection -> {
                    while (connection.readRequest() != null) {
                        connection.answer("500 Internal Server Error", "sick");
                    }
                });
                Proxy proxy = Proxy.start(
                        folder,
                        Proxy.section("", sick)
                                .replace(
                                        "round-robin", "round-robin, health: { http: /, interval: 100ms, fall: 1 }"))) {
            awaitAvailable(proxy, "0.0");
            Http.Response response = Http.get(proxy.address(), "/");
            assertThat(response.status()).isEqualTo(503);
            assertThat(response.body()).contains("route all, pool web: no healthy server");
        }
    }

    @Test
    void requestsOverTheConnectionsOfAServerWaitTheirTurnOrAreRefused() throws Exception {
        CountDownLatch go = new CountDownLatch(1);
        try (Origin origin = Origin.serving(connection -> {
                    while (connection.readRequest() != null) {
                        awaitQuietly(go);
                        connection.answer("200 OK", "turn");
                    }
                });
                Proxy proxy = Proxy.start(
                        folder,
                        Proxy.section("", origin).replace("round-robin", "round-robin, max-per-server: 2, queue: 4"));
                ExecutorService clients = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<Integer>> answers = new ArrayList<>();
            AtomicInteger refused = new AtomicInteger();
            for (int i = 0; i < 20; i++) {
                answers.add(clients.submit(() -> {
                    int status = Http.get(proxy.address(), "/").status();
                    refused.addAndGet(status == 503 ? 1 : 0);
                    return status;
                }));
            }
            Proxy.await("refusals", () -> refused.get() >= 14);
            go.countDown();
            for (Future<Integer> answer : answers) {
                assertThat(answer.get()).isIn(200, 503);
            }
        }
    }

    @Test
    void whoWaitsForAConnectionForTooLongIsToldSo() throws Exception {
        CountDownLatch asked = new CountDownLatch(1);
        CountDownLatch go = new CountDownLatch(1);
        try (Origin origin = Origin.serving(connection -> {
                    while (connection.readRequest() != null) {
                        asked.countDown();
                        awaitQuietly(go);
                        connection.answer("200 OK", "turn");
                    }
                });
                Proxy proxy = Proxy.start(
                        folder,
                        Proxy.section("timeouts: { queue: 300ms }", origin)
                                .replace("round-robin", "round-robin, max-per-server: 1"));
                Http first = proxy.connect()) {
            first.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
            asked.await();
            Http.Response late = Http.get(proxy.address(), "/");
            assertThat(late.status()).isEqualTo(503);
            assertThat(late.body()).contains("every connection in use for longer than timeouts.queue");
            assertThat(proxy.metrics()).contains("lb_proxy_waiting_requests{pool=\"web\"} 0.0");
            go.countDown();
            assertThat(first.read().body()).isEqualTo("turn");
            assertThat(first.get("/").status()).isEqualTo(200);
        }
    }

    private static void awaitQuietly(CountDownLatch latch) throws IOException {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new IOException(e);
        }
    }

    @Test
    void aSlowHeadIsCutOff() throws Exception {
        try (Origin origin = Origin.answering("x");
                Proxy proxy =
                        Proxy.start(folder, Proxy.section("timeouts: { header: 300ms, keep-alive: 300ms }", origin));
                Http http = proxy.connect();
                Http idle = proxy.connect()) {
            http.send("GET / HTTP/1.1\r\nHost:");
            assertThat(http.read().status()).isEqualTo(408);
            assertThat(http.closed()).isTrue();
            assertThat(idle.closed()).isTrue();
            try (Http used = proxy.connect()) {
                assertThat(used.get("/").status()).isEqualTo(200);
                assertThat(used.closed()).isTrue();
            }
        }
    }

    @Test
    void aServerThatDoesNotAnswerInTimeIsAGatewayTimeout() throws Exception {
        try (Origin origin = Origin.serving(connection -> connection.in.readAllBytes());
                Proxy proxy = Proxy.start(folder, Proxy.section("timeouts: { response: 300ms }", origin))) {
            Http.Response response = Http.get(proxy.address(), "/");
            assertThat(response.status()).isEqualTo(504);
            assertThat(response.body()).contains("server s0 did not answer within timeouts.response");
        }
    }

    @Test
    void aStreamThatStallsIsCutOff() throws Exception {
        try (Origin origin = Origin.serving(connection -> {
                    connection.readRequest();
                    connection.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
                    connection.in.readAllBytes();
                });
                Proxy proxy = Proxy.start(folder, Proxy.section("timeouts: { stream: 300ms }", origin));
                Http http = proxy.connect()) {
            http.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
            Http.readHead(http.in);
            assertThat(http.in.readNBytes(10)).hasSize(4);
        }
    }

    @Test
    void connectionsOverTheLimitAreTurnedAway() throws Exception {
        try (Origin origin = Origin.answering("x");
                Proxy proxy = Proxy.start(folder, Proxy.section("limits: { connections: 2 }", origin));
                Http one = proxy.connect();
                Http two = proxy.connect()) {
            assertThat(one.get("/").status()).isEqualTo(200);
            assertThat(two.get("/").status()).isEqualTo(200);
            try (Http three = proxy.connect()) {
                assertThat(three.read().status()).isEqualTo(503);
            }
            one.socket.close();
            Proxy.await("room", () -> {
                try {
                    return Http.get(proxy.address(), "/").status() == 200;
                } catch (IOException e) {
                    return false;
                }
            });
        }
    }

    @Test
    void aDrainEndsIdleConnectionsAndLetsTheOthersFinish() throws Exception {
        CountDownLatch asked = new CountDownLatch(1);
        CountDownLatch go = new CountDownLatch(1);
        try (Origin origin = Origin.serving(connection -> {
                    while (connection.readRequest() != null) {
                        asked.countDown();
                        awaitQuietly(go);
                        connection.answer("200 OK", "done");
                    }
                });
                Proxy proxy = Proxy.of(folder, origin);
                Http idle = proxy.connect();
                Http busy = proxy.connect()) {
            busy.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
            asked.await();
            Proxy.await("both counted", () -> {
                try {
                    return proxy.metrics().contains("lb_proxy_connections_total 2.0");
                } catch (Exception e) {
                    throw new IllegalStateException(e);
                }
            });
            var stopped = proxy.node.drainAndStop(java.time.Duration.ofSeconds(20));
            assertThat(idle.closed()).isTrue();
            assertThat(stopped).isNotDone();
            go.countDown();
            Http.Response last = busy.read();
            assertThat(last.body()).isEqualTo("done");
            assertThat(last.header("Connection")).isEqualTo("close");
            stopped.get();
        }
    }

    @Test
    void aDrainTellsHttp2ClientsToOpenNoMoreStreamsAndLetsTheirsFinish() throws Exception {
        CountDownLatch asked = new CountDownLatch(1);
        CountDownLatch go = new CountDownLatch(1);
        try (Origin origin = Origin.serving(connection -> {
                    for (String head = connection.readRequest(); head != null; head = connection.readRequest()) {
                        if (head.startsWith("GET /slow")) {
                            asked.countDown();
                            awaitQuietly(go);
                        }
                        connection.answer("200 OK", "done");
                    }
                });
                Proxy proxy = Proxy.of(folder, origin);
                H2 busy = H2.to(proxy.address());
                Http undecided = proxy.connect()) {
            int slow = busy.request("GET", "/slow", true);
            asked.await();
            undecided.send("PRI * HTTP");
            Proxy.await("both counted", () -> {
                try {
                    return proxy.metrics().contains("lb_proxy_connections_total 2.0");
                } catch (Exception e) {
                    throw new IllegalStateException(e);
                }
            });
            var stopped = proxy.node.drainAndStop(java.time.Duration.ofSeconds(20));
            while (busy.goAway == H2.NONE) {
                assertThat(busy.readFrame()).isTrue();
            }
            // Becomes one of HTTP/2 only now.
            undecided.send("/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0");
            byte[] last = undecided.in.readAllBytes();
            assertThat(last).as("ends with a GOAWAY of two").hasSizeGreaterThan(17);
            assertThat(last[last.length - 14]).isEqualTo((byte) H2.GOAWAY);
            // Opened before it could know: the connection's end has come, its DATA is nobody's fault (RFC 9113 6.8).
            int late = busy.request("POST", "/late", false);
            busy.data(late, "late", true);
            go.countDown();
            busy.goAway = H2.NONE;
            H2.Stream finished = busy.read(slow);
            busy.goAway = H2.NONE;
            while (!finished.ended && busy.readFrame()) {}
            assertThat(finished.body()).isEqualTo("done");
            assertThat(busy.ending()).isEqualTo(0);
            stopped.get();
        }
    }

    @Test
    void aReloadChangesRoutesAndKeepsWhatDidNotChange() throws Exception {
        try (Origin web = Origin.answering("web");
                Origin api = Origin.answering("api");
                Proxy proxy = Proxy.of(folder, web);
                Http http = proxy.connect()) {
            assertThat(http.get("/api").body()).isEqualTo("web");
            String both = """
                  routes:
                    all: { pool: web }
                    api: { path: /api, pool: api }
                  pools:
                    web: { servers: { s0: "%s" }, balance: round-robin }
                    api: { servers: { a: "%s" } }
                """.formatted(web.at(), api.at());
            proxy.reload(both);
            assertThat(http.get("/api").body()).isEqualTo("api");
            assertThat(http.get("/").body()).isEqualTo("web");
            assertThat(web.connections).hasValue(1);
            proxy.reload(Proxy.section("", api).replace("round-robin", "peak-ewma"));
            assertThat(http.get("/").body()).isEqualTo("api");
        }
    }
}
