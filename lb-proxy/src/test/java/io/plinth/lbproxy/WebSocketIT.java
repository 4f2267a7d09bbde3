package io.plinth.lbproxy;

import static org.assertj.core.api.Assertions.assertThat;

import io.plinth.testkit.LeakCheck;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

@ExtendWith(LeakCheck.class)
@Timeout(120)
class WebSocketIT {
    @TempDir
    Path folder;

    /** Does the handshake of RFC 6455 4.2.2, then echoes frames with their mask taken off. */
    static Origin echoing() throws Exception {
        return Origin.serving(connection -> {
            String head = connection.readRequest();
            if (head == null) {
                return;
            }
            String key = head.lines()
                    .filter(line -> line.startsWith("Sec-WebSocket-Key: "))
                    .findFirst()
                    .orElseThrow()
                    .substring(19);
            connection.send("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                    + "Sec-WebSocket-Accept: " + accept(key) + "\r\n\r\n");
            for (int first = connection.in.read(); first >= 0; first = connection.in.read()) {
                int length = connection.in.read() & 0x7f;
                if (length == 126) {
                    length = connection.in.read() << 8 | connection.in.read();
                }
                byte[] mask = connection.in.readNBytes(4);
                byte[] data = connection.in.readNBytes(length);
                for (int i = 0; i < data.length; i++) {
                    data[i] ^= mask[i % 4];
                }
                connection.out.write(first);
                if (length < 126) {
                    connection.out.write(length);
                } else {
                    connection.out.write(new byte[] {126, (byte) (length >> 8), (byte) length});
                }
                connection.out.write(data);
                connection.out.flush();
                if ((first & 0x0f) == 8) {
                    return;
                }
            }
        });
    }

    private static String accept(String key) {
        try {
            byte[] text = (key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").getBytes(StandardCharsets.US_ASCII);
            return Base64.getEncoder()
                    .encodeToString(MessageDigest.getInstance("SHA-1").digest(text));
        } catch (java.security.NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void framesGoBothWaysUntilTheCloseHandshake() throws Exception {
        LinkedBlockingQueue<String> received = new LinkedBlockingQueue<>();
        CompletableFuture<Integer> closed = new CompletableFuture<>();
        try (Origin origin = echoing();
                Proxy proxy = Proxy.of(folder, origin);
                HttpClient client = HttpClient.newHttpClient()) {
            WebSocket socket = client.newWebSocketBuilder()
                    .buildAsync(
                            URI.create("ws://127.0.0.1:" + proxy.address().getPort() + "/ws"),
                            new HeardFrames(received, closed))
                    .get(20, TimeUnit.SECONDS);
            for (int i = 0; i < 50; i++) {
                String text = i + "-" + "x".repeat(i * 40);
                socket.sendText(text, true).get(20, TimeUnit.SECONDS);
                assertThat(received.poll(20, TimeUnit.SECONDS)).isEqualTo(text);
            }
            socket.sendClose(WebSocket.NORMAL_CLOSURE, "bye");
            assertThat(closed.get(20, TimeUnit.SECONDS)).isEqualTo(WebSocket.NORMAL_CLOSURE);
        }
    }

    /** Small, beside the bench's 9,000 over 500 reloads: pools change each time, and one goes while its tunnels are open. */
    @Test
    void openOnesOutliveReloads() throws Exception {
        try (Origin origin = echoing();
                Proxy proxy = Proxy.of(folder, origin);
                HttpClient client = HttpClient.newHttpClient()) {
            List<LinkedBlockingQueue<String>> received = new ArrayList<>();
            List<WebSocket> sockets = new ArrayList<>();
            for (int i = 0; i < 20; i++) {
                received.add(new LinkedBlockingQueue<>());
                sockets.add(client.newWebSocketBuilder()
                        .buildAsync(
                                URI.create("ws://127.0.0.1:" + proxy.address().getPort() + "/ws"),
                                new HeardFrames(received.getLast(), new CompletableFuture<>()))
                        .get(20, TimeUnit.SECONDS));
            }
            for (int reload = 0; reload < 10; reload++) {
                String changed = Proxy.section("", origin).replace("round-robin", "round-robin, queue: 1" + reload);
                proxy.reload(reload % 2 == 0 ? changed : changed.replace("web", "other"));
                for (int i = 0; i < sockets.size(); i++) {
                    String text = reload + "-" + i;
                    sockets.get(i).sendText(text, true).get(20, TimeUnit.SECONDS);
                    assertThat(received.get(i).poll(20, TimeUnit.SECONDS)).isEqualTo(text);
                }
            }
            assertThat(origin.connections).hasValue(20);
            sockets.forEach(WebSocket::abort);
        }
    }

    @Test
    void aRefusedHandshakeIsAnOrdinaryResponse() throws Exception {
        try (Origin origin = Origin.answering("no");
                Proxy proxy = Proxy.of(folder, origin);
                Http http = proxy.connect()) {
            for (int i = 0; i < 2; i++) {
                http.send("GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
                assertThat(http.read().body()).isEqualTo("no");
            }
            assertThat(origin.heads.getFirst()).contains("Connection: Upgrade\r\nUpgrade: websocket\r\n");
        }
    }

    /** RFC 8441 3: a server's SETTINGS tell whether it takes extended CONNECT, so a WebSocket's request waits for them. */
    @Test
    void aServerOfHttp2ThatDoesNotSayItTakesWebSocketsIsSentNone() throws Exception {
        CompletableFuture<Void> settle = new CompletableFuture<>();
        LinkedBlockingQueue<Integer> types = new LinkedBlockingQueue<>();
        String request = "GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
        try (Origin origin = Origin.serving(connection -> {
                    connection.in.readNBytes(24);
                    settle.join();
                    connection.out.write(new byte[] {0, 0, 0, 4, 0, 0, 0, 0, 0});
                    for (byte[] head = connection.in.readNBytes(9);
                            head.length == 9;
                            head = connection.in.readNBytes(9)) {
                        types.add((int) head[3]);
                        connection.in.readNBytes((head[1] & 0xff) << 8 | (head[2] & 0xff));
                    }
                    types.add(-1);
                });
                Proxy proxy = Proxy.start(
                        folder, Proxy.section("", origin).replace("round-robin", "round-robin, protocol: http2"), 1);
                Http early = proxy.connect();
                Http late = proxy.connect()) {
            early.send(request);
            Proxy.await("connection", () -> origin.connections.get() == 1);
            settle.complete(null);
            for (Http each : new Http[] {early, late}) {
                Http.Response refused = each == late ? late.send(request).read() : early.read();
                assertThat(refused.status()).isEqualTo(502);
                assertThat(refused.body()).contains("server does not take WebSockets over HTTP/2");
            }
            assertThat(origin.connections).hasValue(1);
            assertThat(types).doesNotContain(H2.HEADERS).contains(H2.SETTINGS);
        }
    }

    /** No rate is asked of a WebSocket, over HTTP/2 neither: its client may leave its windows closed for as long as it likes. */
    @Test
    void aWebSocketOverHttp2MayBeTakenSlowly() throws Exception {
        String much = "x".repeat(200_000);
        try (Origin origin = Origin.serving(connection -> {
                    String head = String.valueOf(connection.readRequest());
                    String key = head.replaceAll("(?s).*Sec-WebSocket-Key: ([^\r]*).*", "$1");
                    connection.send("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                            + "Sec-WebSocket-Accept: " + accept(key) + "\r\n\r\n" + much);
                    connection.in.readAllBytes();
                });
                Proxy proxy = Proxy.start(folder, Proxy.section("timeouts: { stream: 500ms }", origin));
                H2 h2 = H2.to(proxy.address(), 4, 1 << 20)) {
            h2.givesWindow = false;
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
            while (h2.stream(id).bytes.size() < 65_535) {
                assertThat(h2.readFrame()).isTrue();
            }
            for (int i = 0; i < 5; i++) {
                assertThat(h2.quiet()).isTrue();
            }
            h2.windowUpdate(0, much.length());
            h2.flush();
            while (h2.stream(id).bytes.size() < much.length()) {
                assertThat(h2.readFrame()).as(h2.goAwayText).isTrue();
            }
        }
    }

    @Test
    void eitherSidesCloseClosesTheOther() throws Exception {
        CompletableFuture<Boolean> originSawEnd = new CompletableFuture<>();
        try (Origin origin = Origin.serving(connection -> {
                    connection.readRequest();
                    connection.send("HTTP/1.1 101 X\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\nearly");
                    if (connection.in.read() == 'c') {
                        connection.send("last words");
                        return;
                    }
                    originSawEnd.complete(connection.in.read() < 0);
                });
                Proxy proxy = Proxy.of(folder, origin)) {
            String request = "GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
            try (Http http = proxy.connect()) {
                // Bytes sent before the 101 wait for it.
                http.send(request + "c");
                assertThat(Http.readHead(http.in)).startsWith("HTTP/1.1 101 X");
                assertThat(new String(http.in.readAllBytes(), StandardCharsets.US_ASCII))
                        .isEqualTo("earlylast words");
            }
            try (Http http = proxy.connect()) {
                http.send(request + "x");
                assertThat(Http.readHead(http.in)).startsWith("HTTP/1.1 101 X");
            }
            assertThat(originSawEnd.get(20, TimeUnit.SECONDS)).isTrue();
        }
    }
}
