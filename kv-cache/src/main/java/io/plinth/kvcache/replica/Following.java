package io.plinth.kvcache.replica;

import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Owned by a thread of its own: one Redis that is followed, over a blocking connection. A link that was lost begins anew with a full
 * synchronisation. Others read its state.
 */
final class Following implements Runnable {
    private static final Logger LOG = LoggerFactory.getLogger(Following.class);
    private static final int CONNECT_MILLIS = 5_000;
    /** How often it is told how far we are. */
    private static final int ACKNOWLEDGE_MILLIS = 1_000;
    /** Redis sends a PING every ten seconds. */
    private static final long SILENT_NANOS = TimeUnit.SECONDS.toNanos(60);

    private static final long RETRY_NANOS = TimeUnit.SECONDS.toNanos(1);
    /** Whose writes are refused again and again is not asked for its whole file more often. */
    private static final int MOST_DOUBLINGS = 6;

    /** A link that stood so long does not wait for what was refused before it. */
    private static final long STEADY_NANOS = TimeUnit.MINUTES.toNanos(10);

    private static final int CHUNK = 64 << 10;
    private static final int LONGEST_LINE = 1 << 10;

    private final String host;
    private final int port;
    private final int ownPort;
    private final Access access;
    private final Applier applier;
    private final LongSupplier nanos;
    private final Runnable refused;
    private final LongAdder received;
    private volatile long heardNanos;
    /** Only by its own thread: one after the other that ended with a write that was refused. */
    private int refusals;

    private volatile @Nullable Thread thread;
    private volatile boolean ended;
    private volatile State state = State.CONNECT;
    private volatile long offset;
    private volatile @Nullable Socket socket;

    /** How far it is, in Redis's words. */
    enum State {
        CONNECT("connect"),
        SYNC("sync"),
        CONNECTED("connected");

        final String word;

        State(String word) {
            this.word = word;
        }
    }

    /** {@code refused} is told of each write of the primary that could not be done; {@code received} counts its bytes. */
    Following(
            String host,
            int port,
            int ownPort,
            Access access,
            Applier applier,
            LongSupplier nanos,
            Runnable refused,
            LongAdder received) {
        this.received = received;
        this.heardNanos = nanos.getAsLong();
        this.refused = refused;
        this.host = host;
        this.port = port;
        this.ownPort = ownPort;
        this.access = access;
        this.applier = applier;
        this.nanos = nanos;
    }

    String host() {
        return host;
    }

    int port() {
        return port;
    }

    State state() {
        return state;
    }

    long offset() {
        return offset;
    }

    /** Ends it soon; says when it touches no key any more. {@code keep} is whether the half of a file stays. */
    CompletableFuture<Void> end(boolean keep) {
        ended = true;
        applier.over(keep);
        close();
        LockSupport.unpark(thread);
        return applier.quiet();
    }

    private void close() {
        Socket open = socket;
        if (open != null) {
            try {
                open.close();
            } catch (IOException e) {
                LOG.debug("replication: {}", e.getMessage());
            }
        }
    }

    @Override
    public void run() {
        thread = Thread.currentThread();
        try (applier) {
            while (!ended) {
                long begun = nanos.getAsLong();
                int before = refusals;
                try {
                    once();
                } catch (IOException | RuntimeException e) {
                    if (e instanceof Applier.RefusedException) {
                        refusals++;
                        refused.run();
                    }
                    if (!ended) {
                        LOG.warn("replication from {}:{}: {}; begins anew", host, port, e.getMessage());
                    }
                }
                close();
                state = State.CONNECT;
                if (nanos.getAsLong() - begun > STEADY_NANOS) {
                    refusals -= before;
                }
                if (!ended) {
                    LockSupport.parkNanos(RETRY_NANOS << Math.clamp(refusals - 1, 0, MOST_DOUBLINGS));
                }
            }
        }
    }

    private void once() throws IOException {
        try (Socket connected = new Socket()) {
            socket = connected;
            if (ended) {
                return;
            }
            connected.connect(new InetSocketAddress(host, port), CONNECT_MILLIS);
            connected.setSoTimeout((int) TimeUnit.NANOSECONDS.toMillis(SILENT_NANOS));
            connected.setTcpNoDelay(true);
            Socket link = access.over(connected, host, port);
            InputStream in = new BufferedInputStream(new Heard(link.getInputStream()), CHUNK);
            String[] login = access.login();
            if (login.length > 0) {
                ask(link, in, login);
            }
            ask(link, in, "PING");
            ask(link, in, "REPLCONF", "listening-port", Integer.toString(ownPort));
            ask(link, in, "REPLCONF", "capa", "psync2");
            state = State.SYNC;
            String answer = ask(link, in, "PSYNC", "?", "-1");
            String[] words = answer.split(" ", -1);
            if (words.length != 3 || !words[0].equals("+FULLRESYNC")) {
                throw new IOException("PSYNC: " + answer + " (expected: +FULLRESYNC)");
            }
            synchronise(in);
            offset = Long.parseLong(words[2]);
            state = State.CONNECTED;
            LOG.info("replication from {}:{}: synchronised, follows from offset {}", host, port, words[2]);
            follow(link, in);
        }
    }

