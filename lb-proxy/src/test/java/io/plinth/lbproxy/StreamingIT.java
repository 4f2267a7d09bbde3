package io.plinth.lbproxy;

import static org.assertj.core.api.Assertions.assertThat;

import io.plinth.testkit.LeakCheck;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

@ExtendWith(LeakCheck.class)
@Timeout(120)
class StreamingIT {
    private static final int SIZE = 96 << 20;
    /** What four socket buffers may grow to, and then some; far less than the body. */
    private static final long BOUND = 40 << 20;

    @TempDir
    Path folder;

    private static void pour(OutputStream out, AtomicLong poured) throws IOException {
        byte[] piece = new byte[64 << 10];
        for (int i = 0; i < piece.length; i++) {
            piece[i] = (byte) i;
        }
        for (int sent = 0; sent < SIZE; sent += piece.length) {
            out.write(piece);
            poured.addAndGet(piece.length);
        }
        out.flush();
    }

    /** Reads it all; the sum tells a piece that is missing, doubled or moved. */
    private static long drink(InputStream in, long size) throws IOException {
        byte[] piece = new byte[64 << 10];
        long read = 0;
        while (read < size) {
            int count = in.read(piece, 0, (int) Math.min(piece.length, size - read));
            if (count < 0) {
                return read;
            }
            for (int i = 0; i < count; i += 997) {
                if (piece[i] != (byte) (read + i)) {
                    throw new IOException("wrong byte at " + (read + i));
                }
            }
            read += count;
        }
        return read;
    }

    private static void awaitStandstill(AtomicLong counter) throws InterruptedException {
        long before = -1;
        int same = 0;
        long deadline = System.nanoTime() + 20_000_000_000L;
        while (same < 10 && System.nanoTime() - deadline < 0) {
            long now = counter.get();
            same = now == before && now > 0 ? same + 1 : 0;
            before = now;
            Thread.sleep(50);
        }
    }

    @Test
    void aResponseWaitsForAClientThatDoesNotRead() throws Exception {
        AtomicLong poured = new AtomicLong();
        try (Origin origin = Origin.serving(connection -> {
                    connection.readRequest();
                    connection.send("HTTP/1.1 200 OK\r\nContent-Length: " + SIZE + "\r\n\r\n");
                    pour(connection.out, poured);
                    connection.in.read();
                });
                Proxy proxy = Proxy.of(folder, origin);
                Http http = proxy.connect()) {
            http.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
            awaitStandstill(poured);
            assertThat(poured.get()).isLessThan(BOUND);
            Http.readHead(http.in);
            assertThat(drink(http.in, SIZE)).isEqualTo(SIZE);
        }
    }

    @Test
    void aRequestWaitsForAServerThatDoesNotRead() throws Exception {
        AtomicLong poured = new AtomicLong();
        CountDownLatch go = new CountDownLatch(1);
        try (Origin origin = Origin.serving(connection -> {
                    connection.readHead();
                    try {
                        go.await();
                    } catch (InterruptedException e) {
                        throw new IOException(e);
                    }
                    connection.answer("200 OK", String.valueOf(drink(connection.in, SIZE)));
                    connection.in.read();
                });
                Proxy proxy = Proxy.of(folder, origin);
                Http http = proxy.connect()) {
            http.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: " + SIZE + "\r\n\r\n");
            Thread pouring = Thread.ofVirtual().start(() -> {
                try {
                    pour(http.out, poured);
                } catch (IOException e) {
                    poured.set(-1);
                }
            });
            awaitStandstill(poured);
            assertThat(poured.get()).isPositive().isLessThan(BOUND);
            go.countDown();
            Http.Response response = http.read();
            pouring.join();
            assertThat(response.body()).isEqualTo(String.valueOf(SIZE));
        }
    }

    @Test
    void aChunkedBodyOfAnySizeGoesThrough() throws Exception {
        try (Origin origin = Origin.serving(connection -> {
                    while (connection.readHead() != null) {
                        connection.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
                        for (int i = 1; i <= 400; i++) {
                            String data = "x".repeat(i * 7);
                            connection.send(Integer.toHexString(data.length()) + "\r\n" + data + "\r\n");
                        }
                        connection.send("0\r\n\r\n");
                    }
                });
                Proxy proxy = Proxy.of(folder, origin);
                Http http = proxy.connect()) {
            for (int i = 0; i < 5; i++) {
                assertThat(http.get("/").body()).hasSize(7 * 400 * 401 / 2);
            }
            assertThat(origin.connections).hasValue(1);
        }
    }

    @Test
    void aClientThatLeavesFreesItsServer() throws Exception {
        CountDownLatch freed = new CountDownLatch(1);
        try (Origin origin = Origin.serving(connection -> {
                    connection.readRequest();
                    connection.send("HTTP/1.1 200 OK\r\nContent-Length: " + SIZE + "\r\n\r\n");
                    try {
                        pour(connection.out, new AtomicLong());
                    } finally {
                        freed.countDown();
                    }
                });
                Proxy proxy = Proxy.of(folder, origin)) {
            try (Http http = proxy.connect()) {
                http.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
                Http.readHead(http.in);
            }
            assertThat(freed.await(20, java.util.concurrent.TimeUnit.SECONDS)).isTrue();
        }
    }
}
