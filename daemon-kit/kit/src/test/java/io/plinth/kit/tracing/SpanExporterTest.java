package io.plinth.kit.tracing;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class SpanExporterTest {
    private static final byte[] BODY = "{}".getBytes(StandardCharsets.UTF_8);

    /** Answers one request of each connection as if more were welcome, and closes it when it reads the next. */
    private static void collect(ServerSocket listening) {
        while (!listening.isClosed()) {
            try (Socket socket = listening.accept()) {
                request(socket.getInputStream());
                socket.getOutputStream()
                        .write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
                request(socket.getInputStream());
            } catch (IOException e) {
                // The test is over, or the client was the first to go.
            }
        }
    }

    private static void request(InputStream in) throws IOException {
        StringBuilder head = new StringBuilder();
        while (head.indexOf("\r\n\r\n") < 0) {
            int read = in.read();
            if (read < 0) {
                throw new IOException("closed");
            }
            head.append((char) read);
        }
        in.readNBytes(BODY.length);
    }

    @Test
    void aKeptConnectionThatTheCollectorClosesCostsNoSpan() throws Exception {
        try (ServerSocket listening = new ServerSocket(0, 10, InetAddress.getLoopbackAddress());
                SpanExporter<String> exporter = new SpanExporter<>(
                        URI.create("http://127.0.0.1:" + listening.getLocalPort() + "/v1/traces"),
                        10,
                        "node",
                        spans -> BODY)) {
            Thread.ofVirtual().start(() -> collect(listening));
            exporter.start();
            for (int spans = 1; spans <= 3; spans++) {
                exporter.offer("span");
                while (exporter.exported() + exporter.dropped() < spans) {
                    Thread.sleep(5);
                }
            }
            assertThat(exporter.dropped()).isZero();
        }
    }
}
