package io.plinth.lbproxy;

import static org.assertj.core.api.Assertions.assertThat;

import io.plinth.testkit.LeakCheck;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
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
import org.junit.jupiter.params.provider.ValueSource;

@ExtendWith(LeakCheck.class)
@Timeout(120)
class BalancingIT {
    @TempDir
    Path folder;

    private static Origin failing(AtomicBoolean fails, String name) throws IOException {
        return Origin.serving(connection -> {
            while (connection.readRequest() != null) {
                connection.answer(fails.get() ? "503 Service Unavailable" : "200 OK", name);
            }
        });
    }

    private static String pool(String keys, Origin... origins) {
        return Proxy.section("", origins).replace("balance: round-robin", keys);
    }

    @Test
    void aCookieKeepsAClientAtItsServer() throws Exception {
        try (Origin one = Origin.answering("one");
                Origin two = Origin.answering("two");
                Proxy proxy =
                        Proxy.start(folder, pool("balance: round-robin, sticky: { cookie: lb, ttl: 1h }", one, two))) {
            Http.Response first = Http.get(proxy.address(), "/");
            String cookie = Objects.requireNonNull(first.header("Set-Cookie"));
            assertThat(cookie).matches("lb=[0-9a-f]{16}; Path=/; HttpOnly; SameSite=Lax; Max-Age=3600");
            for (int i = 0; i < 10; i++) {
                try (Http http = proxy.connect()) {
                    http.send("GET / HTTP/1.1\r\nHost: a\r\nCookie: x=y; " + cookie.substring(0, 19) + "\r\n\r\n");
                    Http.Response again = http.read();
                    assertThat(again.body()).isEqualTo(first.body());
                    assertThat(again.header("Set-Cookie")).isNull();
                }
            }
            assertThat(proxy.admin("/explain?url=http://a/&header=Cookie:%20" + cookie.substring(0, 19)))
                    .contains("the cookie names the server");
            (first.body().equals("one") ? one : two).kill();
            try (Http http = proxy.connect()) {
                http.send("GET / HTTP/1.1\r\nHost: a\r\nCookie: " + cookie.substring(0, 19) + "\r\n\r\n");
                Http.Response other = http.read();
                assertThat(other.body()).isNotEqualTo(first.body());
                assertThat(other.header("Set-Cookie")).isNotEqualTo(cookie);
            }
        }
    }

    @Test
    void aHeaderDecidesTheServerWhereItIsHashed() throws Exception {
        try (Origin one = Origin.answering("one");
                Origin two = Origin.answering("two");
                Origin three = Origin.answering("three");
                Proxy proxy =
                        Proxy.start(folder, pool("balance: consistent-hash, hash: header:X-User", one, two, three));
                Http http = proxy.connect();
                Http other = proxy.connect()) {
            for (int user = 0; user < 20; user++) {
                String request = "GET / HTTP/1.1\r\nHost: a\r\nX-User: " + user + "\r\n\r\n";
                String server = http.send(request).read().body();
                assertThat(other.send(request).read().body()).isEqualTo(server);
                String explained = proxy.admin("/explain?url=http://a/&header=X-User:%20" + user);
                assertThat(explained)
                        .contains("\"server\":\"s"
                                + List.of("one", "two", "three").indexOf(server) + "\"");
            }
        }
    }

    @Test
    void aServerWhoseAnswersAreErrorsIsLeftAlone() throws Exception {
        AtomicBoolean fails = new AtomicBoolean(true);
        try (Origin bad = failing(fails, "bad");
                Origin good = Origin.answering("good");
                Proxy proxy = Proxy.start(
                        folder,
                        pool("balance: round-robin, eject: 1h, eject-max: 1h, outliers: { consecutive: 3 }", bad, good),
                        1)) {
            int failures = 0;
            for (int i = 0; i < 30; i++) {
                failures += Http.get(proxy.address(), "/").status() == 503 ? 1 : 0;
            }
            assertThat(failures).isEqualTo(3);
            assertThat(proxy.metrics()).contains("lb_proxy_ejections_total{pool=\"web\",server=\"s0\"} 1.0");
            assertThat(proxy.admin("/explain?url=http://a/")).contains("s0: ejected after failures");
        }
    }

