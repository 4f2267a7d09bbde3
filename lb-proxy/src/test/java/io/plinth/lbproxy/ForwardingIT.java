package io.plinth.lbproxy;

import static org.assertj.core.api.Assertions.assertThat;

import io.plinth.testkit.LeakCheck;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@ExtendWith(LeakCheck.class)
@Timeout(120)
class ForwardingIT {
    @TempDir
    Path folder;

    @Test
    void bothSidesKeepTheirConnections() throws Exception {
        try (Origin origin = Origin.answering("hello");
                Proxy proxy = Proxy.of(folder, origin);
                Http http = proxy.connect()) {
            for (int i = 0; i < 20; i++) {
                assertThat(http.get("/" + i).body()).isEqualTo("hello");
            }
            assertThat(origin.connections).hasValue(1);
        }
    }

    @Test
    void pipelinedRequestsAreAnsweredInTheirOrder() throws Exception {
        try (Origin origin = Origin.serving(connection -> {
                    String head;
                    while ((head = connection.readRequest()) != null) {
                        connection.answer("200 OK", head.split(" ", 3)[1]);
                    }
                });
                Proxy proxy = Proxy.of(folder, origin);
                Http http = proxy.connect()) {
            StringBuilder requests = new StringBuilder();
            for (int i = 0; i < 200; i++) {
                requests.append("POST /").append(i).append(" HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc");
            }
            http.send(requests.toString());
            for (int i = 0; i < 200; i++) {
                assertThat(http.read().body()).isEqualTo("/" + i);
            }
        }
    }

    @Test
    void pipelinedRequestsThatNobodyServesAreAnsweredWithoutDepth() throws Exception {
        try (Origin origin = Origin.answering("x");
                Proxy proxy = Proxy.start(folder, """
                      routes: { one: { host: only.example, pool: web } }
                      pools: { web: { servers: { a: "%s" } } }
                    """.formatted(origin.at()));
                Http http = proxy.connect()) {
            http.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n".repeat(2_000));
            for (int i = 0; i < 2_000; i++) {
                assertThat(http.read().status()).isEqualTo(404);
            }
        }
    }

    @Test
    void whatConcernsOneHopGoesNoFurtherAndTheServerLearnsWhoAsked() throws Exception {
        try (Origin origin = Origin.answering("x");
                Proxy proxy = Proxy.of(folder, origin);
                Http http = proxy.connect()) {
            http.send("GET /p?q=1 HTTP/1.1\r\nHost: shop.example:80\r\nConnection: keep-alive, X-Hop\r\nX-Hop: 1\r\n"
                            + "Keep-Alive: 5\r\nTE: trailers\r\nProxy-Connection: x\r\nUpgrade: h2c\r\nX-Stays:  1 \r\n"
                            + "X-Forwarded-For: 6.6.6.6\r\nX-Forwarded-Host: evil\r\nForwarded: for=evil\r\n\r\n")
                    .read();
            List<String> lines = origin.heads
                    .getFirst()
                    .lines()
                    .filter(line -> !line.isEmpty())
                    .toList();
            assertThat(lines)
                    .startsWith(
                            "GET /p?q=1 HTTP/1.1",
                            "Host: shop.example:80",
                            "X-Stays:  1 ",
                            "X-Forwarded-For: 127.0.0.1",
                            "X-Forwarded-Proto: http",
                            "X-Forwarded-Port: " + proxy.address().getPort(),
                            "X-Forwarded-Host: shop.example:80")
                    .hasSize(8);
            assertThat(lines.getLast()).matches("traceparent: 00-[0-9a-f]{32}-[0-9a-f]{16}-00");
        }
    }

    @Test
    void aTrustedProxysWordGrowsAndItsTraceStays() throws Exception {
        String trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        try (Origin origin = Origin.answering("x");
                Proxy proxy = Proxy.start(folder, Proxy.section("forwarded: { trust: [127.0.0.0/8] }", origin));
                Http http = proxy.connect()) {
            http.send("GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 1.2.3.4\r\nX-Forwarded-For: 5.6.7.8\r\n"
                            + "X-Forwarded-Proto: https\r\nX-Forwarded-Host: b\r\ntraceparent: " + trace + "\r\n\r\n")
                    .read();
            assertThat(origin.heads.getFirst())
                    .contains("X-Forwarded-For: 1.2.3.4, 5.6.7.8, 127.0.0.1\r\n")
                    .contains("X-Forwarded-Proto: https\r\n")
                    .contains("X-Forwarded-Host: b\r\n")
                    .contains("X-Forwarded-Port: ")
                    .contains("traceparent: " + trace + "\r\n")
                    .doesNotContain("Proto: http\r\n");
        }
    }

