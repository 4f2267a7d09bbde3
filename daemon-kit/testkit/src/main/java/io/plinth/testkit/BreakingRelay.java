package io.plinth.testkit;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * A TCP relay on loopback that breaks on command: delays, limits, stalls or swallows a direction, cuts what is open, refuses
 * what is new. Stands where {@code tc netem} would. Every command holds for open and for later connections.
 */
public final class BreakingRelay implements AutoCloseable {
    private static final int CHUNK = 16 * 1024;
    private static final int IN_FLIGHT = 1 << 20;

    private final ServerSocket listener;
    private final InetSocketAddress target;
    private final Set<Link> links = ConcurrentHashMap.newKeySet();
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final Map<Direction, Weather> weather =
            Map.of(Direction.TO_TARGET, new Weather(), Direction.FROM_TARGET, new Weather());
    private volatile boolean refusing;

    /** Which way bytes flow. */
    public enum Direction {
        /** From the one who connected. */
        TO_TARGET,
        /** Back to it. */
        FROM_TARGET
    }

    /** How a connection ends. */
    public enum Cut {
        /** An orderly end: FIN. */
        CLOSE,
        /** A reset: RST. */
        RESET
    }

    /** Guarded by {@link #lock}. What a direction suffers. */
    private static final class Weather {
        private long delayNanos;
        private long bytesPerSecond = Long.MAX_VALUE;
        private boolean stalled;
        private boolean swallowing;
        private long cutAfter = Long.MAX_VALUE;
        private Cut cut = Cut.RESET;
    }

    private BreakingRelay(ServerSocket listener, InetSocketAddress target) {
        this.listener = listener;
        this.target = target;
    }

    /** Listens on a free loopback port and connects each connection to the target. */
    public static BreakingRelay to(InetSocketAddress target) throws IOException {
        BreakingRelay relay = new BreakingRelay(new ServerSocket(0, 128, InetAddress.ofLiteral("127.0.0.1")), target);
        Thread.ofVirtual().name("relay-accept").start(relay::accept);
        return relay;
    }

    /** Where to connect instead of the target. */
    public InetSocketAddress address() {
        return (InetSocketAddress) listener.getLocalSocketAddress();
    }

    /** The port of {@link #address}. */
    public int port() {
        return listener.getLocalPort();
    }

    /** Connections open now. */
    public int connections() {
        return links.size();
    }

    /** Each byte arrives this much later, in both directions. */
    public BreakingRelay delay(Duration delay) {
        return change(() -> weather.values().forEach(w -> w.delayNanos = delay.toNanos()));
    }

    /** At most this many bytes a second in a direction of each connection. */
    public BreakingRelay rate(Direction direction, long bytesPerSecond) {
        return change(() -> weather(direction).bytesPerSecond = bytesPerSecond);
    }

    /** Nothing is passed on or read in this direction until {@link #heal}: the sender's window fills. */
    public BreakingRelay stall(Direction direction) {
        return change(() -> weather(direction).stalled = true);
    }

    /** Bytes in this direction are read and forgotten until {@link #heal}. */
    public BreakingRelay swallow(Direction direction) {
        return change(() -> weather(direction).swallowing = true);
    }

    /** Each connection is cut when this many bytes were passed on in a direction. */
    public BreakingRelay cutAfter(Direction direction, long bytes, Cut cut) {
        return change(() -> {
            weather(direction).cutAfter = bytes;
            weather(direction).cut = cut;
        });
    }

    /** Every command but {@link #refuse} is undone; what was cut or swallowed stays lost. */
    public BreakingRelay heal() {
        return change(() -> weather.values().forEach(w -> {
            w.delayNanos = 0;
            w.bytesPerSecond = Long.MAX_VALUE;
            w.stalled = false;
            w.swallowing = false;
            w.cutAfter = Long.MAX_VALUE;
        }));
    }

    /** New connections are reset at once, or accepted again. */
    public BreakingRelay refuse(boolean refuse) {
        refusing = refuse;
        return this;
    }

    /** Ends every open connection on both sides. */
    public BreakingRelay cut(Cut cut) {
        links.forEach(link -> link.end(cut));
        return this;
    }

    /** Stops listening and resets what is open. */
    @Override
    public void close() throws IOException {
        listener.close();
        cut(Cut.RESET);
    }

    private Weather weather(Direction direction) {
        return java.util.Objects.requireNonNull(weather.get(direction));
    }

    private BreakingRelay change(Runnable change) {
        lock.lock();
        try {
            change.run();
            changed.signalAll();
        } finally {
            lock.unlock();
        }
        return this;
    }

    private void accept() {
        while (!listener.isClosed()) {
            try {
                Socket client = listener.accept();
                Thread.ofVirtual().name("relay-connect").start(() -> connect(client));
            } catch (IOException e) {
                if (!listener.isClosed()) {
                    throw new UncheckedIOException(e);
                }
            }
        }
    }

