package io.plinth.lbproxy;

import static org.assertj.core.api.Assertions.assertThat;

import io.plinth.testkit.LeakCheck;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

@ExtendWith(LeakCheck.class)
@Timeout(120)
class DiscoveryIT {
    @TempDir
    Path folder;

    private static String section(String keys) {
        return """
              routes: { all: { pool: web } }
              pools: { web: { balance: round-robin, %s } }
            """.formatted(keys);
    }

    private static Set<String> served(Proxy proxy) {
        Set<String> seen = new HashSet<>();
        try (Http http = proxy.connect()) {
            for (int i = 0; i < 6; i++) {
                seen.add(http.get("/").body());
            }
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
        return seen;
    }

    @Test
    void serversComeFromDnsAndChangeWithIt() throws Exception {
        try (DnsServer dns = new DnsServer(0);
                Origin one = Origin.answering("one");
                Origin two = Origin.answering("two")) {
            dns.answers.put(
                    "SRV _http._tcp.shop.example.",
                    List.of("1 5 " + one.port() + " a.shop.example.", "2 5 1 a.shop.example."));
            dns.answers.put("A a.shop.example.", List.of("127.0.0.1"));
            dns.answers.put("A web.shop.example.", List.of("127.0.0.1"));
            String keys =
                    "dns: { name: _http._tcp.shop.example, type: srv, ipv6: false, servers: [\"%s\"], min-ttl: 100ms }"
                            .formatted(dns.at());
            try (Proxy proxy = Proxy.start(folder, section(keys))) {
                assertThat(served(proxy)).containsExactly("one");
                dns.answers.put(
                        "SRV _http._tcp.shop.example.",
                        List.of("1 5 " + one.port() + " a.shop.example.", "1 5 " + two.port() + " a.shop.example."));
                Proxy.await("both", () -> served(proxy).size() == 2);
                dns.answers.remove("SRV _http._tcp.shop.example.");
                assertThat(served(proxy)).hasSize(2);
                proxy.reload(section("dns: { name: web.shop.example, port: %d, servers: [\"%s\"], min-ttl: 100ms }"
                        .formatted(two.port(), dns.at())));
                Proxy.await("the other name", () -> served(proxy).equals(Set.of("two")));
            }
        }
    }

    @Test
    void serversComeFromAFileThatIsWatched() throws Exception {
        Path list = folder.resolve("servers.txt");
        try (Origin one = Origin.answering("one");
                Origin two = Origin.answering("two")) {
            Files.writeString(list, "# servers\na " + one.at() + " 2\n\n");
            try (Proxy proxy = Proxy.start(folder, section("file: servers.txt"))) {
                assertThat(served(proxy)).containsExactly("one");
                replace(list, "a " + one.at() + "\nb " + two.at() + " # new\n", 5_000);
                Proxy.await("both", () -> served(proxy).size() == 2);
                replace(list, "a b c d\n", 6_000);
                assertThat(served(proxy)).hasSize(2);
                replace(list, "b " + two.at() + "\n", 7_000);
                Proxy.await("one less", () -> served(proxy).equals(Set.of("two")));
                assertThat(one.connections.get()).isLessThanOrEqualTo(2);
                proxy.reload(section("file: servers.txt"));
                assertThat(served(proxy)).containsExactly("two");
            }
        }
    }

    private void replace(Path list, String text, long modified) throws IOException {
        Path aside = folder.resolve("aside");
        Files.writeString(aside, text);
        Files.setLastModifiedTime(aside, FileTime.fromMillis(modified));
        Files.move(aside, list, StandardCopyOption.ATOMIC_MOVE);
    }

    /** As one that is truncated and written within a tick of the file system's clock looks to who reads it in between. */
    @Test
    void aFileCaughtEmptyWhileItIsWrittenChangesNothingAndIsReadAgain() throws Exception {
        Path list = folder.resolve("servers.txt");
        try (Origin one = Origin.answering("one");
                Origin two = Origin.answering("two")) {
            Files.writeString(list, "a " + one.at() + "\nmark 127.0.0.1:1\n");
            try (Proxy proxy = Proxy.start(folder, """
                  routes: { all: { pool: web }, other: { path: /other, pool: other } }
                  pools:
                    web: { balance: round-robin, file: servers.txt }
                    other: { file: other.txt }
                """)) {
                replace(list, "", 5_000);
                // The discovery thread looks at the files in turn: once it has seen this one twice it has seen the
                // other.
                for (int i = 0; i < 2; i++) {
                    replace(folder.resolve("other.txt"), "o" + i + " " + two.at() + "\n", 10_000L * (i + 1));
                    String server = "\"o" + i + "\"";
                    Proxy.await("the other file", () -> admin(proxy, "/pools").contains(server));
                }
                assertThat(served(proxy)).contains("one");
                replace(list, "b " + two.at() + "\n", 5_000);
                Proxy.await("the new one", () -> served(proxy).equals(Set.of("two")));
                replace(list, "b " + two.at() + "\na " + one.at() + "\n", 5_000);
                Proxy.await("with the old one", () -> served(proxy).size() == 2);
            }
        }
    }

    private static String admin(Proxy proxy, String path) {
        try {
            return proxy.admin(path);
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void addressesOfBothFamiliesAreServersAndOneLostAnswerLosesNone() throws Exception {
        try (DnsServer dns = new DnsServer(1);
                Origin four = Origin.answering("four")) {
            dns.answers.put("A web.shop.example.", List.of("127.0.0.1"));
            dns.answers.put("AAAA web.shop.example.", List.of("::1"));
            dns.answers.put("A long.shop.example.", List.of("127.0.0.1"));
            dns.ttls.put("A long.shop.example.", 3_600);
            String both = "[0:0:0:0:0:0:0:1]:" + four.port();
            try (Proxy proxy = Proxy.start(folder, """
                  routes: { all: { pool: web }, long: { path: /long, pool: long } }
                  pools:
                    web: { dns: { name: web.shop.example, port: %1$d, servers: ["%2$s"], min-ttl: 100ms } }
                    long: { dns: { name: long.shop.example, port: %1$d, servers: ["%2$s"], min-ttl: 100ms } }
                """.formatted(four.port(), dns.at()))) {
                assertThat(admin(proxy, "/pools")).contains("\"127.0.0.1:" + four.port() + "\"", both);
                assertThat(Http.get(proxy.address(), "/").body()).isEqualTo("four");
                dns.answers.put("A web.shop.example.", List.of("SERVFAIL"));
                int before = dns.asked.getOrDefault("A web.shop.example.", 0);
                Proxy.await(
                        "looked up again and again",
                        () -> dns.asked.getOrDefault("A web.shop.example.", 0) >= before + 3);
                assertThat(proxyPools(proxy, "web")).contains("\"127.0.0.1:" + four.port() + "\"", both);
                dns.answers.remove("A web.shop.example.");
                Proxy.await("IPv6 only", () -> !proxyPools(proxy, "web").contains("\"127.0.0.1:"));
                assertThat(proxyPools(proxy, "web")).contains(both);
                assertThat(dns.asked).containsEntry("A long.shop.example.", 1);
            }
        }
    }

    /** What the status says of one pool alone. */
    private static String proxyPools(Proxy proxy, String pool) {
        String all = admin(proxy, "/pools");
        int from = all.indexOf("\"" + pool + "\"");
        int next = all.indexOf("\"long\"", from);
        return next < 0 ? all.substring(from) : all.substring(from, next);
    }

    private static String post(Proxy proxy, String path) throws Exception {
        try (HttpClient client = HttpClient.newHttpClient()) {
            URI uri = URI.create("http://127.0.0.1:" + proxy.node.admin().getPort() + path);
            return client.send(
                            HttpRequest.newBuilder(uri)
                                    .POST(HttpRequest.BodyPublishers.noBody())
                                    .build(),
                            BodyHandlers.ofString())
                    .body();
        }
    }

    @Test
    void anOperatorAddsDrainsWeighsAndRemoves() throws Exception {
        try (Origin one = Origin.answering("one");
                Origin two = Origin.answering("two");
                Proxy proxy = Proxy.start(folder, Proxy.section("", one))) {
            assertThat(post(proxy, "/pools/add?pool=web&server=extra&at=" + two.at() + "&weight=2"))
                    .isEqualTo("pool web, server extra: add\n");
            Proxy.await("both", () -> served(proxy).size() == 2);
            post(proxy, "/pools/drain?pool=web&server=s0");
            Proxy.await("drained", () -> served(proxy).equals(Set.of("two")));
            assertThat(proxy.admin("/pools")).contains("\"draining\":true");
            assertThat(proxy.admin("/explain?url=http://a/")).contains("s0: draining");
            post(proxy, "/pools/ready?pool=web&server=s0");
            Proxy.await("back", () -> served(proxy).size() == 2);
            proxy.reload(Proxy.section("limits: { headers: 90 }", one));
            assertThat(served(proxy)).hasSize(2);
            post(proxy, "/pools/weigh?pool=web&server=s0&weight=1000");
            assertThat(proxy.admin("/pools")).contains("\"weight\":1000");
            post(proxy, "/pools/remove?pool=web&server=extra");
            Proxy.await("removed", () -> served(proxy).equals(Set.of("one")));
            assertThat(proxy.admin("/pools")).doesNotContain("extra");
            assertThat(post(proxy, "/pools/weigh?pool=web&server=s0&weight=0")).contains("expected: 1 to 1000");
            assertThat(post(proxy, "/pools/drain?pool=web&server=s9")).contains("expected: one of pool web");
            assertThat(post(proxy, "/pools/drain?pool=x&server=s9")).contains("expected: one of the file's");
            assertThat(post(proxy, "/pools/add?pool=web&server=s9")).contains("at: []");
        }
    }

    @Test
    void aRateIsLimitedByCookieAndOfWhoHasNoneByAddress() throws Exception {
        try (Origin origin = Origin.answering("x");
                Proxy proxy = Proxy.start(folder, """
                      routes:
                        all: { pool: web, rate-limit: { requests: 2, per: 1h, by: "cookie:id" } }
                        api: { path: /api, pool: web, rate-limit: { requests: 2, per: 1h } }
                      pools: { web: { servers: { a: "%s" } } }
                    """.formatted(origin.at()));
                Http one = proxy.connect();
                Http two = proxy.connect()) {
            for (String cookie : List.of("id=a", "x=y; id=b", "x=a")) {
                for (int i = 0; i < 2; i++) {
                    assertThat(status(one, "/", "Cookie: " + cookie)).isEqualTo(200);
                }
                assertThat(status(two, "/", "Cookie: " + cookie)).isEqualTo(429);
            }
            assertThat(status(one, "/", "Cookie: x=b")).isEqualTo(429);
            assertThat(status(one, "/", "Cookie: id=c")).isEqualTo(200);
            assertThat(status(one, "/api", "X: a")).isEqualTo(200);
            assertThat(status(two, "/api", "X: b")).isEqualTo(200);
            assertThat(status(one, "/api", "X: c")).isEqualTo(429);
        }
    }

    private static int status(Http http, String path, String field) throws IOException {
        http.send("GET " + path + " HTTP/1.1\r\nHost: h\r\n" + field + "\r\n\r\n");
        return http.read().status();
    }

    @Test
    void ratesAndConnectionsAreLimitedByKeyAndAddress() throws Exception {
        try (Origin origin = Origin.answering("x");
                Proxy proxy = Proxy.start(folder, """
                      routes:
                        all: { pool: web }
                        api: { path: /api, pool: web, rate-limit: { requests: 3, per: 1h, by: "header:X-Key" } }
                      pools: { web: { servers: { a: "%s" } } }
                      limits: { connections-per-address: 3 }
                    """.formatted(origin.at()));
                Http one = proxy.connect();
                Http two = proxy.connect()) {
            for (Http http : List.of(one, two)) {
                String key = http == one ? "a" : "b";
                for (int i = 0; i < 3; i++) {
                    http.send("GET /api HTTP/1.1\r\nHost: h\r\nX-Key: " + key + "\r\n\r\n");
                    assertThat(http.read().status()).isEqualTo(200);
                }
                http.send("GET /api HTTP/1.1\r\nHost: h\r\nX-Key: " + key + "\r\n\r\n");
                Http.Response limited = http.read();
                assertThat(limited.status()).isEqualTo(429);
                assertThat(Integer.parseInt(String.valueOf(limited.header("Retry-After"))))
                        .isBetween(1, 1_201);
                assertThat(http.get("/").status()).isEqualTo(200);
            }
            assertThat(proxy.metrics()).contains("lb_proxy_limited_requests_total 2.0");
            try (Http three = proxy.connect()) {
                assertThat(three.get("/").status()).isEqualTo(200);
                // Two loops may accept two connections in either order.
                try (Http four = proxy.connect()) {
                    assertThat(four.closed()).isTrue();
                }
            }
            assertThat(proxy.metrics())
                    .containsPattern("lb_proxy_route_latency_seconds\\{route=\"api\",quantile=\"0.9999\"} [0-9.E-]+\n")
                    .containsPattern("lb_proxy_server_latency_seconds_count\\{pool=\"web\",server=\"a\"} [1-9]")
                    .contains("lb_proxy_pool_latency_seconds{pool=\"web\",quantile=\"0.5\"}");
        }
    }
}
