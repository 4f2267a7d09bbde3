package io.plinth.geodns.health;

import io.netty.channel.EventLoop;
import io.plinth.geodns.GeoDnsConfig;
import io.plinth.geodns.policy.Target;
import io.plinth.kit.health.HealthCheckConfig;
import io.plinth.kit.health.HealthMonitor;
import io.plinth.kit.health.Watch;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;

/**
 * Owned by the node's runner thread, but for each watched target's verdict, which its loop writes: what is healthy now.
 * A target is probed once for all policies that probe it alike, from the moment the file names it to the moment no file
 * does; until its first probe has ended it is taken for healthy.
 */
public final class TargetHealth implements AutoCloseable {
    private static final int HTTP = 80;
    private static final int HTTPS = 443;

    private final HealthMonitor monitor;
    private final List<EventLoop> loops;
    private final Executor control;
    private final Runnable onChange;
    private final Map<Probe, Probed> probed = new HashMap<>();
    private volatile Map<Target, Probed> byTarget = Map.of();
    private int nextLoop;

    private record Probe(InetSocketAddress address, HealthCheckConfig check) {}

    private static final class Probed {
        private volatile boolean healthy = true;
        private @Nullable Watch watch;
    }

    /**
     * Probes nothing yet.
     *
     * @param monitor closed with this
     * @param control runs {@code onChange} after each change of a verdict, so that no loop does
     */
    public TargetHealth(HealthMonitor monitor, List<EventLoop> loops, Executor control, Runnable onChange) {
        this.monitor = monitor;
        this.loops = loops;
        this.control = control;
        this.onChange = onChange;
    }

    /** Whether a target may be answered; any thread. */
    public boolean healthy(Target target) {
        Probed probe = byTarget.get(target);
        return probe == null || probe.healthy;
    }

    /** Probes what the policies name and no longer what they do not; whose probe stays as it was keeps its verdict. */
    public void watch(Map<String, GeoDnsConfig.Policy> policies) {
        Map<Target, Probed> wanted = new HashMap<>();
        Map<Probe, Probed> kept = new HashMap<>();
        policies.forEach((name, policy) -> {
            HealthCheckConfig check = policy.health();
            if (check != null) {
                policy.targets()
                        .forEach((region, addresses) -> addresses.forEach(address -> {
                            Probe probe = new Probe(address(address, check), check);
                            Probed one = probed.computeIfAbsent(probe, key -> new Probed());
                            kept.put(probe, one);
                            wanted.put(new Target(name, region, address), one);
                        }));
            }
        });
        probed.forEach((probe, one) -> {
            if (!kept.containsKey(probe)) {
                close(one);
            }
        });
        probed.keySet().retainAll(kept.keySet());
        byTarget = Map.copyOf(wanted);
        probed.forEach(this::start);
    }

    private static InetSocketAddress address(String address, HealthCheckConfig check) {
        Integer port = check.port();
        return new InetSocketAddress(InetAddress.ofLiteral(address), port != null ? port : check.tls() ? HTTPS : HTTP);
    }

    private void start(Probe probe, Probed one) {
        if (one.watch == null) {
            EventLoop loop = loops.get(nextLoop++ % loops.size());
            one.watch = monitor.watch(
                    "target " + probe.address().getAddress().getHostAddress(),
                    probe.address(),
                    probe.check(),
                    loop,
                    verdict -> changed(one, verdict));
        }
    }

    private void changed(Probed one, boolean verdict) {
        if (one.healthy != verdict) {
            one.healthy = verdict;
            try {
                control.execute(onChange);
            } catch (RejectedExecutionException e) {
                // The node is stopping: nobody asks any more.
                return;
            }
        }
    }

    private static void close(Probed one) {
        Watch watch = one.watch;
        if (watch != null) {
            watch.close();
        }
    }

    @Override
    public void close() {
        probed.values().forEach(TargetHealth::close);
        probed.clear();
        monitor.close();
    }
}