    private static String ask(Socket to, InputStream in, String... words) throws IOException {
        send(to, words);
        String answer = line(in);
        if (!answer.startsWith("+")) {
            throw new IOException(words[0] + ": " + answer);
        }
        return answer;
    }

    private static void send(Socket to, String... words) throws IOException {
        StringBuilder text = new StringBuilder("*").append(words.length).append("\r\n");
        for (String word : words) {
            int length = word.getBytes(StandardCharsets.UTF_8).length;
            text.append('$').append(length).append("\r\n").append(word).append("\r\n");
        }
        to.getOutputStream().write(text.toString().getBytes(StandardCharsets.UTF_8));
    }

    /** A line; empty ones, by which Redis says that it is still at work, are passed over. */
    private static String line(InputStream in) throws IOException {
        StringBuilder line = new StringBuilder();
        while (line.length() < LONGEST_LINE) {
            int next = in.read();
            if (next < 0) {
                throw new EOFException("the connection was closed");
            }
            if (next == '\n' && !line.isEmpty()) {
                return line.toString();
            }
            if (next != '\r' && next != '\n') {
                line.append((char) next);
            }
        }
        throw new IOException("a line of more than " + LONGEST_LINE + " bytes");
    }

    private void synchronise(InputStream in) throws IOException {
        String head = line(in);
        if (!head.matches("\\$\\d{1,18}")) {
            throw new IOException("PSYNC: " + head + " (expected: the length of a file)");
        }
        Bounded file = new Bounded(in, Long.parseLong(head.substring(1)));
        applier.fill(file);
        if (file.left > 0) {
            throw new IOException("PSYNC: " + file.left + " bytes behind the file's end");
        }
    }

    private void follow(Socket from, InputStream in) throws IOException {
        byte[] chunk = new byte[CHUNK];
        from.setSoTimeout(ACKNOWLEDGE_MILLIS);
        long heard = nanos.getAsLong();
        long told = heard;
        applier.begin();
        long position = offset;
        while (!ended) {
            int read = 0;
            try {
                read = in.read(chunk);
            } catch (SocketTimeoutException e) {
                if (nanos.getAsLong() - heard > SILENT_NANOS) {
                    throw new IOException("nothing was heard for a minute", e);
                }
            }
            if (read < 0) {
                throw new EOFException("the connection was closed");
            }
            boolean asked = false;
            if (read > 0) {
                heard = nanos.getAsLong();
                asked = applier.apply(chunk, read);
                position += read;
                offset = position;
            }
            if (asked || nanos.getAsLong() - told >= TimeUnit.MILLISECONDS.toNanos(ACKNOWLEDGE_MILLIS)) {
                told = nanos.getAsLong();
                send(from, "REPLCONF", "ACK", Long.toString(offset));
            }
        }
    }

    /** How long ago the primary was heard, or was begun to be looked for. */
    long silentSeconds() {
        return TimeUnit.NANOSECONDS.toSeconds(nanos.getAsLong() - heardNanos);
    }

    /** Counts what comes. */
    private final class Heard extends FilterInputStream {
        Heard(InputStream in) {
            super(in);
        }

        @Override
        public int read() throws IOException {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
        }

        @Override
        public int read(byte[] into, int from, int length) throws IOException {
            int read = in.read(into, from, length);
            if (read > 0) {
                received.add(read);
                heardNanos = nanos.getAsLong();
            }
            return read;
        }
    }

    /** So many bytes and no more. */
    private static final class Bounded extends FilterInputStream {
        private long left;

        Bounded(InputStream in, long length) {
            super(in);
            this.left = length;
        }

        @Override
        public int read() throws IOException {
            int read = left == 0 ? -1 : in.read();
            left -= read < 0 ? 0 : 1;
            return read;
        }

        @Override
        public int read(byte[] into, int from, int length) throws IOException {
            if (left == 0) {
                return -1;
            }
            int read = in.read(into, from, (int) Math.min(length, left));
            left -= Math.max(0, read);
            return read;
        }
    }
}
