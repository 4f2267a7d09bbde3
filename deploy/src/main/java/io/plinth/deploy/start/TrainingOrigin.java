package io.plinth.deploy.start;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The server behind the load balancer that is trained: answers every request without a body with a small or a large page.
 * Each connection has a thread; {@link #close} ends the listening, connections end with their clients.
 */
final class TrainingOrigin implements AutoCloseable {
    /** Paths of the two pages. */
    static final String SMALL = "/small";

    static final String LARGE = "/large";
    static final int SMALL_BYTES = 1_000;
    static final int LARGE_BYTES = 100_000;

    /** The last four octets of a head. */
    private static final int END = 0x0D0A0D0A;

    /** Where the second letter of the path stands in a request. */
    private static final int TELLING = "GET /l".length();

    private final AtomicInteger answered = new AtomicInteger();
    private final ServerSocket listening;
    private final byte[] small = page(SMALL_BYTES);
    private final byte[] large = page(LARGE_BYTES);

    TrainingOrigin() throws IOException {
        listening = new ServerSocket(0, 128, InetAddress.getLoopbackAddress());
        Thread.ofVirtual().start(this::accept);
    }

    int port() {
        return listening.getLocalPort();
    }

    /** How many requests it has answered. */
    int answered() {
        return answered.get();
    }

    private static byte[] page(int bytes) {
        byte[] head = ("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: " + bytes + "\r\n\r\n")
                .getBytes(StandardCharsets.US_ASCII);
        byte[] whole = Arrays.copyOf(head, head.length + bytes);
        Arrays.fill(whole, head.length, whole.length, (byte) 'x');
        return whole;
    }

    private void accept() {
        while (!listening.isClosed()) {
            try {
                Socket client = listening.accept();
                Thread.ofVirtual().start(() -> serve(client));
            } catch (IOException e) {
                // Closed, or a client that has gone again: the loop's condition tells.
            }
        }
    }

    private void serve(Socket client) {
        try (client) {
            client.setTcpNoDelay(true);
            InputStream in = client.getInputStream();
            OutputStream out = client.getOutputStream();
            byte[] buffer = new byte[8192];
            int lastFour = 0;
            int at = 0;
            byte wanted = 0;
            int count;
            while ((count = in.read(buffer)) >= 0) {
                for (int i = 0; i < count; i++) {
                    if (++at == TELLING) {
                        wanted = buffer[i];
                    }
                    lastFour = lastFour << 8 | (buffer[i] & 0xFF);
                    if (lastFour == END) {
                        answered.incrementAndGet();
                        out.write(wanted == 'l' ? large : small);
                        at = 0;
                    }
                }
            }
        } catch (IOException e) {
            // The client has what it wanted.
        }
    }

    @Override
    public void close() {
        try {
            listening.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