    @Test
    void withTooFewServersLeftAllAreUsed() throws Exception {
        AtomicBoolean fails = new AtomicBoolean(true);
        try (Origin one = failing(fails, "one");
                Origin two = failing(fails, "two");
                Origin good = Origin.answering("good");
                Proxy proxy = Proxy.start(
                        folder,
                        pool(
                                "balance: round-robin, eject: 1h, eject-max: 1h, outliers: { consecutive: 1 }",
                                one,
                                two,
                                good))) {
            Proxy.await("panic", () -> {
                try {
                    Http.get(proxy.address(), "/");
                    return proxy.metrics().contains("lb_proxy_panic{pool=\"web\"} 1.0");
                } catch (Exception e) {
                    throw new IllegalStateException(e);
                }
            });
            fails.set(false);
            List<String> seen = new ArrayList<>();
            for (int i = 0; i < 12; i++) {
                seen.add(Http.get(proxy.address(), "/").body());
            }
            assertThat(seen).contains("one", "two", "good");
        }
    }

    @Test
    void anErrorStatusIsTriedOnAnotherServerWithinTheBudget() throws Exception {
        AtomicBoolean fails = new AtomicBoolean(true);
        try (Origin bad = failing(fails, "bad");
                Origin good = Origin.answering("good");
                Proxy proxy = Proxy.start(folder, """
                      routes: { all: { pool: web, retry: { attempts: 2, statuses: [503] } } }
                      pools:
                        web:
                          servers: { s0: "%s", s1: "%s" }
                          balance: round-robin
                          outliers: { consecutive: 0 }
                          retry-budget: { percent: 0, min: 4 }
                    """.formatted(bad.at(), good.at()), 1)) {
            List<Integer> statuses = new ArrayList<>();
            for (int i = 0; i < 200; i++) {
                statuses.add(Http.get(proxy.address(), "/").status());
            }
            assertThat(statuses.subList(0, 8)).containsOnly(200);
            assertThat(statuses).contains(503);
            int before = bad.heads.size();
            try (Http http = proxy.connect()) {
                http.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
                http.read();
                http.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
                http.read();
            }
            assertThat(bad.heads.size() - before).isEqualTo(1);
        }
    }

    @Test
    void anOpenCircuitRefusesAtOnceAndClosesAgain() throws Exception {
        AtomicBoolean fails = new AtomicBoolean(true);
        try (Origin origin = failing(fails, "x");
                Proxy proxy = Proxy.start(
                        folder,
                        pool("balance: round-robin, breaker: { min-requests: 5, open: 300ms, trials: 1 }", origin))) {
            Proxy.await("open", () -> body(proxy).contains("circuit breaker open"));
            int before = origin.heads.size();
            assertThat(proxy.metrics()).contains("lb_proxy_breaker_open{pool=\"web\"} 1.0");
            fails.set(false);
            Proxy.await("closed", () -> body(proxy).equals("x"));
            assertThat(origin.heads.size() - before).isLessThan(20);
        }
    }

