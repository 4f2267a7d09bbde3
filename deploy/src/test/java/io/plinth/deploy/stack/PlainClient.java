package io.plinth.deploy.stack;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Owned by one thread. A client that repeats nothing: what a refused or reset connection costs, it fails with. It closes its
 * connection only when it is told to.
 */
final class PlainClient implements AutoCloseable {
    private final int port;
    private final boolean keeps;
    private @Nullable Socket socket;

    PlainClient(int port, boolean keeps) {
        this.port = port;
        this.keeps = keeps;
    }

    /** Fails unless a whole 200 comes back. */
    void get(String path) throws IOException {
        Socket open = socket;
        if (open == null) {
            open = new Socket("127.0.0.1", port);
            open.setSoTimeout(20_000);
            socket = open;
        }
        open.getOutputStream()
                .write(("GET " + path + " HTTP/1.1\r\nHost: localhost\r\n" + (keeps ? "" : "Connection: close\r\n")
                                + "\r\n")
                        .getBytes(StandardCharsets.US_ASCII));
        InputStream in = new BufferedInputStream(open.getInputStream());
        String status = line(in);
        if (!status.startsWith("HTTP/1.1 200 ")) {
            throw new IOException("answer: " + status + " (expected: 200)");
        }
        boolean last = false;
        boolean chunked = false;
        int length = -1;
        for (String header = line(in).toLowerCase(Locale.ROOT);
                !header.isEmpty();
                header = line(in).toLowerCase(Locale.ROOT)) {
            last |= header.equals("connection: close");
            chunked |= header.equals("transfer-encoding: chunked");
            if (header.startsWith("content-length:")) {
                length = Integer.parseInt(header.substring(15).strip());
            }
        }
        body(in, chunked, length);
        if (last || !keeps) {
            close();
        }
    }

    private static void body(InputStream in, boolean chunked, int length) throws IOException {
        if (!chunked) {
            in.skipNBytes(length);
            return;
        }
        for (int size = Integer.parseInt(line(in), 16); size > 0; size = Integer.parseInt(line(in), 16)) {
            in.skipNBytes(size);
            line(in);
        }
        line(in);
    }

    private static String line(InputStream in) throws IOException {
        StringBuilder line = new StringBuilder();
        for (int next = in.read(); next != '\n'; next = in.read()) {
            if (next < 0) {
                throw new IOException("connection: closed (expected: an answer)");
            }
            if (next != '\r') {
                line.append((char) next);
            }
        }
        return line.toString();
    }

    @Override
    public void close() throws IOException {
        Socket open = socket;
        socket = null;
        if (open != null) {
            open.close();
        }
    }
}
