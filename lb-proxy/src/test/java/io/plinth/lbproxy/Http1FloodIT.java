package io.plinth.lbproxy;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.PooledByteBufAllocator;
import io.plinth.testkit.LeakCheck;
import java.io.IOException;
import java.io.OutputStream;
import java.net.SocketException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** What hostile clients of HTTP/1.1 get for it, while another one is served a thousand requests without an error. */
@ExtendWith(LeakCheck.class)
@Timeout(120)
class Http1FloodIT {
    /** In place of a status: the connection ends without one. */
    private static final int CLOSED = 0;

    private static final long MEMORY = 96L << 20;
    private static final String LARGE = "x".repeat(400_000);

    @TempDir
    Path folder;

    private Origin origin;
    private Proxy proxy;

    /** What each of so many connections sends; the proxy may close in the middle of it. */
    private interface Attack {
        void run(Http http) throws IOException;
    }

    private record Row(String name, int connections, int code, Attack attack) {}

    @BeforeEach
    void start() throws Exception {
        origin = Origin.serving(connection -> {
            for (String head = connection.readRequest(); head != null; head = connection.readRequest()) {
                if (head.contains("chunked")) {
                    connection.in.transferTo(OutputStream.nullOutputStream());
                    return;
                }
                connection.answer("200 OK", head.startsWith("GET /large") ? LARGE : "fine");
            }
        });
        proxy = Proxy.start(folder, Proxy.section("""
            timeouts: { header: 2s, stream: 1s, keep-alive: 60s }
            """, origin));
    }

    @AfterEach
    void stop() throws Exception {
        proxy.close();
        origin.close();
    }

    private static List<Row> rows() {
        String post = "POST / HTTP/1.1\r\nHost: a\r\n";
        return List.of(
                new Row("nothing at all", 200, CLOSED, http -> {}),
                new Row("slow heads (slowloris)", 200, 408, http -> http.send("GET / HTTP/1.1\r\nHost: a\r\nX-")),
                new Row("slow bodies", 100, 408, http -> http.send(post + "Content-Length: 100\r\n\r\nx")),
                new Row("slow chunks", 100, 408, http -> http.send(post + "Transfer-Encoding: chunked\r\n\r\n5\r\nh")),
                new Row("slow readers", 20, CLOSED, http -> {
                    for (int i = 0; i < 20; i++) {
                        http.send("GET /large HTTP/1.1\r\nHost: a\r\n\r\n");
                    }
                }),
                new Row("heads without end", 20, 431, http -> {
                    http.send("GET / HTTP/1.1\r\nHost: a\r\n");
                    many(http, "X-Header: and its value\r\n");
                }),
                new Row("a header line without end", 20, 431, http -> {
                    http.send("GET / HTTP/1.1\r\nHost: a\r\nX: ");
                    many(http, "x".repeat(64));
                }),
                new Row("a request line without end", 20, 414, http -> {
                    http.send("GET /");
                    many(http, "x".repeat(64));
                }),
                new Row("chunk extensions without end", 20, 400, http -> {
                    http.send(post + "Transfer-Encoding: chunked\r\n\r\n5;");
                    many(http, "x".repeat(64));
                }),
                new Row("trailers without end", 20, 431, http -> {
                    http.send(post + "Transfer-Encoding: chunked\r\n\r\n0\r\n");
                    many(http, "X-Trailer: and its value\r\n");
                }),
                new Row(
                        "a body larger than it may be",
                        20,
                        413,
                        http -> http.send(post + "Content-Length: 99999999999\r\n\r\n")));
    }

    private static void many(Http http, String text) throws IOException {
        for (int i = 0; i < 4000; i++) {
            http.out.write(text.getBytes(java.nio.charset.StandardCharsets.US_ASCII));
        }
    }

    @TestFactory
    Stream<DynamicTest> attackers() {
        return rows().stream().map(row -> DynamicTest.dynamicTest(row.name, () -> check(row)));
    }

    private void check(Row row) throws Exception {
        List<Http> attackers = new ArrayList<>();
        CompletableFuture<Void> other = new CompletableFuture<>();
        try {
            for (int i = 0; i < row.connections; i++) {
                Http http = proxy.connect();
                attackers.add(http);
                try {
                    row.attack.run(http);
                } catch (SocketException closed) {
                    // It did not want to hear all of it.
                }
            }
            Thread.ofVirtual().start(() -> {
                try {
                    thousand();
                    other.complete(null);
                } catch (Throwable e) {
                    other.completeExceptionally(e);
                }
            });
            other.get(120, TimeUnit.SECONDS);
            assertThat(PooledByteBufAllocator.DEFAULT.metric().usedDirectMemory())
                    .isLessThan(MEMORY);
            assertThat(Http2FloodIT.heap()).isLessThan(Http2FloodIT.HEAP);
            if (row.code == CLOSED) {
                Proxy.await("nobody waits for them", () -> sum("lb_proxy_upstream_connections{") <= 2);
                // Whoever reads before it was cut off is no slow reader any more.
                Proxy.await(
                        "all are cut off",
                        () -> sum("lb_proxy_connections_total") <= sum("lb_proxy_connections_closed_total"));
            }
            for (Http http : attackers) {
                end(row, http);
            }
        } finally {
            for (Http http : attackers) {
                http.close();
            }
        }
    }

    private long sum(String metric) {
        try {
            return proxy.metrics()
                    .lines()
                    .filter(line -> line.startsWith(metric))
                    .mapToLong(line -> (long) Double.parseDouble(line.substring(line.lastIndexOf(' '))))
                    .sum();
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }

    /** The code, then the end; whoever takes nothing sees what was on its way, then the end. */
    private static void end(Row row, Http http) throws IOException {
        if (row.code == CLOSED) {
            try {
                long read = http.in.transferTo(OutputStream.nullOutputStream());
                assertThat(read).isLessThan(20L * LARGE.length());
            } catch (SocketException reset) {
                // That is an end too.
            }
            return;
        }
        try {
            assertThat(http.read().status()).isEqualTo(row.code);
            assertThat(http.closed()).isTrue();
        } catch (SocketException reset) {
            assertThat(reset).as("reset before the code was read").isNull();
        }
    }

    private void thousand() throws IOException {
        try (Http http = proxy.connect()) {
            for (int i = 0; i < 1000; i++) {
                assertThat(http.get("/" + i).body()).isEqualTo("fine");
            }
        }
    }
}
