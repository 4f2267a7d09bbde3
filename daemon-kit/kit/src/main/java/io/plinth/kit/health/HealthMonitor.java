package io.plinth.kit.health;

import io.netty.channel.Channel;
import io.netty.channel.EventLoop;
import io.plinth.kit.net.ClientTls;
import io.plinth.kit.net.TlsException;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import java.util.random.RandomGenerator;

/** Watches servers. Each watch lives on the loop it was given; the monitor itself may be called from any thread. */
public final class HealthMonitor implements AutoCloseable {
    private final ClientTls tls;
    private final ProbeClient client;
    private final RandomGenerator seeds;

    /**
     * For probes on loops that carry {@code clientChannel}.
     *
     * @param random spreads the probes of many watches over their interval
     */
    public HealthMonitor(Class<? extends Channel> clientChannel, RandomGenerator random) throws TlsException {
        this.tls = ClientTls.unverified(List.of());
        this.client = new ProbeClient(clientChannel, tls);
        this.seeds = random;
    }

    /**
     * Starts probing at once.
     *
     * @param name shown in log lines
     * @param target resolved
     * @param onChange on the loop: the first probe's verdict, then each change of it
     */
    public Watch watch(
            String name,
            InetSocketAddress target,
            HealthCheckConfig check,
            EventLoop loop,
            Consumer<Boolean> onChange) {
        if (target.isUnresolved()) {
            throw new IllegalArgumentException("target: " + target + " (expected: resolved)");
        }
        long seed;
        synchronized (seeds) {
            seed = seeds.nextLong();
        }
        Watch watch = new Watch(name, target, check, loop, client, new SplittableRandom(seed), onChange);
        loop.execute(watch::probe);
        return watch;
    }

    /** Frees the TLS context; close the watches first. */
    @Override
    public void close() {
        tls.close();
    }
}