    private static String body(Proxy proxy) {
        try {
            return Http.get(proxy.address(), "/").body();
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    @Test
    void theCapOfAServerHoldsOverAllLoopsAndNobodyStarves() throws Exception {
        CountDownLatch go = new CountDownLatch(1);
        AtomicInteger atOnce = new AtomicInteger();
        AtomicInteger most = new AtomicInteger();
        try (Origin origin = Origin.serving(connection -> {
                    int now = atOnce.incrementAndGet();
                    most.accumulateAndGet(now, Math::max);
                    while (connection.readRequest() != null) {
                        try {
                            go.await();
                        } catch (InterruptedException e) {
                            throw new IOException(e);
                        }
                        connection.answer("200 OK", "x");
                    }
                    atOnce.decrementAndGet();
                });
                Proxy proxy = Proxy.start(folder, pool("max-per-server: 3", origin), 4);
                ExecutorService clients = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<Integer>> answers = new ArrayList<>();
            for (int i = 0; i < 40; i++) {
                answers.add(clients.submit(() -> {
                    try (Http http = proxy.connect()) {
                        int sum = 0;
                        for (int j = 0; j < 10; j++) {
                            sum += http.get("/").status();
                        }
                        return sum;
                    }
                }));
            }
            Proxy.await("all connections", () -> atOnce.get() == 3);
            go.countDown();
            for (Future<Integer> answer : answers) {
                assertThat(answer.get()).isEqualTo(2_000);
            }
            assertThat(most).hasValueLessThanOrEqualTo(4);
        }
    }

    /** Two clients a loop at least keep its queue from ever being empty while it holds the connection. */
    @ParameterizedTest
    @ValueSource(strings = {"protocol: http1", "protocol: http2, streams: 2"})
    void aLoopThatIsNeverDoneGivesItsConnectionUpToAnother(String protocol) throws Exception {
        AtomicBoolean over = new AtomicBoolean();
        AtomicInteger served = new AtomicInteger();
        Path behind = Files.createDirectories(folder.resolve("behind"));
        try (Origin origin = Origin.answering("x");
                Proxy back = Proxy.of(behind, origin);
                Proxy proxy = Proxy.start(folder, """
                      routes: { all: { pool: web } }
                      pools: { web: { servers: { s: "127.0.0.1:%d" }, max-per-server: 1, %s } }
                    """.formatted(back.address().getPort(), protocol), 2);
                ExecutorService clients = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<List<String>>> refused = new ArrayList<>();
            for (int i = 0; i < 16; i++) {
                refused.add(clients.submit(() -> {
                    List<String> refusals = new ArrayList<>();
                    try (Http http = proxy.connect()) {
                        for (int j = 0; !over.get(); j++) {
                            Http.Response answer = http.get("/");
                            if (answer.status() != 200) {
                                refusals.add(answer.body());
                            }
                            served.addAndGet(j == 10 ? 1 : 0);
                        }
                    }
                    return refusals;
                }));
            }
            Proxy.await("10 answers for each", () -> served.get() == 16);
            over.set(true);
            for (Future<List<String>> each : refused) {
                assertThat(each.get()).isEmpty();
            }
        }
    }

    @Test
    void aReloadOfThePoolsServersKeepsTheOthersConnections() throws Exception {
        try (Origin one = Origin.answering("one");
                Origin two = Origin.answering("two");
                Proxy proxy = Proxy.start(folder, pool("balance: round-robin", one), 1);
                Http http = proxy.connect()) {
            assertThat(http.get("/").body()).isEqualTo("one");
            proxy.reload(pool("balance: round-robin", one, two));
            List<String> seen = new ArrayList<>();
            for (int i = 0; i < 4; i++) {
                seen.add(http.get("/").body());
            }
            assertThat(seen).containsOnly("one", "two");
            assertThat(one.connections).hasValue(1);
            proxy.reload(pool("balance: round-robin", two).replace("s0:", "s1:"));
            // A loop sees the change with its next task, after the requests it has just read.
            Proxy.await("the loop uses the new list", () -> answers(http, "two"));
            for (int i = 0; i < 4; i++) {
                assertThat(http.get("/").body()).isEqualTo("two");
            }
            assertThat(two.connections).hasValue(1);
        }
    }

    private static boolean answers(Http http, String body) {
        try {
            return http.get("/").body().equals(body);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** An hour's slow start does not get anywhere in a test: the share stays a twentieth. */
    @ParameterizedTest
    @ValueSource(strings = {"peak-ewma", "round-robin", "least-loaded", "consistent-hash, hash: path"})
    void aServerThatIsAddedBeginsWithLittleOfItsShareHoweverServersAreFound(String balance) throws Exception {
        try (Origin old = Origin.answering("old");
                Origin added = Origin.answering("added");
                Proxy proxy = Proxy.start(folder, pool("slow-start: 1h, balance: " + balance, old), 1);
                Http http = proxy.connect()) {
            assertThat(http.get("/").body()).isEqualTo("old");
            proxy.reload(pool("slow-start: 1h, balance: " + balance, old, added));
            Proxy.await("the loop's own list", () -> explains(proxy, "s1"));
            for (int i = 0; i < 600; i++) {
                assertThat(http.get("/" + i).status()).isEqualTo(200);
            }
            assertThat(added.heads.size()).isBetween(1, 90);
            old.kill();
            Proxy.await("nobody else left", () -> {
                try {
                    return http.get("/").body().equals("added");
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            });
        }
    }

    private static boolean explains(Proxy proxy, String server) {
        try {
            return proxy.admin("/explain?url=http://a/").contains(server + ": available, starting slowly");
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }
}
