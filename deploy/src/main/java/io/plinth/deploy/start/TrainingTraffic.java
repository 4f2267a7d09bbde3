package io.plinth.deploy.start;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;

/**
 * So much of the usual traffic that the cache holds what the compilers learn of it: a node that is started with it compiles
 * what serves requests at once, and knows what for. Owned by the training's thread.
 */
final class TrainingTraffic {
    private static final int PATIENCE_MILLIS = 20_000;
    /** Of so many small requests one more is for a large page, or over a new connection. */
    private static final int PER_PAGE = 4;

    private static final int PER_CONNECTION = 50;

    private static final int UNKNOWN = -1;

    private final int requests;
    private final long mostNanos;
    private final byte[] buffer = new byte[TrainingOrigin.LARGE_BYTES + 8_192];

    /**
     * Traffic of {@code requests} small requests, or as many queries, and what goes with them.
     *
     * @param most of each kind no longer than this: on a slow machine less of it has to do
     */
    TrainingTraffic(int requests, Duration most) {
        this.requests = requests;
        this.mostNanos = most.toNanos();
    }

    /** How many requests {@link #http} makes in all, unless it takes too long. */
    int inAll() {
        return requests + requests / PER_PAGE + requests / PER_CONNECTION;
    }

    /** Requests over kept connections, small and large ones, then some over new ones. */
    void http(InetSocketAddress address) throws IOException {
        try (Socket socket = open(address)) {
            ask(socket, TrainingOrigin.SMALL, TrainingOrigin.SMALL_BYTES, requests);
            ask(socket, TrainingOrigin.LARGE, TrainingOrigin.LARGE_BYTES, requests / PER_PAGE);
        }
        for (int i = 0; i < requests / PER_CONNECTION; i++) {
            try (Socket socket = open(address)) {
                ask(socket, TrainingOrigin.SMALL, TrainingOrigin.SMALL_BYTES, 1);
            }
        }
    }

    private static Socket open(InetSocketAddress address) throws IOException {
        Socket socket = new Socket();
        socket.connect(address, PATIENCE_MILLIS);
        socket.setSoTimeout(PATIENCE_MILLIS);
        socket.setTcpNoDelay(true);
        return socket;
    }

    private void ask(Socket socket, String path, int body, int times) throws IOException {
        byte[] request = ("GET " + path
                        + " HTTP/1.1\r\nHost: shop.example\r\nUser-Agent: training\r\nAccept: */*\r\n\r\n")
                .getBytes(StandardCharsets.US_ASCII);
        InputStream in = socket.getInputStream();
        OutputStream out = socket.getOutputStream();
        long began = System.nanoTime();
        for (int i = 0; i < times && System.nanoTime() - began < mostNanos; i++) {
            out.write(request);
            int have = 0;
            int whole = UNKNOWN;
            while (whole == UNKNOWN || have < whole) {
                int count = in.read(buffer, have, buffer.length - have);
                if (count < 0) {
                    throw new EOFException(path + ": ended after " + have + " octets");
                }
                have += count;
                whole = whole == UNKNOWN ? whole(have, body) : whole;
            }
        }
    }

    /** How long the response is; {@link #UNKNOWN} while its head is not there. */
    private int whole(int have, int body) {
        for (int i = 3; i < have; i++) {
            if (buffer[i] == '\n' && buffer[i - 1] == '\r' && buffer[i - 2] == '\n') {
                return i + 1 + body;
            }
        }
        return UNKNOWN;
    }

    /** The same questions again and again. */
    void dns(InetSocketAddress address, byte[]... queries) throws IOException {
        try (DatagramSocket socket = new DatagramSocket()) {
            socket.setSoTimeout(PATIENCE_MILLIS);
            DatagramPacket answer = new DatagramPacket(new byte[1_500], 1_500);
            long began = System.nanoTime();
            for (int i = 0; i < requests && System.nanoTime() - began < mostNanos; i++) {
                byte[] query = queries[i % queries.length];
                socket.send(new DatagramPacket(query, query.length, address));
                answer.setLength(1_500);
                socket.receive(answer);
            }
        }
    }
}
