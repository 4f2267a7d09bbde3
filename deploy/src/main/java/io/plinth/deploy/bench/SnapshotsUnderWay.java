package io.plinth.deploy.bench;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * Has a cache write one snapshot after another, as BGSAVE does, from its start until it is closed; then the last one is written.
 * Owned by who makes it; a thread of its own asks.
 */
final class SnapshotsUnderWay implements AutoCloseable {
    private static final Duration LOOK = Duration.ofMillis(20);
    private static final Duration LONGEST = Duration.ofMinutes(2);
    private static final String UNDER_WAY = "rdb_bgsave_in_progress:1";

    private final InetSocketAddress server;
    private final Socket socket;
    private final BufferedReader in;
    private final Thread asking;
    private volatile boolean over;
    private volatile @Nullable IOException failure;

    /** The first has begun when this returns. */
    SnapshotsUnderWay(InetSocketAddress server) throws IOException {
        this.server = server;
        this.socket = new Socket(server.getAddress(), server.getPort());
        socket.setTcpNoDelay(true);
        socket.setSoTimeout(Math.toIntExact(LONGEST.toMillis()));
        this.in = new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.ISO_8859_1));
        this.asking = new Thread(this::ask, "snapshots");
        try {
            begin();
        } catch (IOException e) {
            socket.close();
            throw e;
        }
        asking.start();
    }

    private void ask() {
        try {
            while (true) {
                Thread.sleep(LOOK);
                if (!underWay()) {
                    if (over) {
                        return;
                    }
                    begin();
                }
            }
        } catch (IOException e) {
            failure = e;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void begin() throws IOException {
        String answer = call("BGSAVE");
        if (!answer.startsWith("+")) {
            throw new IOException("%s answered BGSAVE with %s (expected: that it has begun)".formatted(server, answer));
        }
    }

    private boolean underWay() throws IOException {
        String head = call("INFO persistence");
        if (!head.startsWith("$")) {
            throw new IOException("%s answered INFO with %s (expected: a text)".formatted(server, head));
        }
        char[] text = new char[Integer.parseInt(head.substring(1)) + 2];
        for (int done = 0; done < text.length; ) {
            int some = in.read(text, done, text.length - done);
            if (some < 0) {
                throw new IOException(server + " closed the connection in the middle of INFO");
            }
            done += some;
        }
        return new String(text).contains(UNDER_WAY);
    }

    /** The first line of the answer. */
    private String call(String command) throws IOException {
        socket.getOutputStream().write((command + "\r\n").getBytes(StandardCharsets.ISO_8859_1));
        String line = in.readLine();
        if (line == null) {
            throw new IOException("%s closed the connection at %s".formatted(server, command));
        }
        return line;
    }

    /** Waits for the last one. */
    @Override
    public void close() throws IOException {
        over = true;
        try {
            asking.join();
        } catch (InterruptedException e) {
            asking.interrupt();
            Thread.currentThread().interrupt();
        } finally {
            socket.close();
        }
        IOException why = failure;
        if (why != null) {
            throw why;
        }
    }
}
