package io.plinth.lbproxy;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.pkitesting.CertificateBuilder;
import io.netty.pkitesting.X509Bundle;
import io.plinth.testkit.LeakCheck;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

@ExtendWith(LeakCheck.class)
@Timeout(120)
class Http2IT {
    @TempDir
    Path folder;

    /** Answers with the request's head in lower case and its chunks' data, in chunks with a trailer. */
    private static Origin echoing() throws Exception {
        return Origin.serving(connection -> {
            for (String head = connection.readHead(); head != null; head = connection.readHead()) {
                String body = "";
                if (head.contains("ransfer-")) {
                    body = Http.chunks(connection.in);
                } else if (head.contains("content-length: ")) {
                    int length = Integer.parseInt(head.replaceAll("(?s).*content-length: (\\d+).*", "$1"));
                    body = new String(connection.in.readNBytes(length), StandardCharsets.ISO_8859_1);
                }
                String text = head + body;
                connection.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\nX-Case: Kept\r\n"
                        + "Connection: X-Hop\r\nX-Hop: 1\r\n\r\n" + Integer.toHexString(text.length()) + "\r\n" + text
                        + "\r\n0\r\nX-Sum: 42\r\n\r\n");
            }
        });
    }

    @Test
    void aStreamIsARequestToAnHttp1Server() throws Exception {
        try (Origin origin = echoing();
                Proxy proxy = Proxy.of(folder, origin);
                H2 h2 = H2.to(proxy.address())) {
            H2.Stream got = h2.read(h2.request(
                    "GET", "/a?b=c", true, "accept", "x/y", "cookie", "a=1", "te", "trailers", "cookie", "b=2"));
            assertThat(got.status).isEqualTo(200);
            assertThat(got.body())
                    .startsWith("GET /a?b=c HTTP/1.1\r\nhost: shop.example\r\naccept: x/y\r\ncookie: a=1; b=2\r\n")
                    .contains("X-Forwarded-For: 127.0.0.1\r\nX-Forwarded-Proto: http\r\n")
                    .doesNotContain("te: ", ":authority");
            assertThat(got.headers).containsEntry("x-case", "Kept").doesNotContainKeys("transfer-encoding", "x-hop");
            assertThat(got.trailers).containsOnly(java.util.Map.entry("x-sum", "42"));
        }
    }

    @Test
    void aBodyGoesOnByItsLengthOrInChunksWithTrailers() throws Exception {
        try (Origin origin = echoing();
                Proxy proxy = Proxy.of(folder, origin);
                H2 h2 = H2.to(proxy.address())) {
            int known = h2.request("POST", "/", false, "content-length", "10");
            h2.data(known, "01234", false);
            h2.data(known, "56789", true);
            assertThat(h2.read(known).body()).contains("content-length: 10\r\n").endsWith("\r\n\r\n0123456789");
            int empty = h2.request("POST", "/", false, "content-length", "0");
            h2.data(empty, "", true);
            assertThat(h2.read(empty).body()).contains("content-length: 0\r\n").endsWith("\r\n\r\n");
            int unknown = h2.request("POST", "/", false);
            h2.data(unknown, "abc", false);
            h2.data(unknown, "z".repeat(9000), false);
            h2.headers(unknown, true, "x-trailer", "t", "content-length", "7");
            h2.flush();
            assertThat(h2.read(unknown).body())
                    .contains("Transfer-Encoding: chunked\r\n")
                    .endsWith("\r\n\r\nabc" + "z".repeat(9000) + "|x-trailer: t");
        }
    }

    @Test
    void manyStreamsAreUnderWayAtOnce() throws Exception {
        try (Origin origin = Origin.answering("hello");
                Proxy proxy = Proxy.of(folder, origin);
                H2 h2 = H2.to(proxy.address())) {
            for (int round = 0; round < 10; round++) {
                List<Integer> ids = new ArrayList<>();
                for (int i = 0; i < 100; i++) {
                    ids.add(h2.request("GET", "/" + i, true));
                }
                for (int id : ids) {
                    H2.Stream got = h2.read(id);
                    assertThat(got.status).isEqualTo(200);
                    assertThat(got.body()).isEqualTo("hello");
                    assertThat(got.headers).containsEntry("content-length", "5");
                }
            }
            assertThat(h2.goAway).isEqualTo(H2.NONE);
            h2.request("GET", "/", true);
        }
    }

    @Test
    void interimResponsesHeadAndEmptyBodiesKeepTheirFraming() throws Exception {
        try (Origin origin = Origin.serving(connection -> {
                    for (String head = connection.readRequest(); head != null; head = connection.readRequest()) {
                        if (head.startsWith("HEAD")) {
                            connection.send("HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n");
                        } else if (head.startsWith("GET /304")) {
                            connection.send("HTTP/1.1 304 Not Modified\r\nETag: x\r\n\r\n");
                        } else if (head.startsWith("GET /204")) {
                            connection.send("HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n");
                        } else {
                            connection.send("HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n");
                            connection.answer("200 OK", "late");
                        }
                    }
                });
                Proxy proxy = Proxy.of(folder, origin);
                H2 h2 = H2.to(proxy.address())) {
            H2.Stream head = h2.read(h2.request("HEAD", "/", true));
            assertThat(head.headers).containsEntry("content-length", "99");
            assertThat(head.ended).isTrue();
            assertThat(h2.get("/304").status).isEqualTo(304);
            H2.Stream none = h2.get("/204");
            assertThat(none.status).isEqualTo(204);
            assertThat(none.headers).doesNotContainKey("content-length");
            H2.Stream hinted = h2.get("/");
            assertThat(hinted.interims).containsExactly(103);
            assertThat(hinted.body()).isEqualTo("late");
        }
    }

    @Test
    void aBodyUntilCloseEndsItsStream() throws Exception {
        try (Origin origin = Origin.serving(connection -> {
                    connection.readRequest();
                    connection.send("HTTP/1.0 200 OK\r\n\r\nuntil close");
                });
                Proxy proxy = Proxy.of(folder, origin);
                H2 h2 = H2.to(proxy.address())) {
            H2.Stream got = h2.get("/");
            assertThat(got.body()).isEqualTo("until close");
            assertThat(got.ended).isTrue();
        }
    }

    @Test
    void aResponseThatBreaksOffIsSeenToHaveDoneSo() throws Exception {
        try (Origin origin = Origin.serving(connection -> {
                    connection.readRequest();
                    connection.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
                });
                Proxy proxy = Proxy.of(folder, origin);
                H2 h2 = H2.to(proxy.address())) {
            H2.Stream got = h2.get("/");
            assertThat(got.ended).isFalse();
            assertThat(got.reset).isEqualTo(2);
            assertThat(h2.get("/").reset).as("the connection lives on").isEqualTo(2);
        }
    }

    @Test
    void errorsAreAnsweredOnTheirStream() throws Exception {
        try (Origin origin = Origin.answering("ok");
                Proxy proxy = Proxy.start(folder, """
                      routes: { shop: { host: shop.example, path: /shop, pool: web } }
                      limits: { body: 10B, headers: 20 }
                      pools: { web: { servers: { s: "%s" } } }
                    """.formatted(origin.at()));
                H2 h2 = H2.to(proxy.address())) {
            H2.Stream none = h2.get("/");
            assertThat(none.status).isEqualTo(404);
            assertThat(none.body()).startsWith("404 Not Found: no route");
            assertThat(none.headers).doesNotContainKey("connection");
            String[] many = new String[80];
            for (int i = 0; i < many.length; i++) {
                many[i] = "x" + i;
            }
            assertThat(h2.read(h2.request("GET", "/shop", true, many)).status).isEqualTo(431);
            assertThat(h2.read(h2.request("POST", "/shop", false, "content-length", "11")).status)
                    .isEqualTo(413);
            int growing = h2.request("POST", "/shop", false);
            h2.data(growing, "x".repeat(11), true);
            assertThat(h2.read(growing).status).isEqualTo(413);
            assertThat(h2.get("/shop").status).isEqualTo(200);
            assertThat(proxy.metrics()).contains("lb_proxy_unrouted_requests_total 1.0");
        }
    }

    /** Bodies far larger than every window and buffer, both ways; nobody gets ahead of who reads. */
    @Test
    void bodiesAreStreamedWithinTheWindowsBothWays() throws Exception {
        int total = 20_000_000;
        AtomicLong sent = new AtomicLong();
        CompletableFuture<Void> readOn = new CompletableFuture<>();
        try (Origin origin = Origin.serving(connection -> {
                    connection.readHead();
                    readOn.join();
                    connection.in.skipNBytes(total);
                    connection.send("HTTP/1.1 200 OK\r\nContent-Length: " + total + "\r\n\r\n");
                    byte[] part = new byte[10_000];
                    for (int n = 0; n < total; n += part.length) {
                        connection.out.write(part);
                        sent.addAndGet(part.length);
                    }
                    connection.out.flush();
                });
                Proxy proxy = Proxy.of(folder, origin);
                H2 h2 = H2.to(proxy.address())) {
            h2.givesWindow = false;
            int id = h2.request("POST", "/", false, "content-length", String.valueOf(total));
            String part = "x".repeat(16_000);
            for (int out = 0; out < total; out += 16_000) {
                while (out + 16_000 > 65_535 + Math.min(h2.windowOf(0), h2.windowOf(id))) {
                    if (!readOn.isDone() && h2.quiet()) {
                        assertThat(out).as("sent before the server reads").isLessThan(12_000_000);
                        readOn.complete(null);
                    }
                    h2.readFrame();
                }
                h2.data(id, part, out + 16_000 == total);
            }
            while (h2.stream(id).bytes.size() < 65_535) {
                h2.readFrame();
            }
            assertThat(h2.quiet()).isTrue();
            assertThat(sent.get())
                    .as("held back while the client opens no window")
                    .isLessThan(16_000_000);
            h2.givesWindow = true;
            h2.windowUpdate(0, 1 << 20);
            h2.windowUpdate(id, 1 << 20);
            h2.flush();
            assertThat(h2.read(id).bytes.size()).isEqualTo(total);
        }
    }

    @Test
    void aClientThatLeavesEndsItsExchangesAtTheServer() throws Exception {
        CompletableFuture<Boolean> ended = new CompletableFuture<>();
        CompletableFuture<Void> asked = new CompletableFuture<>();
        try (Origin origin = Origin.serving(connection -> {
                    connection.readRequest();
                    asked.complete(null);
                    ended.complete(connection.in.read() < 0);
                });
                Proxy proxy = Proxy.of(folder, origin);
                H2 h2 = H2.to(proxy.address())) {
            int id = h2.request("GET", "/", true);
            asked.get(20, TimeUnit.SECONDS);
            h2.reset(id, 8);
            h2.flush();
            assertThat(ended.get(20, TimeUnit.SECONDS)).isTrue();
        }
    }

    @Test
    void anUpgradeToH2cIsNotTaken() throws Exception {
        try (Origin origin = Origin.answering("one");
                Proxy proxy = Proxy.of(folder, origin);
                HttpClient client = HttpClient.newBuilder()
                        .version(HttpClient.Version.HTTP_2)
                        .build()) {
            HttpResponse<String> got = client.send(
                    HttpRequest.newBuilder(URI.create(
                                    "http://127.0.0.1:" + proxy.address().getPort() + "/"))
                            .build(),
                    BodyHandlers.ofString());
            assertThat(got.version()).isEqualTo(HttpClient.Version.HTTP_1_1);
            assertThat(got.body()).isEqualTo("one");
            assertThat(origin.heads.getFirst())
                    .doesNotContainIgnoringCase("upgrade")
                    .doesNotContainIgnoringCase("http2-settings");
        }
    }

    @Test
    void aPrefaceInPiecesIsOneAllTheSame() throws Exception {
        try (Origin origin = Origin.answering("one");
                Proxy proxy = Proxy.of(folder, origin);
                Http http = proxy.connect()) {
            for (byte b : "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(StandardCharsets.US_ASCII)) {
                http.out.write(b);
                http.out.flush();
            }
            byte[] settings = http.in.readNBytes(9);
            assertThat(settings[3]).isEqualTo((byte) 4);
            try (Http other = proxy.connect()) {
                assertThat(other.send("PRI * HTTP/1.1\r\nHost: a\r\n\r\n")
                                .read()
                                .status())
                        .isEqualTo(400);
            }
            try (Http other = proxy.connect()) {
                other.send("P");
                assertThat(other.send("OST / HTTP/1.1\r\nHost: a\r\n\r\n")
                                .read()
                                .status())
                        .isEqualTo(200);
            }
        }
    }

    @Test
    void tlsOffersHttp2ByAlpn() throws Exception {
        X509Bundle bundle = new CertificateBuilder()
                .subject("CN=localhost")
                .addSanDnsName("localhost")
                .setIsCertificateAuthority(true)
                .buildSelfSigned();
        Files.writeString(folder.resolve("cert.pem"), bundle.getCertificatePathPEM());
        Files.writeString(folder.resolve("key.pem"), bundle.getPrivateKeyPEM());
        TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        trust.init(bundle.toKeyStore("x".toCharArray()));
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, trust.getTrustManagers(), null);
        String large = "y".repeat(300_000);
        try (Origin origin = Origin.answering(large);
                Proxy proxy = Proxy.start(folder, """
                      listeners: { public: { bind: 127.0.0.1:0, tls: { cert: cert.pem, key: key.pem } } }
                    """ + Proxy.section("", origin));
                HttpClient client = HttpClient.newBuilder()
                        .version(HttpClient.Version.HTTP_2)
                        .sslContext(context)
                        .build()) {
            URI uri = URI.create("https://localhost:" + proxy.address().getPort() + "/x");
            List<CompletableFuture<HttpResponse<String>>> all = new ArrayList<>();
            for (int i = 0; i < 20; i++) {
                all.add(client.sendAsync(
                        HttpRequest.newBuilder(uri)
                                .POST(BodyPublishers.ofString("b".repeat(100_000)))
                                .build(),
                        BodyHandlers.ofString()));
            }
            for (CompletableFuture<HttpResponse<String>> one : all) {
                HttpResponse<String> got = one.get(20, TimeUnit.SECONDS);
                assertThat(got.version()).isEqualTo(HttpClient.Version.HTTP_2);
                assertThat(got.body()).isEqualTo(large);
            }
            assertThat(origin.heads.getFirst()).contains("X-Forwarded-Proto: https\r\n");
        }
    }

    /** RFC 9110 6.5: trailers may be dropped on the way, and behind Content-Length HTTP/1.1 has no place for them. */
    @Test
    void trailersBehindContentLengthAreDroppedAndTheRequestGoesOn() throws Exception {
        try (Origin server = Origin.answering("fine");
                Proxy node = Proxy.of(Files.createDirectories(folder.resolve("own")), server);
                H2 h2 = H2.to(node.address())) {
            int id = h2.request("POST", "/", false, "content-length", "5");
            h2.data(id, "hello", false);
            h2.headers(id, true, "x-sum", "1");
            h2.flush();
            assertThat(h2.read(id).body()).isEqualTo("fine");
            assertThat(server.heads.getFirst())
                    .contains("content-length: 5\r\n")
                    .doesNotContain("chunked");
            assertThat(h2.get("/").body()).isEqualTo("fine");
            assertThat(server.heads).hasSize(2);
        }
    }

    @Test
    void viaNamesTheProxyAndTheVersionThatCame() throws Exception {
        try (Origin server = Origin.serving(connection -> {
                    while (connection.readRequest() != null) {
                        connection.send("HTTP/1.1 200 OK\r\nVia: 1.0 inner\r\nContent-Length: 0\r\n\r\n");
                    }
                });
                Proxy node = Proxy.start(
                        Files.createDirectories(folder.resolve("own")),
                        Proxy.section("forwarded: { via: edge }", server));
                H2 h2 = H2.to(node.address());
                Http http = node.connect()) {
            assertThat(h2.get("/").headers).containsEntry("via", "1.0 inner\n1.1 edge");
            assertThat(server.heads.getLast()).contains("Via: 2 edge\r\n");
            http.send("GET / HTTP/1.1\r\nHost: a\r\nVia: 1.1 cdn\r\n\r\n");
            assertThat(http.read().head()).contains("Via: 1.0 inner\r\n").contains("Via: 1.1 edge\r\n");
            assertThat(server.heads.getLast()).contains("Via: 1.1 cdn\r\n").contains("Via: 1.1 edge\r\n");
            http.send("GET / HTTP/1.0\r\n\r\n");
            assertThat(http.read().status()).isEqualTo(200);
            assertThat(server.heads.getLast()).contains("Via: 1.0 edge\r\n");
        }
    }
}
