package io.plinth.lbproxy;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.PooledByteBufAllocator;
import io.plinth.testkit.LeakCheck;
import java.io.IOException;
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
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** What a hostile HTTP/2 client gets for it, while another one is served a thousand requests without an error. */
@ExtendWith(LeakCheck.class)
@Timeout(120)
class Http2FloodIT {
    private static final int NO_ERROR = 0;
    private static final int PROTOCOL_ERROR = 1;
    private static final int INTERNAL_ERROR = 2;
    private static final int FLOW_CONTROL_ERROR = 3;
    private static final int STREAM_CLOSED = 5;
    private static final int FRAME_SIZE_ERROR = 6;
    private static final int REFUSED_STREAM = 7;
    private static final int CANCEL = 8;
    private static final int COMPRESSION_ERROR = 9;
    private static final int ENHANCE_YOUR_CALM = 11;

    private static final int MANY = 4_000;
    private static final long MEMORY = 96L << 20;
    /** What a node has by default. */
    static final long HEAP = 128L << 20;

    @TempDir
    Path folder;

    private final CompletableFuture<Void> over = new CompletableFuture<>();
    private Origin origin;
    private Proxy proxy;

    /** What an attacker does; the server may close in the middle of it. */
    private interface Attack {
        void run(H2 h2) throws IOException;
    }

    private enum Ends {
        /** The connection, with GOAWAY. */
        CONNECTION,
        /** The stream that is read, with RST_STREAM. */
        STREAM,
        /** Nothing; the stream gets the status. */
        ANSWERED
    }

    private record Row(String name, Ends ends, int code, int[] settings, Attack attack) {}

    @BeforeEach
    void start() throws Exception {
        String large = "x".repeat(400_000);
        origin = Origin.serving(connection -> {
            for (String head = connection.readRequest(); head != null; head = connection.readRequest()) {
                if (head.contains("/never")) {
                    over.join();
                    return;
                }
                connection.answer("200 OK", head.startsWith("GET /large") ? large : "fine");
            }
        });
        proxy = Proxy.start(folder, """
              limits: { http2: { resets: 100, control: 500, continuations: 4 } }
              timeouts: { header: 1s, stream: 1s, keep-alive: 60s, queue: 60s }
              routes: { all: { pool: web }, full: { path: /full, pool: full } }
              pools:
                web: { servers: { s: "%s" } }
                full: { servers: { s: "%s" }, max-per-server: 1 }
            """.formatted(origin.at(), origin.at()));
    }

    @AfterEach
    void stop() throws Exception {
        over.complete(null);
        proxy.close();
        origin.close();
    }

    private static Row connection(String name, int code, Attack attack) {
        return new Row(name, Ends.CONNECTION, code, new int[0], attack);
    }

