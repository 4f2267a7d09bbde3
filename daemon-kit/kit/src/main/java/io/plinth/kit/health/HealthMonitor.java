package io.plinth.kit.health;

import io.netty.channel.Channel;
import io.netty.channel.EventLoop;
import io.plinth.kit.net.TlsException;
import java.net.InetSocketAddress;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import java.util.random.RandomGenerator;

/** Watches servers. Each watch lives on the loop it was given; the monitor itself may be called from any thread. */
public final class HealthMonitor implements AutoCloseable {
    /** Programs and files looked at at the same time, where nothing else is said. */
    private static final int ASIDE = 4;

    private final ProbeClient client;
    private final AsideProbes aside;
    private final RandomGenerator seeds;

    /**
     * For probes on loops that carry {@code clientChannel}.
     *
     * @param random spreads the probes of many watches over their interval
     */
    public HealthMonitor(Class<? extends Channel> clientChannel, RandomGenerator random) throws TlsException {
        this(clientChannel, random, ASIDE);
    }

    /** One that runs at most {@code commands} programs at once. */
    public HealthMonitor(Class<? extends Channel> clientChannel, RandomGenerator random, int commands)
            throws TlsException {
        this.client = new ProbeClient(clientChannel);
        this.aside = new AsideProbes(commands);
        this.seeds = random;
    }

    /**
     * Starts probing at once.
     *
     * @param name shown in log lines, and under which a {@code file} may know the server
     * @param target resolved, but for a {@code command} or a {@code file}
     * @param onChange on the loop: the first probe's verdict, then again with each change of it or of the weight
     */
    public Watch watch(
            String name,
            InetSocketAddress target,
            HealthCheckConfig check,
            EventLoop loop,
            Consumer<Boolean> onChange) {
        if (target.isUnresolved() && !check.isAside()) {
            throw new IllegalArgumentException("target: " + target + " (expected: resolved)");
        }
        long seed;
        synchronized (seeds) {
            seed = seeds.nextLong();
        }
        Watch watch = new Watch(
                name, target, check, loop, check.isAside() ? aside : client, new SplittableRandom(seed), onChange);
        loop.execute(watch::probe);
        return watch;
    }

    /** Frees TLS contexts and threads; close the watches first. */
    @Override
    public void close() {
        aside.close();
        client.close();
    }
}
