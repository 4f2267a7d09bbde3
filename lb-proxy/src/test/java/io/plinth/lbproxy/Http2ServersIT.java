package io.plinth.lbproxy;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.pkitesting.CertificateBuilder;
import io.netty.pkitesting.X509Bundle;
import io.plinth.testkit.LeakCheck;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.BrokenBarrierException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLServerSocket;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** A proxy whose server is another proxy, with HTTP/2 between them: what the one sends, the other one's tests judge. */
@ExtendWith(LeakCheck.class)
@Timeout(120)
class Http2ServersIT {
    @TempDir
    Path folder;

    private Proxy front(Proxy back) throws Exception {
        Path own = Files.createDirectories(folder.resolve("front"));
        return Proxy.start(own, """
              routes: { all: { pool: web } }
              pools: { web: { servers: { s: "127.0.0.1:%d" }, protocol: http2 } }
            """.formatted(back.address().getPort()));
    }

    private Proxy back(Origin origin) throws Exception {
        return Proxy.of(Files.createDirectories(folder.resolve("back")), origin);
    }

    @Test
    void requestsOfEitherVersionGoOverOneConnection() throws Exception {
        String large = "y".repeat(1_000_000);
        try (Origin origin = Origin.serving(connection -> {
                    for (String head = connection.readRequest(); head != null; head = connection.readRequest()) {
                        if (head.startsWith("HEAD")) {
                            connection.send("HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n");
                        } else if (head.startsWith("GET /chunked")) {
                            connection.send("HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\nHTTP/1.1 200 OK\r\n"
                                    + "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX-Sum: 1\r\n\r\n");
                        } else {
                            connection.answer("200 OK", head.startsWith("GET /large") ? large : "small");
                        }
                    }
                });
                Proxy back = back(origin);
                Proxy front = front(back);
                Http http = front.connect();
                H2 h2 = H2.to(front.address())) {
            for (int i = 0; i < 20; i++) {
                assertThat(http.get("/").body()).isEqualTo("small");
                assertThat(h2.get("/").body()).isEqualTo("small");
            }
            assertThat(http.get("/large").body()).isEqualTo(large);
            assertThat(h2.get("/large").body()).isEqualTo(large);
            H2.Stream chunked = h2.get("/chunked");
            assertThat(chunked.interims).containsExactly(103);
            assertThat(chunked.body()).isEqualTo("abc");
            assertThat(chunked.trailers).containsEntry("x-sum", "1");
            http.send("GET /chunked HTTP/1.1\r\nHost: a\r\n\r\n");
            assertThat(http.read().status()).isEqualTo(103);
            assertThat(http.read().body()).isEqualTo("abc|x-sum: 1");
            assertThat(h2.read(h2.request("HEAD", "/", true)).headers).containsEntry("content-length", "99");
            http.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello");
            assertThat(http.read().status()).isEqualTo(200);
            assertThat(back.metrics()).containsPattern("lb_proxy_connections_total [12]\\.0");
        }
    }

    @Test
    void aServerThatGoesAwayIsRetriedOrReported() throws Exception {
        try (Origin origin = Origin.answering("x")) {
            Proxy back = back(origin);
            try (Proxy front = front(back);
                    Http http = front.connect()) {
                assertThat(http.get("/").status()).isEqualTo(200);
                back.close();
                assertThat(http.get("/").status()).isEqualTo(502);
            }
        }
    }

    private static byte[] masked(int opcode, String text) {
        byte[] data = text.getBytes(StandardCharsets.US_ASCII);
        ByteBuffer frame = ByteBuffer.allocate(6 + data.length);
        return frame.put((byte) (0x80 | opcode))
                .put((byte) (0x80 | data.length))
                .putInt(0)
                .put(data)
                .array();
    }

    private static void tunnel(Proxy proxy) throws Exception {
        try (H2 h2 = H2.to(proxy.address())) {
            int id = h2.newStream();
            h2.headers(
                    id,
                    false,
                    ":method",
                    "CONNECT",
                    ":protocol",
                    "websocket",
                    ":scheme",
                    "http",
                    ":authority",
                    "a",
                    ":path",
                    "/ws",
                    "sec-websocket-version",
                    "13",
                    "origin",
                    "http://a");
            h2.frame(H2.DATA, 0, id, masked(1, "early"));
            h2.flush();
            while (h2.stream(id).bytes.size() < 7) {
                assertThat(h2.readFrame()).isTrue();
            }
            assertThat(h2.stream(id).status).isEqualTo(200);
            assertThat(h2.stream(id).body()).endsWith("early");
            h2.frame(H2.DATA, 0, id, masked(8, ""));
            h2.flush();
            assertThat(h2.read(id).ended).isTrue();
        }
    }

    @Test
    void aWebSocketOverHttp2ReachesAServerOfEitherVersion() throws Exception {
        try (Origin origin = WebSocketIT.echoing();
                Proxy back = back(origin);
                Proxy front = front(back)) {
            tunnel(back);
            tunnel(front);
        }
    }