    private static List<Row> rows() {
        List<Row> rows = new ArrayList<>();
        rows.add(connection(
                "rapid reset (CVE-2023-44487)",
                ENHANCE_YOUR_CALM,
                h2 -> many(() -> {
                    int id = h2.newStream();
                    get(h2, id, "/never");
                    h2.reset(id, CANCEL);
                })));
        rows.add(connection(
                "made you reset by WINDOW_UPDATE of 0 (CVE-2025-8671)",
                ENHANCE_YOUR_CALM,
                h2 -> many(() -> {
                    int id = h2.newStream();
                    get(h2, id, "/never");
                    h2.windowUpdate(id, 0);
                })));
        rows.add(connection(
                "made you reset by a window above 2^31-1",
                ENHANCE_YOUR_CALM,
                h2 -> many(() -> {
                    int id = h2.newStream();
                    get(h2, id, "/never");
                    h2.windowUpdate(id, Integer.MAX_VALUE);
                })));
        rows.add(connection(
                "made you reset by DATA after END_STREAM",
                ENHANCE_YOUR_CALM,
                h2 -> many(() -> {
                    int id = h2.newStream();
                    get(h2, id, "/never");
                    h2.frame(H2.DATA, 0, id, (byte) 1);
                })));
        rows.add(connection(
                "malformed requests",
                ENHANCE_YOUR_CALM,
                h2 -> many(() -> h2.headers(h2.newStream(), true, ":method", "GET", ":path", "/"))));
        rows.add(connection(
                "streams beyond the limit", ENHANCE_YOUR_CALM, h2 -> many(() -> get(h2, h2.newStream(), "/never"))));
        rows.add(connection("CONTINUATION flood (CVE-2024-27316)", ENHANCE_YOUR_CALM, h2 -> {
            h2.frame(H2.HEADERS, 0, h2.newStream(), h2.block(":method", "GET"));
            many(() -> h2.frame(H2.CONTINUATION, 0, 1, h2.block("x-a", "b")));
        }));
        rows.add(connection("empty CONTINUATION flood", ENHANCE_YOUR_CALM, h2 -> {
            h2.frame(H2.HEADERS, 0, h2.newStream());
            many(() -> h2.frame(H2.CONTINUATION, 0, 1));
        }));
        rows.add(connection("header block without end", ENHANCE_YOUR_CALM, h2 -> {
            h2.frame(H2.HEADERS, 0, h2.newStream(), new byte[16_384]);
            for (int i = 0; i < 10; i++) {
                h2.frame(H2.CONTINUATION, 0, 1, new byte[16_384]);
            }
        }));
        rows.add(connection("slow header block", ENHANCE_YOUR_CALM, h2 -> {
            h2.acknowledges = false;
            h2.frame(H2.HEADERS, 0, h2.newStream());
        }));
        rows.add(connection("SETTINGS flood", ENHANCE_YOUR_CALM, h2 -> many(() -> h2.settings(4, 65_535))));
        rows.add(connection("PING flood", ENHANCE_YOUR_CALM, h2 -> many(() -> h2.frame(H2.PING, 0, 0, new byte[8]))));
        rows.add(connection(
                "PRIORITY flood", ENHANCE_YOUR_CALM, h2 -> many(() -> h2.frame(H2.PRIORITY, 0, 1, new byte[5]))));
        rows.add(connection(
                "flood of frames of no known type", ENHANCE_YOUR_CALM, h2 -> many(() -> h2.frame(77, 0, 0))));
        rows.add(connection("WINDOW_UPDATE flood", ENHANCE_YOUR_CALM, h2 -> many(() -> h2.windowUpdate(0, 1))));
        rows.add(connection("empty DATA flood", ENHANCE_YOUR_CALM, h2 -> {
            int id = h2.request("POST", "/never", false);
            many(() -> h2.frame(H2.DATA, 0, id));
        }));
        rows.add(connection("RST_STREAM flood on a closed stream", ENHANCE_YOUR_CALM, h2 -> {
            h2.get("/");
            many(() -> h2.reset(1, CANCEL));
        }));
        rows.add(connection(
                "HPACK table size above SETTINGS",
                COMPRESSION_ERROR,
                h2 -> h2.frame(H2.HEADERS, 5, 1, (byte) 0x3f, (byte) 0xe1, (byte) 0xff, (byte) 3)));
        rows.add(connection(
                "HPACK index of no entry", COMPRESSION_ERROR, h2 -> h2.frame(H2.HEADERS, 5, 1, (byte) 0xff, (byte) 0)));
        rows.add(connection("HPACK integer without end", COMPRESSION_ERROR, h2 -> {
            byte[] ones = new byte[1000];
            java.util.Arrays.fill(ones, (byte) 0xff);
            h2.frame(H2.HEADERS, 5, 1, ones);
        }));
        rows.add(connection(
                "connection window above 2^31-1", FLOW_CONTROL_ERROR, h2 -> h2.windowUpdate(0, Integer.MAX_VALUE)));
        rows.add(connection("more DATA than the connection's window", FLOW_CONTROL_ERROR, h2 -> {
            get(h2, h2.newStream(), "/full/never");
            for (int i = 0; i < 20; i++) {
                int id = h2.newStream();
                h2.headers(id, false, ":method", "POST", ":scheme", "http", ":authority", "a", ":path", "/full/x");
                for (int k = 0; k < 4; k++) {
                    h2.frame(H2.DATA, 0, id, new byte[16_384]);
                }
            }
        }));
        rows.add(connection("frame too large", FRAME_SIZE_ERROR, h2 -> h2.frame(H2.DATA, 0, 1, new byte[16_385])));
        rows.add(connection("HEADERS on a closed stream", STREAM_CLOSED, h2 -> {
            h2.get("/");
            get(h2, 1, "/");
        }));
        rows.add(connection("no request", NO_ERROR, h2 -> {}));
        rows.add(new Row("more DATA than the stream's window", Ends.STREAM, FLOW_CONTROL_ERROR, new int[0], h2 -> {
            get(h2, 1, "/full/never");
            h2.headers(3, false, ":method", "POST", ":scheme", "http", ":authority", "a", ":path", "/full/x");
            for (int k = 0; k < 5; k++) {
                h2.frame(H2.DATA, 0, 3, new byte[16_384]);
            }
        }));
        rows.add(new Row("zero window, small response", Ends.STREAM, CANCEL, new int[] {4, 0}, h2 -> get(h2, 1, "/")));
        rows.add(new Row(
                "zero window, large response",
                Ends.STREAM,
                INTERNAL_ERROR,
                new int[] {4, 0},
                h2 -> get(h2, 1, "/large")));
        rows.add(new Row(
                "stream that depends on itself",
                Ends.STREAM,
                PROTOCOL_ERROR,
                new int[0],
                h2 -> h2.frame(H2.PRIORITY, 0, 1, new byte[] {0, 0, 0, 1, 0})));
        rows.add(new Row("stream 101", Ends.STREAM, REFUSED_STREAM, new int[0], h2 -> {
            for (int id = 3; id <= 201; id += 2) {
                get(h2, id, "/never");
            }
            get(h2, 203, "/never");
        }));
        rows.add(new Row(
                "request body that does not come",
                Ends.ANSWERED,
                408,
                new int[0],
                h2 -> h2.request("POST", "/never", false)));
        rows.add(new Row("HPACK bomb", Ends.ANSWERED, 431, new int[0], h2 -> {
            // An entry of 3 KiB enters the table, then a block refers to it 30,000 times.
            byte[] first = h2.block(
                    ":method", "GET", ":scheme", "http", ":authority", "a", ":path", "/", "x-bomb", "y".repeat(3000));
            byte[] bomb = java.util.Arrays.copyOf(first, first.length + 30_000);
            java.util.Arrays.fill(bomb, first.length, bomb.length, (byte) 0xbe);
            h2.frame(H2.HEADERS, 1, 1, java.util.Arrays.copyOf(bomb, 16_384));
            h2.frame(H2.CONTINUATION, 4, 1, java.util.Arrays.copyOfRange(bomb, 16_384, 32_768));
        }));
        return rows;
    }

