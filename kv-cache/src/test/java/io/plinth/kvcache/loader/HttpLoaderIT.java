package io.plinth.kvcache.loader;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class HttpLoaderIT {
    private static final LoaderKey KEY = new LoaderKey("k".getBytes(UTF_8), 0);

    /** Sends the head of an answer and no more of it. */
    private static void stall(ServerSocket server) {
        try (Socket socket = server.accept()) {
            OutputStream out = socket.getOutputStream();
            out.write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12".getBytes(US_ASCII));
            out.flush();
            socket.getInputStream().transferTo(OutputStream.nullOutputStream());
        } catch (IOException e) {
            // The other side gave up.
        }
    }

    @Test
    void anAnswerWhoseBodyDoesNotComeEndsWithTheTimeout() throws Exception {
        try (ServerSocket server = new ServerSocket(0, 5, InetAddress.getLoopbackAddress())) {
            Thread thread = Thread.ofVirtual().start(() -> stall(server));
            HttpLoader loader = new HttpLoader(
                    "http://127.0.0.1:" + server.getLocalPort() + "/{key}", null, Duration.ofMillis(500), 1_000, false);
            try {
                Throwable failure = catchThrowable(() -> loader.load(KEY));
                assertThat(failure)
                        .isInstanceOfSatisfying(
                                LoaderException.class,
                                e -> assertThat(e.faulty()).isTrue());
                // The connection is closed, too.
                thread.join();
            } finally {
                loader.close();
            }
        }
    }

    @Test
    void aHeaderThatIsNoneIsNotShown() {
        HttpLoader loader = new HttpLoader("http://127.0.0.1:1/{key}", "s3cret\n", Duration.ofSeconds(1), 1_000, false);
        try {
            assertThat(catchThrowable(() -> loader.load(KEY)))
                    .isInstanceOf(LoaderException.class)
                    .message()
                    .startsWith("GET: this key makes no request")
                    .doesNotContain("s3cret");
        } finally {
            loader.close();
        }
    }
}
