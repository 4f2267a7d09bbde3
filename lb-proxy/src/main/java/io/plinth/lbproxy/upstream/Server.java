package io.plinth.lbproxy.upstream;

import io.plinth.kit.config.HostPort;
import io.plinth.lbproxy.measure.Latencies;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/**
 * A server as all loops see it: whether it is up by its health checks, drained, and until when it is ejected for connects
 * that failed or answers that were errors. Written by the health monitor, the membership and by any loop, rarely; read on
 * every pick.
 */
public final class Server {
    private static final int MAX_DOUBLINGS = 16;
    /** A whole share. */
    static final int FULL = 1_000;

    private static final int LEAST = 50;

    private final String name;
    private final InetSocketAddress address;
    private final String authority;
    private final int id;
    private final long stickyId;
    private final PoolSettings settings;
    private final OutcomeCounts outcomes;
    private final Latencies latencies;
    private final AtomicInteger open = new AtomicInteger();
    private final AtomicInteger failures = new AtomicInteger();
    private final AtomicInteger errorsInARow = new AtomicInteger();
    private final AtomicLong ejections = new AtomicLong();
    private volatile int weight;
    private volatile boolean draining;
    private volatile boolean healthy = true;
    private volatile boolean ejected;
    private volatile boolean ejectedByConnect;
    private volatile long ejectedUntil;
    private volatile boolean starting;
    private volatile long startedAt;

    Server(PoolSettings.ServerSettings server, PoolSettings settings, int id, Latencies latencies, int loops) {
        this.latencies = latencies;
        name = server.name();
        address = server.address();
        authority = new HostPort(address.getHostString(), address.getPort()).toString();
        this.id = id;
        this.settings = settings;
        stickyId = stickyId(settings.name() + "\n" + name);
        outcomes = new OutcomeCounts(loops);
        weight = server.weight();
        draining = server.draining();
    }

    /** FNV-1a, spread, so that a cookie says nothing of names; never 0. */
    private static long stickyId(String text) {
        long hash = 0xcbf29ce484222325L;
        for (byte b : text.getBytes(StandardCharsets.UTF_8)) {
            hash = (hash ^ (b & 0xff)) * 0x100000001b3L;
        }
        hash = (hash ^ (hash >>> 32)) * 0x9e3779b97f4a7c15L;
        return (hash ^ (hash >>> 29)) | 1;
    }

    public String name() {
        return name;
    }

    public InetSocketAddress address() {
        return address;
    }

    /** Its address as a Host header has it. */
    public String authority() {
        return authority;
    }

    /** One bit of 64 that stands for it among the servers a request was tried on. */
    long bit() {
        return 1L << (id & 63);
    }

    /** What a sticky cookie names it by. */
    public long stickyId() {
        return stickyId;
    }

    /** The sticky cookie's value. */
    public String stickyText() {
        return HexFormat.of().toHexDigits(stickyId);
    }

    public OutcomeCounts outcomes() {
        return outcomes;
    }

    /** Times to the first byte. */
    public Latencies latencies() {
        return latencies;
    }

    public int weight() {
        return weight;
    }

    /** Its weight in thousandths, less while it starts slowly. */
    int shareOfWeight(long now) {
        if (!starting) {
            return weight * FULL;
        }
        long whole = settings.slowStart().toNanos();
        long elapsed = now - startedAt;
        if (elapsed >= whole) {
            starting = false;
            return weight * FULL;
        }
        return weight * Math.max(LEAST, (int) (FULL * elapsed / whole));
    }

    boolean change(PoolSettings.ServerSettings to) {
        boolean changed = weight != to.weight() || draining != to.draining();
        weight = to.weight();
        draining = to.draining();
        return changed;
    }

    /** Begins with little of its share. */
    void startSlowly(long now) {
        if (!settings.slowStart().isZero()) {
            startedAt = now;
            starting = true;
        }
    }

    public boolean starting() {
        return starting;
    }

    public boolean draining() {
        return draining;
    }

    /** What the health checks say; a server starts out healthy. */
    public boolean healthy() {
        return healthy;
    }

    /** Sets what the health checks say; back in health it is not ejected either. */
    void healthy(boolean value, long now) {
        if (value && !healthy) {
            startSlowly(now);
        }
        healthy = value;
        if (value) {
            ejected = false;
            failures.set(0);
        }
    }

    /** Whether requests may go to it but for chance and room. */
    public boolean usable(long now) {
        return healthy && !draining && !ejected(now);
    }

    /** Whether it is left alone for a while. */
    public boolean ejected(long now) {
        return ejected && now - ejectedUntil < 0;
    }

    /** How often it was ejected. */
    public long ejections() {
        return ejections.get();
    }

    /** Connections to it, over all loops. */
    public int connections() {
        return open.get();
    }

    /** Whether another connection may be made. */
    boolean hasRoom() {
        return open.get() < settings.maxPerServer();
    }

    /** Counts a connection that is about to be made, or refuses it. */
    boolean tryOpen() {
        if (open.incrementAndGet() <= settings.maxPerServer()) {
            return true;
        }
        open.decrementAndGet();
        return false;
    }

    void closedOne() {
        open.decrementAndGet();
    }

    /** A request ended. */
    void ended(boolean failed, long now) {
        if (!failed) {
            if (errorsInARow.get() != 0) {
                errorsInARow.set(0);
            }
            return;
        }
        int most = settings.outliers().consecutive();
        if (most > 0 && errorsInARow.incrementAndGet() >= most) {
            errorsInARow.set(0);
            eject(now);
        }
    }

    /** A connect failed: leaves the server alone for twice as long as the last time. */
    void connectFailed(long now) {
        if (eject(now)) {
            ejectedByConnect = true;
        }
    }

    /** Leaves the server alone for twice as long as the last time; false when it is already. */
    boolean eject(long now) {
        if (ejected(now)) {
            return false;
        }
        long longest = settings.ejectMax().toNanos();
        if (ejected && now - ejectedUntil > longest) {
            failures.set(0);
        }
        int doublings = Math.min(failures.getAndIncrement(), MAX_DOUBLINGS);
        ejectedByConnect = false;
        ejectedUntil = now + Math.min(settings.ejectBase().toNanos() << doublings, longest);
        ejected = true;
        ejections.incrementAndGet();
        startSlowly(ejectedUntil);
        return true;
    }

    /** A connect succeeded. */
    void connected() {
        if (ejected && ejectedByConnect) {
            ejected = false;
            ejectedByConnect = false;
            failures.set(0);
        }
    }
}
