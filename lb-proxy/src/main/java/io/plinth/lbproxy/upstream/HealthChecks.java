package io.plinth.lbproxy.upstream;

import io.netty.channel.EventLoop;
import io.plinth.kit.health.HealthCheckConfig;
import io.plinth.kit.health.HealthMonitor;
import io.plinth.kit.health.Watch;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.LongSupplier;

/** The active health checks of every pool that asks for them. Any thread but an event loop. */
public final class HealthChecks implements AutoCloseable {
    private record Followed(Pool pool, HealthCheckConfig check, Map<Server, Watch> watches) {}

    private final HealthMonitor monitor;
    private final List<EventLoop> loops;
    private final LongSupplier nanoTime;
    private final Map<String, Followed> followed = new HashMap<>();
    private int nextLoop;

    public HealthChecks(HealthMonitor monitor, List<EventLoop> loops, LongSupplier nanoTime) {
        this.monitor = monitor;
        this.loops = List.copyOf(loops);
        this.nanoTime = nanoTime;
    }

    /** Checks these pools from now on; what did not change goes on undisturbed. */
    public synchronized void follow(Map<String, HealthCheckConfig> checks, Map<String, Pool> pools) {
        followed.entrySet().removeIf(entry -> {
            Followed known = entry.getValue();
            boolean stays = pools.get(entry.getKey()) == known.pool && known.check.equals(checks.get(entry.getKey()));
            if (!stays) {
                known.watches.values().forEach(Watch::close);
                // Nobody would bring a server back that only the old checks took out.
                known.pool.servers().forEach(server -> server.healthy(true, nanoTime.getAsLong()));
            }
            return !stays;
        });
        checks.forEach((name, check) -> {
            Pool pool = pools.get(name);
            if (pool != null) {
                followed.computeIfAbsent(name, each -> new Followed(pool, check, new HashMap<>()));
                refresh(pool);
            }
        });
    }

    /** A pool's servers are others now. */
    public synchronized void refresh(Pool pool) {
        Followed known = followed.get(pool.name());
        if (known == null || known.pool != pool) {
            return;
        }
        Set<Server> servers = new HashSet<>(pool.servers());
        known.watches.entrySet().removeIf(entry -> {
            boolean gone = !servers.contains(entry.getKey());
            if (gone) {
                entry.getValue().close();
            }
            return gone;
        });
        for (Server server : servers) {
            known.watches.computeIfAbsent(server, each -> watch(pool, known.check, each));
        }
    }

    private Watch watch(Pool pool, HealthCheckConfig check, Server server) {
        return monitor.watch(
                "pool " + pool.name() + " server " + server.name(),
                server.address(),
                check,
                loops.get(nextLoop++ % loops.size()),
                up -> server.healthy(up, nanoTime.getAsLong()));
    }

    @Override
    public synchronized void close() {
        followed.values().forEach(known -> known.watches.values().forEach(Watch::close));
        followed.clear();
        monitor.close();
    }
}