    /** RFC 6455 4.1: who makes the key looks at what comes of it; over HTTP/2 that is the proxy. */
    @Test
    void aServerThatSwitchesWithoutHavingReadTheKeyOpensNoTunnel() throws Exception {
        try (Origin origin = Origin.serving(connection -> {
                    connection.readRequest();
                    connection.send("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                            + "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n");
                    connection.in.readAllBytes();
                });
                Proxy back = back(origin);
                H2 h2 = H2.to(back.address())) {
            int id = h2.newStream();
            h2.headers(
                    id,
                    false,
                    ":method",
                    "CONNECT",
                    ":protocol",
                    "websocket",
                    ":scheme",
                    "http",
                    ":authority",
                    "a",
                    ":path",
                    "/ws");
            h2.flush();
            assertThat(h2.read(id).status).isEqualTo(502);
            assertThat(h2.stream(id).body()).contains("Sec-WebSocket-Accept");
        }
    }

    @Test
    void aRefusedTunnelIsNoTunnel() throws Exception {
        try (Origin origin = Origin.answering("no");
                Proxy back = back(origin);
                H2 h2 = H2.to(back.address())) {
            int id = h2.newStream();
            h2.headers(
                    id,
                    false,
                    ":method",
                    "CONNECT",
                    ":protocol",
                    "websocket",
                    ":scheme",
                    "http",
                    ":authority",
                    "a",
                    ":path",
                    "/ws");
            h2.flush();
            assertThat(h2.read(id).status).isEqualTo(502);
        }
    }

    /** Text in fragments, large binary messages and pings, from a client of HTTP/1.1 over HTTP/2 to a server of 1.1. */
    @Test
    void framesOfEveryKindPassAWebSocketOfHttp1OverHttp2() throws Exception {
        LinkedBlockingQueue<String> got = new LinkedBlockingQueue<>();
        try (Origin origin = WebSocketIT.echoing();
                Proxy back = back(origin);
                Proxy front = front(back);
                HttpClient client = HttpClient.newHttpClient()) {
            for (Proxy proxy : new Proxy[] {back, front}) {
                CompletableFuture<Integer> closed = new CompletableFuture<>();
                WebSocket socket = client.newWebSocketBuilder()
                        .buildAsync(
                                URI.create("ws://127.0.0.1:" + proxy.address().getPort() + "/ws"),
                                new HeardFrames(got, closed))
                        .get(20, TimeUnit.SECONDS);
                for (int i = 0; i < 20; i++) {
                    socket.sendText("a" + i, false).get(20, TimeUnit.SECONDS);
                    socket.sendText("b", false).get(20, TimeUnit.SECONDS);
                    socket.sendText("c", true).get(20, TimeUnit.SECONDS);
                    assertThat(got.poll(20, TimeUnit.SECONDS)).isEqualTo("a" + i + "bc");
                }
                byte[] large = new byte[60_000];
                for (int i = 0; i < 20; i++) {
                    socket.sendBinary(ByteBuffer.wrap(large), true).get(20, TimeUnit.SECONDS);
                    assertThat(got.poll(20, TimeUnit.SECONDS)).isEqualTo("binary 60000");
                }
                socket.sendPing(ByteBuffer.wrap(new byte[] {1})).get(20, TimeUnit.SECONDS);
                assertThat(got.poll(20, TimeUnit.SECONDS)).isEqualTo("ping");
                socket.sendClose(WebSocket.NORMAL_CLOSURE, "bye");
                assertThat(closed.get(20, TimeUnit.SECONDS)).isEqualTo(WebSocket.NORMAL_CLOSURE);
            }
        }
    }

    private @Nullable X509Bundle made;

    private Path identity(String folderName) throws Exception {
        Path to = Files.createDirectories(folder.resolve(folderName));
        X509Bundle bundle = new CertificateBuilder()
                .subject("CN=shop.example")
                .addSanDnsName("shop.example")
                .setIsCertificateAuthority(true)
                .buildSelfSigned();
        made = bundle;
        Files.writeString(to.resolve("cert.pem"), bundle.getCertificatePathPEM());
        Files.writeString(to.resolve("key.pem"), bundle.getPrivateKeyPEM());
        return to;
    }

    private Proxy secureBack(Origin origin, String listener) throws Exception {
        return Proxy.start(identity("back"), """
              listeners:
                public: { bind: 127.0.0.1:0, tls: { cert: cert.pem, key: key.pem }%s }
            """.formatted(listener) + Proxy.section("", origin));
    }

    private Proxy secureFront(Proxy back, String pool) throws Exception {
        return secureFront(back.address().getPort(), pool);
    }

    private Proxy secureFront(int port, String pool) throws Exception {
        Path own = Files.createDirectories(folder.resolve("front"));
        return Proxy.start(own, """
              routes: { all: { pool: web } }
              pools: { web: { servers: { s: "127.0.0.1:%d" }, tls: { ca: ../back/cert.pem, name: shop.example }%s } }
            """.formatted(port, pool), 1);
    }

    /** Two requests that wait for each other, and one connection for both. */
    @Test
    void aServerOverTlsThatChoosesHttp2IsSpokenToInIt() throws Exception {
        CyclicBarrier both = new CyclicBarrier(2);
        try (Origin origin = Origin.serving(connection -> {
                    for (String head = connection.readRequest(); head != null; head = connection.readRequest()) {
                        meet(both);
                        connection.answer("200 OK", "x");
                    }
                });
                Proxy back = secureBack(origin, "");
                Proxy front = secureFront(back, ", max-per-server: 1");
                Http one = front.connect();
                Http other = front.connect()) {
            for (int i = 0; i < 5; i++) {
                one.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
                other.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
                assertThat(one.read().body()).isEqualTo("x");
                assertThat(other.read().body()).isEqualTo("x");
            }
            assertThat(back.metrics()).contains("lb_proxy_connections_total 1.0");
        }
    }

    private static void meet(CyclicBarrier barrier) throws IOException {
        try {
            barrier.await(20, TimeUnit.SECONDS);
        } catch (InterruptedException | BrokenBarrierException | TimeoutException e) {
            throw new IOException(e);
        }
    }

    /** Nobody knows what the server speaks when the first requests come. */
    @Test
    void aServerOverTlsThatDoesNotChooseHttp2IsSpokenToInHttp1() throws Exception {
        try (Origin origin = Origin.answering("x");
                Proxy trusted = secureBack(origin, "");
                TlsToHttp1 plain = new TlsToHttp1()) {
            for (String pool : new String[] {"", ", max-per-server: 1", ", protocol: http1"}) {
                try (Proxy front = plain.front(pool)) {
                    List<Http> clients = new ArrayList<>();
                    for (int i = 0; i < 8; i++) {
                        clients.add(front.connect().send("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
                    }
                    for (Http client : clients) {
                        assertThat(client.read().body()).as(pool).isEqualTo("x");
                        client.close();
                    }
                }
            }
            assertThat(trusted.address().getPort()).isNotEqualTo(plain.listening.getLocalPort());
            try (Proxy front = plain.front(", protocol: http2")) {
                Http.Response refused = Http.get(front.address(), "/");
                assertThat(refused.status()).isEqualTo(502);
                assertThat(refused.body()).contains("expected: h2");
            }
        }
    }

    /** A server whose TLS knows no ALPN, with a certificate that the fronts trust. */
    private final class TlsToHttp1 implements AutoCloseable {
        private final SSLServerSocket listening;

        TlsToHttp1() throws Exception {
            X509Bundle bundle = Objects.requireNonNull(made);
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(bundle.toKeyManagerFactory().getKeyManagers(), null, null);
            listening = (SSLServerSocket)
                    context.getServerSocketFactory().createServerSocket(0, 50, InetAddress.getLoopbackAddress());
            Thread.ofVirtual().start(this::accept);
        }

        private void accept() {
            while (!listening.isClosed()) {
                try {
                    Socket socket = listening.accept();
                    Thread.ofVirtual().start(() -> serve(socket));
                } catch (IOException closed) {
                    return;
                }
            }
        }

        private static void serve(Socket socket) {
            try (socket) {
                while (Http.readHead(socket.getInputStream()) != null) {
                    socket.getOutputStream()
                            .write("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx".getBytes(StandardCharsets.US_ASCII));
                }
            } catch (IOException gone) {
                // The proxy went first.
            }
        }

        Proxy front(String pool) throws Exception {
            return secureFront(listening.getLocalPort(), pool);
        }

        @Override
        public void close() throws IOException {
            listening.close();
        }
    }

    /** Each client has connections of its own, since they begin with its address; idle ones make room for others. */
    @Test
    void aProxyHeaderGoesBeforeHttp2AndItsConnectionIsThatClientsAlone() throws Exception {
        try (Origin origin = Origin.answering("x");
                Proxy back = secureBack(origin, ", proxy-protocol: true");
                Proxy front = secureFront(back.address().getPort(), ", proxy-protocol: v2, max-per-server: 1")) {
            for (String from : new String[] {"127.0.0.2", "127.0.0.3"}) {
                try (Socket socket = new Socket()) {
                    socket.bind(new InetSocketAddress(from, 0));
                    socket.connect(front.address());
                    Http http = Http.over(socket);
                    for (int i = 0; i < 3; i++) {
                        assertThat(http.get("/").body()).isEqualTo("x");
                        assertThat(origin.heads.getLast()).contains("X-Forwarded-For: " + from + "\r\n");
                    }
                }
            }
            assertThat(back.metrics()).contains("lb_proxy_connections_total 2.0");
        }
    }
}
