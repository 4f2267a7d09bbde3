package io.plinth.deploy.start;

import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;

/**
 * As {@link TrainingTraffic}, for a cache: commands one by one and several at once, and snapshots while they go on, as writes take
 * another way then. Owned by the training's thread.
 */
final class TrainingCommands {
    private static final int PATIENCE_MILLIS = 20_000;
    private static final int AT_ONCE = 16;
    private static final int SNAPSHOTS = 2;
    private static final int BETWEEN_LOOKS = 50;
    private static final String VALUE = "v".repeat(64);

    private final int commands;
    private final long mostNanos;
    private int asked;

    /** Of each kind {@code commands}, but for no longer than {@code most}. */
    TrainingCommands(int commands, Duration most) {
        this.commands = commands;
        this.mostNanos = most.toNanos();
    }

    /** Returns how many were answered. */
    int through(InetSocketAddress address) throws IOException {
        asked = 0;
        try (Socket socket = new Socket()) {
            socket.connect(address, PATIENCE_MILLIS);
            socket.setSoTimeout(PATIENCE_MILLIS);
            socket.setTcpNoDelay(true);
            Connection cache = new Connection(socket);
            ask(cache, AT_ONCE);
            ask(cache, 1);
            for (int i = 0; i < SNAPSHOTS; i++) {
                snapshot(cache);
            }
        }
        return asked;
    }

    private void ask(Connection cache, int atOnce) throws IOException {
        long began = System.nanoTime();
        for (int i = 0; i < commands && System.nanoTime() - began < mostNanos; i += atOnce) {
            cache.send(i, atOnce);
            asked += atOnce;
        }
    }

    private void snapshot(Connection cache) throws IOException {
        cache.call("BGSAVE");
        long began = System.nanoTime();
        do {
            for (int i = 0; i < BETWEEN_LOOKS; i++) {
                cache.send(asked, 1);
                asked++;
            }
        } while (!cache.call("INFO", "persistence").contains("rdb_bgsave_in_progress:0")
                && System.nanoTime() - began < mostNanos);
    }

    /** Owned by the training's thread. */
    private static final class Connection {
        private final InputStream in;
        private final OutputStream out;

        Connection(Socket socket) throws IOException {
            this.in = new BufferedInputStream(socket.getInputStream());
            this.out = socket.getOutputStream();
        }

        /** So many commands at once, the first of that number; returns when all are answered. */
        void send(int number, int count) throws IOException {
            StringBuilder batch = new StringBuilder();
            for (int i = number; i < number + count; i++) {
                append(batch, command(i));
            }
            out.write(batch.toString().getBytes(StandardCharsets.US_ASCII));
            for (int i = 0; i < count; i++) {
                reply();
            }
        }

        String call(String... words) throws IOException {
            StringBuilder command = new StringBuilder();
            append(command, List.of(words));
            out.write(command.toString().getBytes(StandardCharsets.US_ASCII));
            return reply();
        }

        private static List<String> command(int number) {
            String key = "training:" + number / 2;
            return switch (number % 12) {
                case 0, 2 -> List.of("SET", key, VALUE);
                case 4 -> List.of("SET", key, VALUE, "EX", "100");
                case 6 -> List.of("INCR", "count:" + number % 16);
                case 7 -> List.of("HSET", "hash:" + number % 1024, "field:" + number % 32, VALUE);
                case 8 -> List.of("HGET", "hash:" + number % 1024, "field:" + number % 32);
                case 9 -> List.of("ZADD", "set:" + number % 256, String.valueOf(number), "member:" + number % 128);
                case 10 -> List.of("DEL", "training:" + number / 4);
                default -> List.of("GET", key);
            };
        }

        private static void append(StringBuilder to, List<String> words) {
            to.append('*').append(words.size()).append("\r\n");
            for (String word : words) {
                to.append('$').append(word.length()).append("\r\n").append(word).append("\r\n");
            }
        }

        /** Of one value, as all here have. */
        private String reply() throws IOException {
            String line = line();
            if (line.startsWith("-")) {
                throw new IOException("cache: " + line.substring(1));
            }
            if (!line.startsWith("$") || line.startsWith("$-")) {
                return line;
            }
            byte[] bulk = in.readNBytes(Integer.parseInt(line, 1, line.length(), 10));
            line();
            return new String(bulk, StandardCharsets.US_ASCII);
        }

        private String line() throws IOException {
            StringBuilder line = new StringBuilder();
            for (int next = in.read(); next != '\n'; next = in.read()) {
                if (next < 0) {
                    throw new EOFException("cache: closed the connection");
                }
                line.append((char) next);
            }
            return line.toString().stripTrailing();
        }
    }
}