    @Test
    void whatATrustedProxyNamesInConnectionIsReplaced() throws Exception {
        try (Origin origin = Origin.answering("x");
                Proxy proxy = Proxy.start(folder, Proxy.section("forwarded: { trust: [127.0.0.0/8] }", origin));
                Http http = proxy.connect()) {
            http.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: X-Forwarded-Proto, X-Forwarded-Host\r\n"
                            + "X-Forwarded-Proto: https\r\nX-Forwarded-Host: b\r\n\r\n")
                    .read();
            assertThat(origin.heads.getFirst())
                    .contains("X-Forwarded-Proto: http\r\n")
                    .contains("X-Forwarded-Host: a\r\n")
                    .doesNotContain("https", "Host: b");
        }
    }

    @ParameterizedTest
    @CsvSource({"200 OK, true", "204 No Content, false", "304 Not Modified, false"})
    void aBodylessResponseLeavesTheConnectionUsable(String status, boolean toHead) throws Exception {
        try (Origin origin = Origin.serving(connection -> {
                    while (connection.readRequest() != null) {
                        connection.send("HTTP/1.1 " + status + "\r\nContent-Length: 5\r\n\r\n");
                    }
                });
                Proxy proxy = Proxy.of(folder, origin);
                Http http = proxy.connect()) {
            for (int i = 0; i < 3; i++) {
                http.send((toHead ? "HEAD" : "GET") + " / HTTP/1.1\r\nHost: a\r\n\r\n");
                Http.Response response = http.read(true);
                assertThat(response.head()).startsWith("HTTP/1.1 " + status);
                assertThat(response.header("Content-Length")).isEqualTo(status.startsWith("204") ? null : "5");
            }
            assertThat(origin.connections).hasValue(1);
        }
    }

    @Test
    void interimResponsesAndTheWaitForThemPassThrough() throws Exception {
        try (Origin origin = Origin.serving(connection -> {
                    connection.readHead();
                    connection.send("HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n");
                    String body = new String(connection.in.readNBytes(5), java.nio.charset.StandardCharsets.US_ASCII);
                    connection.answer("200 OK", body);
                    connection.in.read();
                });
                Proxy proxy = Proxy.of(folder, origin);
                Http http = proxy.connect()) {
            http.send("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
            assertThat(http.read().head()).startsWith("HTTP/1.1 103").contains("Link: </x>");
            assertThat(http.read().status()).isEqualTo(100);
            http.send("hello");
            assertThat(http.read().body()).isEqualTo("hello");
        }
    }

    @Test
    void anAnswerBeforeTheBodyReachesTheClientAndEndsTheConnection() throws Exception {
        try (Origin origin = Origin.serving(connection -> {
                    connection.readHead();
                    connection.answer("413 Content Too Large", "no");
                    connection.in.read();
                });
                Proxy proxy = Proxy.of(folder, origin);
                Http http = proxy.connect()) {
            http.send("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 500000\r\n\r\n");
            Http.Response response = http.read();
            assertThat(response.status()).isEqualTo(413);
            assertThat(response.header("Connection")).isEqualTo("close");
            assertThat(http.closed()).isTrue();
        }
    }

    @Test
    void chunksAndTrailersGoBothWaysWithoutExtensionsAndWithoutForbiddenTrailers() throws Exception {
        List<String> bodies = new ArrayList<>();
        try (Origin origin = Origin.serving(connection -> {
                    while (connection.readHead() != null) {
                        StringBuilder body = new StringBuilder();
                        while (!body.toString().endsWith("0\r\nX-Up: 1\r\n\r\n")) {
                            body.append((char) connection.in.read());
                        }
                        bodies.add(body.toString());
                        connection.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;ext\r\nhello\r\n");
                        connection.send("2\r\n!!\r\n0\r\nX-Down: 1\r\nContent-Length: 7\r\n\r\n");
                    }
                });
                Proxy proxy = Proxy.of(folder, origin);
                Http http = proxy.connect()) {
            for (int i = 0; i < 2; i++) {
                http.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                        + "3;a=\"b\"\r\nabc\r\n0\r\nX-Up: 1\r\nHost: b\r\n\r\n");
                assertThat(http.read().body()).isEqualTo("hello!!|X-Down: 1");
            }
            assertThat(bodies).containsOnly("3\r\nabc\r\n0\r\nX-Up: 1\r\n\r\n");
            assertThat(origin.connections).hasValue(1);
        }
    }

    @Test
    void anOldClientGetsDataInsteadOfChunksAndIsToldOfItsConnection() throws Exception {
        try (Origin origin = Origin.serving(connection -> {
                    String head;
                    while ((head = connection.readRequest()) != null) {
                        if (head.contains("/chunks")) {
                            connection.send(
                                    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n");
                        } else {
                            connection.answer("200 OK", "sized");
                        }
                    }
                });
                Proxy proxy = Proxy.of(folder, origin);
                Http http = proxy.connect()) {
            Http.Response sized = http.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
                    .read();
            assertThat(sized.header("Connection")).isEqualTo("keep-alive");
            Http.Response chunked = http.send("GET /chunks HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
                    .read();
            assertThat(chunked.header("Transfer-Encoding")).isNull();
            assertThat(chunked.header("Connection")).isEqualTo("close");
            assertThat(chunked.body()).isEqualTo("hello");
        }
    }

    @Test
    void anOldClientWithoutAHostIsGivenTheServers() throws Exception {
        try (Origin origin = Origin.answering("x");
                Proxy proxy = Proxy.of(folder, origin);
                Http http = proxy.connect()) {
            http.send("GET / HTTP/1.0\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n")
                    .read();
            assertThat(origin.heads.getFirst())
                    .startsWith("GET / HTTP/1.1\r\nHost: " + origin.at() + "\r\n")
                    .doesNotContain("websocket");
        }
    }

    @Test
    void aStopLosesNoLineOfTheAccessLog() throws Exception {
        try (Origin origin = Origin.answering("x");
                Proxy proxy = Proxy.of(folder, origin);
                Http http = proxy.connect()) {
            for (int i = 0; i < 100; i++) {
                http.get("/");
            }
        }
        assertThat(lines(find())).hasSize(100);
    }

    @Test
    void aResponseThatEndsWithTheServersCloseEndsWithOurs() throws Exception {
        try (Origin origin = Origin.serving(connection -> {
                    connection.readRequest();
                    connection.send("HTTP/1.1 200 OK\r\n\r\nall of it");
                });
                Proxy proxy = Proxy.of(folder, origin)) {
            Http.Response response = Http.get(proxy.address(), "/");
            assertThat(response.body()).isEqualTo("all of it");
            assertThat(response.header("Connection")).isEqualTo("close");
        }
    }

    @Test
    void aResponseThatBreaksOffIsNotMadeToLookWhole() throws Exception {
        try (Origin origin = Origin.serving(connection -> {
                    connection.readRequest();
                    connection.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
                });
                Proxy proxy = Proxy.of(folder, origin);
                Http http = proxy.connect()) {
            http.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
            assertThat(Http.readHead(http.in)).contains("Content-Length: 10");
            assertThat(http.in.readNBytes(10)).hasSize(4);
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '~',
            value = {
                "HTTP/1.1 200 OK|Content-Length: 1|Transfer-Encoding: chunked||x",
                "HTTP/1.1 200 OK|X : 1||",
                "HTTP/1.1 101 Switching Protocols|Connection: upgrade|Upgrade: websocket||",
                "SSH-2.0-OpenSSH||"
            })
    void aServerThatBreaksTheProtocolIsABadGateway(String response) throws Exception {
        try (Origin origin = Origin.serving(connection -> {
                    connection.readRequest();
                    connection.send(response.replace("|", "\r\n"));
                    connection.in.read();
                });
                Proxy proxy = Proxy.of(folder, origin)) {
            Http.Response answer = Http.get(proxy.address(), "/");
            assertThat(answer.status()).isEqualTo(502);
            assertThat(answer.body()).startsWith("502 Bad Gateway: route all, pool web: server s0 sent a ");
        }
    }

    @Test
    void bytesAfterAResponseAreNobodysAndEndTheServersConnection() throws Exception {
        try (Origin origin = Origin.serving(connection -> {
                    while (connection.readRequest() != null) {
                        connection.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\n\r\npoison");
                    }
                });
                Proxy proxy = Proxy.of(folder, origin);
                Http http = proxy.connect()) {
            assertThat(http.get("/1").body()).isEqualTo("ok");
            assertThat(http.get("/2").body()).isEqualTo("ok");
            assertThat(origin.connections).hasValue(2);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "'GET / HTTP/1.1|Host: a|Host: b||', 400",
        "'GET / HTTP/1.1|Host: a|Content-Length: 1|Transfer-Encoding: chunked||', 400",
        "'GET / HTTP/1.1|Host: a| folded||', 400",
        "'GET / HTTP/3.0|Host: a||', 505",
        "'CONNECT a:1 HTTP/1.1|Host: a||', 501",
        "'POST / HTTP/1.1|Host: a|Transfer-Encoding: gzip, chunked||', 501",
        "'POST / HTTP/1.1|Host: a|Transfer-Encoding: chunked||xyz|', 400",
        "'POST / HTTP/1.1|Host: a|Content-Length: 99999999999||', 413"
    })
    void aBrokenRequestIsAnsweredAndItsConnectionClosed(String request, int status) throws Exception {
        try (Origin origin = Origin.serving(connection -> {
                    connection.readHead();
                    connection.in.read();
                });
                Proxy proxy = Proxy.of(folder, origin);
                Http http = proxy.connect()) {
            Http.Response response = http.send(request.replace("|", "\r\n")).read();
            assertThat(response.status()).isEqualTo(status);
            assertThat(response.header("Connection")).isEqualTo("close");
            assertThat(http.closed()).isTrue();
        }
    }

    @Test
    void tooLongARequestLineAndTooManyHeadersHaveTheirOwnStatus() throws Exception {
        try (Origin origin = Origin.answering("x");
                Proxy proxy = Proxy.of(folder, origin)) {
            try (Http http = proxy.connect()) {
                assertThat(http.send("GET /" + "a".repeat(9_000) + " HTTP/1.1\r\n")
                                .read()
                                .status())
                        .isEqualTo(414);
            }
            try (Http http = proxy.connect()) {
                http.send("GET / HTTP/1.1\r\nHost: a\r\n" + "X: 1\r\n".repeat(101) + "\r\n");
                assertThat(http.read().status()).isEqualTo(431);
            }
        }
    }

    @Test
    void everyRequestLeavesALine() throws Exception {
        try (Origin origin = Origin.answering("hello");
                Proxy proxy = Proxy.of(folder, origin);
                Http http = proxy.connect()) {
            http.send("GET /a\"b HTTP/1.1\r\nHost: a\r\nUser-Agent: test\r\n\r\n")
                    .read();
            http.send("BROKEN\r\n\r\n").read();
            Path file = find();
            Proxy.await("two lines", () -> lines(file).size() == 2);
            assertThat(lines(file).getFirst())
                    .startsWith("127.0.0.1 - - [")
                    .contains("] \"GET /a\\x22b HTTP/1.1\" 200 5 \"-\" \"test\" all web/s0 1 ");
            assertThat(lines(file).getLast()).contains("\"-\" 400 0 ");
            assertThat(proxy.metrics())
                    .contains("lb_proxy_requests_total{route=\"all\",status=\"2xx\"} 1.0")
                    .contains("lb_proxy_rejected_requests_total 1.0")
                    .contains("lb_proxy_upstream_seconds_count{pool=\"web\"} 1")
                    .contains("lb_proxy_servers_available{pool=\"web\"} 1.0");
            assertThat(proxy.admin("/pools")).contains("\"s0\":{\"at\":\"127.0.0.1:" + origin.port());
        }
    }

    private Path find() throws Exception {
        try (var files = Files.walk(folder)) {
            return files.filter(file -> Objects.toString(file.getFileName()).equals("access.log"))
                    .findFirst()
                    .orElseThrow();
        }
    }

    private static List<String> lines(Path file) {
        try {
            return Files.readAllLines(file);
        } catch (java.io.IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    @Test
    void aRouteMayTakeItsPathOff() throws Exception {
        try (Origin origin = Origin.answering("x");
                Proxy proxy = Proxy.start(folder, """
                      routes:
                        api: { path: /api/, pool: web, strip: true }
                        v1: { path: /v1, pool: web, strip: true }
                      pools: { web: { servers: { a: "%s" } } }
                    """.formatted(origin.at()));
                Http http = proxy.connect()) {
            http.get("/api/x?y");
            http.get("/v1?z");
            http.get("/v1/w");
            http.send("GET http://shop.example/v1 HTTP/1.1\r\nHost: shop.example\r\n\r\n")
                    .read();
            assertThat(origin.heads.stream().map(head -> head.split(" ", 3)[1]))
                    .containsExactly("/x?y", "/?z", "/w", "/");
            assertThat(http.get("/other").status()).isEqualTo(404);
        }
    }

    /** nginx takes such a client to have left, HAProxy until 3.3 does not. */
    @Test
    void whoClosesItsSendingSideIsAnsweredWhereThatIsAskedFor() throws Exception {
        try (Origin server = Origin.answering("late");
                Proxy node = Proxy.start(
                        Files.createDirectories(folder.resolve("half")),
                        "  listeners: { public: { bind: 127.0.0.1:0, half-close: true } }\n"
                                + Proxy.section("", server))) {
            for (int i = 0; i < 20; i++) {
                try (Http http = node.connect()) {
                    http.send("GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n");
                    http.socket.shutdownOutput();
                    assertThat(http.read().body()).isEqualTo("late");
                    assertThat(http.read().body()).isEqualTo("late");
                    assertThat(http.closed()).isTrue();
                }
                try (Http http = node.connect()) {
                    http.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhe");
                    http.socket.shutdownOutput();
                    assertThat(http.closed()).isTrue();
                }
            }
            assertThat(server.heads.stream().filter(head -> head.startsWith("GET")))
                    .hasSize(40);
        }
    }
}
