package io.plinth.geodns.health;

import io.netty.channel.EventLoop;
import io.plinth.geodns.load.PolicyConfig;
import io.plinth.geodns.policy.Health;
import io.plinth.geodns.policy.Target;
import io.plinth.kit.health.HealthCheckConfig;
import io.plinth.kit.health.HealthMonitor;
import io.plinth.kit.health.Watch;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;

/**
 * Guarded by the lock of the changes, but for each watched target's verdict, which its loop writes: what is healthy now.
 * A target is probed once for all policies that probe it alike, from the moment the file names it to the moment no file
 * does; until its first probe has ended it is taken for healthy. What people say about a target counts more, until it
 * expires.
 */
public final class TargetHealth implements Health, AutoCloseable {
    private static final int HTTP = 80;
    private static final int HTTPS = 443;
    private static final int MILLIS = 1_000;
    private static final int LONGEST_TTL = 86_400;

    private final HealthMonitor monitor;
    private final List<EventLoop> loops;
    private final Path folder;
    private final Executor control;
    private final Runnable onChange;
    private final Clock clock;
    private final Map<Probe, Probed> probed = new HashMap<>();
    private volatile Map<Target, Probed> byTarget = Map.of();
    private volatile Map<String, Statement> overrides = Map.of();
    private volatile Map<String, Load> loads = Map.of();
    private int nextLoop;

    /**
     * What is probed how.
     *
     * @param name under which a file may know it; empty where that does not matter
     */
    private record Probe(String name, InetSocketAddress address, HealthCheckConfig check) {}

    /**
     * What somebody says about a target.
     *
     * @param untilMillis since 1970; {@link Long#MAX_VALUE} for good
     */
    public record Statement(boolean up, long untilMillis) {}

    /**
     * How loaded a member is, as it was told.
     *
     * @param untilMillis since 1970
     */
    public record Load(int percent, long untilMillis) {}

    private static final class Probed {
        private volatile boolean healthy = true;
        private int weight = WHOLE;
        private volatile @Nullable Watch watch;
    }

    /**
     * Probes nothing yet.
     *
     * @param monitor closed with this
     * @param folder where relative paths of checks start
     * @param control runs {@code onChange} after each change of a verdict, so that no loop does
     */
    public TargetHealth(
            HealthMonitor monitor,
            List<EventLoop> loops,
            Path folder,
            Executor control,
            Runnable onChange,
            Clock clock) {
        this.monitor = monitor;
        this.loops = loops;
        this.folder = folder;
        this.control = control;
        this.onChange = onChange;
        this.clock = clock;
    }

    /** Whether a target may be answered; any thread. */
    @Override
    public boolean healthy(Target target) {
        Statement said = statement(target);
        if (said != null) {
            return said.up();
        }
        Probed probe = byTarget.get(target);
        return probe == null || probe.healthy;
    }

    /** What somebody says about a target, under its address or as POLICY/ADDRESS; null where nobody does any more. */
    public @Nullable Statement statement(Target target) {
        Map<String, Statement> now = overrides;
        if (now.isEmpty()) {
            return null;
        }
        Statement said = now.get(target.policy() + "/" + target.address());
        if (said == null) {
            said = now.get(target.address());
        }
        return said == null || said.untilMillis() <= clock.millis() ? null : said;
    }

    @Override
    public int secondsToChange(Target target) {
        Statement said = statement(target);
        if (said != null) {
            long left = (said.untilMillis() - clock.millis()) / MILLIS;
            return (int) Math.min(Integer.MAX_VALUE, Math.max(1, left));
        }
        Probed probe = byTarget.get(target);
        Watch watch = probe == null ? null : probe.watch;
        return watch == null
                ? Integer.MAX_VALUE
                : (int) Math.min(Integer.MAX_VALUE, watch.soonestChange().toSeconds());
    }

    @Override
    public int weight(Target target) {
        Probed probe = byTarget.get(target);
        Watch watch = probe == null ? null : probe.watch;
        return watch == null || statement(target) != null ? WHOLE : watch.weight();
    }

    @Override
    public int load(String policy, String member) {
        Load load = loads.get(policy + "/" + member);
        return load == null || load.untilMillis() <= clock.millis() ? 0 : load.percent();
    }

    /** Replaces what people say about targets. */
    public void overrides(Map<String, Statement> next) {
        overrides = Map.copyOf(next);
        changed();
    }

    /** Replaces how loaded members, as POLICY/MEMBER, are. */
    public void loads(Map<String, Load> next) {
        loads = Map.copyOf(next);
        changed();
    }

    /** Everything the TTLs depend on but time itself, to see whether it changed. */
    public List<Integer> horizon() {
        List<Integer> horizon = new ArrayList<>();
        byTarget.keySet().stream()
                .sorted(java.util.Comparator.comparing(Target::toString))
                .forEach(target -> horizon.add(secondsToChange(target)));
        long now = clock.millis();
        // Whether its target is probed or not, the TTL goes towards the end of an override.
        new TreeMap<>(overrides).forEach((target, said) -> {
            long left = said.untilMillis() - now;
            horizon.add(left <= 0 ? -1 : (int) Math.min(LONGEST_TTL, left / MILLIS));
        });
        new TreeMap<>(loads).forEach((member, load) -> horizon.add(load.untilMillis() <= now ? 0 : 1));
        return horizon;
    }

    /** Probes what the policies name and no longer what they do not; whose probe stays as it was keeps its verdict. */
    public void watch(Map<String, PolicyConfig> policies, List<Target> targets) {
        Map<Target, Probed> wanted = new HashMap<>();
        Map<Probe, Probed> kept = new HashMap<>();
        for (Target target : targets) {
            PolicyConfig policy = policies.get(target.policy());
            HealthCheckConfig wished = policy == null ? null : policy.health();
            if (policy != null && wished != null) {
                HealthCheckConfig check = wished.in(folder);
                String at = policy.probeAt().getOrDefault(target.address(), target.address());
                Probe probe = new Probe(check.file() == null ? "" : target.address(), address(at, check), check);
                Probed one = probed.computeIfAbsent(probe, key -> new Probed());
                kept.put(probe, one);
                wanted.put(target, one);
            }
        }
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
        int number = port != null ? port : check.tls() ? HTTPS : HTTP;
        return Target.isAddress(address)
                ? new InetSocketAddress(InetAddress.ofLiteral(address), number)
                : InetSocketAddress.createUnresolved(address, number);
    }

    private void start(Probe probe, Probed one) {
        if (one.watch == null) {
            EventLoop loop = loops.get(nextLoop++ % loops.size());
            one.watch = monitor.watch(
                    probe.name().isEmpty() ? probe.address().getHostString() : probe.name(),
                    probe.address(),
                    probe.check(),
                    loop,
                    verdict -> {
                        Watch watch = one.watch;
                        if (one.healthy != verdict || watch == null || one.weight != watch.weight()) {
                            one.healthy = verdict;
                            one.weight = watch == null ? WHOLE : watch.weight();
                            changed();
                        }
                    });
        }
    }

    private void changed() {
        try {
            control.execute(onChange);
        } catch (RejectedExecutionException e) {
            // The node is stopping: nobody asks any more.
            return;
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