    private interface Step {
        void run() throws IOException;
    }

    private static void many(Step step) throws IOException {
        for (int i = 0; i < MANY; i++) {
            step.run();
        }
    }

    private static void get(H2 h2, int stream, String path) throws IOException {
        h2.headers(stream, true, ":method", "GET", ":scheme", "http", ":authority", "a", ":path", path);
    }

    @TestFactory
    Stream<DynamicTest> attackers() {
        return rows().stream().map(row -> DynamicTest.dynamicTest(row.name, () -> check(row)));
    }

    private void check(Row row) throws Exception {
        CompletableFuture<Void> other = new CompletableFuture<>();
        Thread.ofVirtual().start(() -> {
            try {
                thousand();
                other.complete(null);
            } catch (Throwable e) {
                other.completeExceptionally(e);
            }
        });
        try (H2 h2 = H2.to(proxy.address(), row.settings)) {
            h2.givesWindow = false;
            try {
                row.attack.run(h2);
                h2.flush();
            } catch (SocketException closed) {
                // It did not want to hear all of it.
            }
            switch (row.ends) {
                case CONNECTION -> assertThat(h2.ending()).as(h2.goAwayText).isEqualTo(row.code);
                case STREAM -> {
                    int id = row.code == REFUSED_STREAM ? 203 : row.code == FLOW_CONTROL_ERROR ? 3 : 1;
                    assertThat(h2.read(id).reset)
                            .as("status " + h2.stream(id).status)
                            .isEqualTo(row.code);
                }
                case ANSWERED -> assertThat(h2.read(1).status).isEqualTo(row.code);
            }
            other.get(60, TimeUnit.SECONDS);
            assertThat(PooledByteBufAllocator.DEFAULT.metric().usedDirectMemory())
                    .isLessThan(MEMORY);
            assertThat(heap()).isLessThan(HEAP);
        }
    }

    /** CVE-2019-9511: the window counts bytes, and a frame of one byte must not cost many times that. */
    @Test
    void framesOfOneByteCostNoMoreThanTheirWindow() throws Exception {
        int frames = 50_000;
        try (H2 h2 = H2.to(proxy.address())) {
            get(h2, h2.newStream(), "/full/never");
            long before = heap();
            for (int i = 0; i < 6; i++) {
                int id = h2.newStream();
                h2.headers(id, false, ":method", "POST", ":scheme", "http", ":authority", "a", ":path", "/full/x");
                for (int k = 0; k < frames; k++) {
                    h2.frame(H2.DATA, 0, id, (byte) k);
                }
            }
            h2.frame(H2.PING, 0, 0, new byte[8]);
            h2.flush();
            while (h2.pingAcks == 0) {
                assertThat(h2.readFrame()).as(h2.goAwayText).isTrue();
            }
            assertThat(heap() - before).isLessThan(8L << 20);
        }
    }

    static long heap() {
        System.gc();
        return Runtime.getRuntime().totalMemory() - Runtime.getRuntime().freeMemory();
    }

    /** What a fault ends must not stay taken from the window that all streams share. */
    @Test
    void theConnectionsWindowOutlivesFaultsOfStreams() throws Exception {
        try (H2 h2 = H2.to(proxy.address())) {
            get(h2, h2.newStream(), "/full/never");
            for (int i = 0; i < 40; i++) {
                int id = h2.request("POST", "/", false, "content-length", "5");
                h2.frame(H2.DATA, 0, id, new byte[16_384]);
                h2.flush();
                assertThat(h2.read(id).reset).isEqualTo(PROTOCOL_ERROR);
            }
            for (int i = 0; i < 40; i++) {
                int id = h2.request("POST", "/full/x", false);
                for (int k = 0; k < 5; k++) {
                    h2.frame(H2.DATA, 0, id, new byte[16_384]);
                }
                h2.flush();
                assertThat(h2.read(id).reset).as(h2.goAwayText).isEqualTo(FLOW_CONTROL_ERROR);
            }
        }
    }

    private void thousand() throws IOException {
        try (H2 h2 = H2.to(proxy.address())) {
            for (int round = 0; round < 20; round++) {
                List<Integer> ids = new ArrayList<>();
                for (int i = 0; i < 50; i++) {
                    ids.add(h2.request("GET", "/" + i, true));
                }
                for (int id : ids) {
                    assertThat(h2.read(id).body()).isEqualTo("fine");
                }
            }
        }
    }
}
