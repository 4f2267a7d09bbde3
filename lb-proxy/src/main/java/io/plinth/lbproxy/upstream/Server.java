package io.plinth.lbproxy.upstream;

import io.plinth.kit.config.HostPort;
import java.net.InetSocketAddress;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/**
 * A server as all loops see it: whether it is up by its health checks, and until when it is ejected for connects that
 * failed. Written by the health monitor and by any loop, rarely; read on every pick.
 */
public final class Server {
    private static final int MAX_DOUBLINGS = 16;

    private final String name;
    private final InetSocketAddress address;
    private final String authority;
    private final int weight;
    private final long ejectBaseNanos;
    private final long ejectMaxNanos;
    private final AtomicInteger failures = new AtomicInteger();
    private final AtomicLong ejections = new AtomicLong();
    private volatile boolean healthy = true;
    private volatile boolean ejected;
    private volatile long ejectedUntil;

    Server(PoolSettings.ServerSettings settings, PoolSettings pool) {
        name = settings.name();
        address = settings.address();
        authority = new HostPort(address.getHostString(), address.getPort()).toString();
        weight = settings.weight();
        ejectBaseNanos = pool.ejectBase().toNanos();
        ejectMaxNanos = pool.ejectMax().toNanos();
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

    public int weight() {
        return weight;
    }

    /** What the health checks say; a server starts out healthy. */
    public boolean healthy() {
        return healthy;
    }

    /** Sets what the health checks say; back in health it is not ejected either. */
    public void healthy(boolean value) {
        healthy = value;
        if (value) {
            connected();
        }
    }

    /** Whether it is left alone for a while. */
    public boolean ejected(long now) {
        return ejected && now - ejectedUntil < 0;
    }

    /** How often it was ejected. */
    public long ejections() {
        return ejections.get();
    }

    /** A connect failed: leaves the server alone for twice as long as the last time. */
    void connectFailed(long now) {
        if (ejected(now)) {
            return;
        }
        int doublings = Math.min(failures.getAndIncrement(), MAX_DOUBLINGS);
        ejectedUntil = now + Math.min(ejectBaseNanos << doublings, ejectMaxNanos);
        ejected = true;
        ejections.incrementAndGet();
    }

    /** A connect or a health check succeeded. */
    void connected() {
        if (ejected) {
            ejected = false;
            failures.set(0);
        }
    }
}