    private void connect(Socket client) {
        Socket server = new Socket();
        Link link = new Link(client, server);
        links.add(link);
        try {
            if (refusing || listener.isClosed()) {
                link.end(Cut.RESET);
                return;
            }
            server.connect(target);
            client.setTcpNoDelay(true);
            server.setTcpNoDelay(true);
            new Pipe(link, client, server, weather(Direction.TO_TARGET)).start();
            new Pipe(link, server, client, weather(Direction.FROM_TARGET)).start();
        } catch (IOException e) {
            link.end(Cut.RESET);
        }
    }

    /** One connection: both its sockets. */
    private final class Link {
        private final Socket client;
        private final Socket server;
        private int ended;

        Link(Socket client, Socket server) {
            this.client = client;
            this.server = server;
        }

        void end(Cut cut) {
            links.remove(this);
            end(client, cut);
            end(server, cut);
            change(() -> {});
        }

        private static void end(Socket socket, Cut cut) {
            try {
                if (cut == Cut.RESET && !socket.isClosed()) {
                    // With a linger of 0 a close sends RST and forgets what was not sent.
                    socket.setSoLinger(true, 0);
                }
                socket.close();
            } catch (IOException e) {
                // It is gone already, which is what was asked for.
            }
        }

        synchronized void endedOneWay() {
            if (++ended == 2) {
                end(Cut.CLOSE);
            }
        }
    }

    /** Bytes on their way, and when they are due; without bytes, the end of the stream. */
    private record Chunk(byte @Nullable [] bytes, long due) {
        int length() {
            return bytes == null ? 0 : bytes.length;
        }
    }

    /** One direction of a connection: a reader and a writer, so that delay does not limit the rate. */
    private final class Pipe {
        private final Link link;
        private final Socket from;
        private final Socket to;
        private final Weather suffers;
        /** Guarded by the relay's lock, as is the count. */
        private final Deque<Chunk> queue = new ArrayDeque<>();

        private int queued;
        private long passed;

        Pipe(Link link, Socket from, Socket to, Weather suffers) {
            this.link = link;
            this.from = from;
            this.to = to;
            this.suffers = suffers;
        }

        void start() {
            Thread.ofVirtual().name("relay-read").start(() -> guarded(this::readAll));
            Thread.ofVirtual().name("relay-write").start(() -> guarded(this::writeAll));
        }

        private void guarded(Loop loop) {
            try {
                loop.run();
            } catch (IOException e) {
                link.end(Cut.RESET);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }

        private void readAll() throws IOException, InterruptedException {
            byte[] buffer = new byte[CHUNK];
            while (true) {
                int read = from.getInputStream().read(buffer);
                lock.lock();
                try {
                    while (queued > IN_FLIGHT && !to.isClosed()) {
                        changed.await();
                    }
                    if (!suffers.swallowing || read < 0) {
                        Chunk chunk = new Chunk(
                                read < 0 ? null : java.util.Arrays.copyOf(buffer, read),
                                System.nanoTime() + suffers.delayNanos);
                        queue.add(chunk);
                        queued += chunk.length();
                        changed.signalAll();
                    }
                } finally {
                    lock.unlock();
                }
                if (read < 0) {
                    return;
                }
            }
        }

        private void writeAll() throws IOException, InterruptedException {
            while (true) {
                byte[] bytes = next().bytes;
                if (bytes == null) {
                    to.shutdownOutput();
                    link.endedOneWay();
                    return;
                }
                int allowed = (int) Math.min(bytes.length, suffers.cutAfter - passed);
                to.getOutputStream().write(bytes, 0, allowed);
                passed += allowed;
                if (passed >= suffers.cutAfter) {
                    link.end(suffers.cut);
                    return;
                }
                if (suffers.bytesPerSecond != Long.MAX_VALUE) {
                    Thread.sleep(Duration.ofNanos(bytes.length * 1_000_000_000L / suffers.bytesPerSecond));
                }
            }
        }

        private Chunk next() throws InterruptedException, IOException {
            lock.lock();
            try {
                while (true) {
                    if (to.isClosed()) {
                        throw new IOException("cut");
                    }
                    Chunk chunk = queue.peek();
                    long wait = chunk == null ? Long.MAX_VALUE : chunk.due - System.nanoTime();
                    if (chunk != null && wait <= 0 && !suffers.stalled) {
                        queue.remove();
                        queued -= chunk.length();
                        changed.signalAll();
                        return chunk;
                    }
                    if (chunk == null || suffers.stalled) {
                        changed.await();
                    } else {
                        changed.awaitNanos(wait);
                    }
                }
            } finally {
                lock.unlock();
            }
        }
    }

    /** What a pipe's thread does. */
    private interface Loop {
        void run() throws IOException, InterruptedException;
    }
}
