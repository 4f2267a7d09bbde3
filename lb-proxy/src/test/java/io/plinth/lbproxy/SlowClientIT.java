package io.plinth.lbproxy;

import static org.assertj.core.api.Assertions.assertThat;

import io.plinth.testkit.LeakCheck;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/**
 * Who dribbles is cut off though it never stops, and who is slow but steady gets through, longer than any time limit.
 * A second and a half behind is allowed, so the steady ones send ten times as fast as they have to.
 */
@ExtendWith(LeakCheck.class)
@Execution(ExecutionMode.SAME_THREAD)
class SlowClientIT {
    private static final int LARGE = 6_000_000;

    @TempDir
    Path folder;

    private final CompletableFuture<Void> over = new CompletableFuture<>();
    private Origin origin;
    private Proxy proxy;

    @BeforeEach
    void start() throws Exception {
        String large = "x".repeat(LARGE);
        origin = Origin.serving(connection -> {
            for (String head = connection.readRequest(); head != null; head = connection.readRequest()) {
                if (head.startsWith("GET /sparse")) {
                    sparse(connection);
                } else {
                    connection.answer("200 OK", head.startsWith("GET /large") ? large : "fine");
                }
            }
        });
        proxy = Proxy.start(folder, Proxy.section("""
            timeouts: { header: 1500ms, header-max: 6s, stream: 1500ms }
            min-rate: { head: 1000B, body: 1000B, response: 200KiB }
            """, origin));
    }

    @AfterEach
    void stop() throws Exception {
        over.complete(null);
        proxy.close();
        origin.close();
    }

    /** A byte every now and then, but at no time one that the client leaves waiting. */
    private static void sparse(Origin.Connection connection) throws IOException {
        connection.send("HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n");
        for (int i = 0; i < 12; i++) {
            connection.send("x");
            pause(150);
        }
    }

    private static void pause(int millis) {
        try {
            Thread.sleep(millis);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private interface Sending {
        void next(int i) throws IOException;
    }

    /** Sends until it is cut off; the sending side hears of it by an error or does not. */
    private Thread dribble(Sending sending) {
        return Thread.ofVirtual().start(() -> {
            try {
                for (int i = 0; !over.isDone(); i++) {
                    sending.next(i);
                    pause(50);
                }
            } catch (IOException cut) {
                // As it should be.
            }
        });
    }

    @Test
    void aHeadThatDribblesIsCutOffAndASteadyOneIsNot() throws Exception {
        try (Http loris = proxy.connect();
                Http steady = proxy.connect()) {
            loris.send("GET / HTTP/1.1\r\nHost: a\r\nX: ");
            Thread sender = dribble(i -> loris.send("x"));
            steady.send("GET / HTTP/1.1\r\nHost: a\r\nX: ");
            for (int i = 0; i < 40; i++) {
                steady.send("x".repeat(500));
                pause(50);
            }
            steady.send("\r\n\r\n");
            assertThat(steady.read().status()).isEqualTo(200);
            assertThat(loris.read().status()).isEqualTo(408);
            assertThat(loris.closed()).isTrue();
            sender.join();
        }
    }

    @Test
    void aBodyThatDribblesIsCutOffAndASteadyOneIsNot() throws Exception {
        try (Http loris = proxy.connect();
                Http steady = proxy.connect()) {
            loris.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n");
            Thread sender = dribble(i -> loris.send("x"));
            steady.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 20000\r\n\r\n");
            for (int i = 0; i < 40; i++) {
                steady.send("x".repeat(500));
                pause(50);
            }
            assertThat(steady.read().status()).isEqualTo(200);
            Http.Response cut = loris.read();
            assertThat(cut.status()).isEqualTo(408);
            assertThat(cut.body()).contains("min-rate.body");
            assertThat(loris.closed()).isTrue();
            sender.join();
            assertThat(proxy.metrics()).contains("lb_proxy_slow_clients_total 1.0");
        }
    }

    @Test
    void aStreamThatDribblesIsCutOffAndASteadyOneOfTheSameConnectionIsNot() throws Exception {
        try (H2 h2 = H2.to(proxy.address())) {
            int loris = h2.request("POST", "/", false, "content-length", "100000");
            int steady = h2.request("POST", "/", false, "content-length", "20000");
            for (int i = 0; i < 40; i++) {
                if (h2.stream(loris).reset == H2.NONE && !h2.stream(loris).ended) {
                    h2.data(loris, "x", false);
                }
                h2.data(steady, "x".repeat(500), i == 39);
                while (h2.in.available() > 0) {
                    h2.readFrame();
                }
                pause(50);
            }
            assertThat(h2.read(steady).status).isEqualTo(200);
            assertThat(h2.read(loris).status).isEqualTo(408);
            assertThat(h2.goAway).isEqualTo(H2.NONE);
        }
    }

    @Test
    void whoReadsSlowlyGetsItAllAndWhoDribblesIsCutOff() throws Exception {
        try (Socket loris = slowReader();
                Socket steady = slowReader()) {
            InputStream in = loris.getInputStream();
            Thread sender = dribble(i -> {
                if (in.readNBytes(1_000).length == 0) {
                    throw new IOException("closed");
                }
            });
            assertThat(read(steady.getInputStream(), 100_000, 35)).isGreaterThan(LARGE);
            Proxy.await("the slow reader to be cut off", () -> slowClients() == 1);
            over.complete(null);
            sender.join();
        }
    }

    @Test
    void aResponseThatComesSlowlyIsNobodysFault() throws Exception {
        assertThat(Http.get(proxy.address(), "/sparse").body()).hasSize(12);
        try (H2 h2 = H2.to(proxy.address())) {
            assertThat(h2.get("/sparse").body()).hasSize(12);
        }
        assertThat(slowClients()).isZero();
    }

    @Test
    void whoOpensWindowsByDribsLosesItsStreamAloneAndASteadyOneGetsItAll() throws Exception {
        try (H2 h2 = H2.to(proxy.address())) {
            h2.givesWindow = false;
            int loris = h2.request("GET", "/large", true);
            h2.windowUpdate(0, LARGE * 2);
            h2.flush();
            while (h2.stream(loris).reset == H2.NONE) {
                h2.windowUpdate(loris, 1);
                h2.flush();
                while (h2.in.available() > 0) {
                    h2.readFrame();
                }
                pause(20);
            }
            assertThat(h2.stream(loris).ended).isFalse();
            h2.givesWindow = true;
            assertThat(h2.get("/").body()).isEqualTo("fine");
            assertThat(h2.goAway).isEqualTo(H2.NONE);
        }
    }

    private int slowClients() {
        try {
            return proxy.metrics()
                    .lines()
                    .filter(line -> line.startsWith("lb_proxy_slow_clients_total "))
                    .mapToInt(line -> (int) Double.parseDouble(line.substring(line.indexOf(' '))))
                    .findFirst()
                    .orElseThrow();
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    /** Its buffer is small, so that little is on the way. */
    private Socket slowReader() throws IOException {
        Socket socket = new Socket();
        socket.setReceiveBufferSize(8 * 1024);
        InetSocketAddress to = proxy.address();
        socket.connect(to);
        socket.setSoTimeout(20_000);
        socket.getOutputStream()
                .write("GET /large HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
                        .getBytes(StandardCharsets.US_ASCII));
        return socket;
    }

    private static int read(InputStream in, int step, int pauseMillis) throws IOException {
        int all = 0;
        byte[] some = new byte[step];
        for (int count = in.readNBytes(some, 0, step); count > 0; count = in.readNBytes(some, 0, step)) {
            all += count;
            pause(pauseMillis);
        }
        return all;
    }
}
