package io.plinth.lbproxy.upstream;

import io.netty.channel.EventLoop;
import io.plinth.kit.health.HealthCheckConfig;
import io.plinth.kit.health.HealthMonitor;
import io.plinth.kit.health.Watch;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The active health checks of every pool that asks for them. Driven by the node's runner thread. */
public final class HealthChecks implements AutoCloseable {
    private record Followed(Pool pool, HealthCheckConfig check, List<Watch> watches) {}

    private final HealthMonitor monitor;
    private final List<EventLoop> loops;
    private final Map<String, Followed> followed = new HashMap<>();
    private int nextLoop;

    public HealthChecks(HealthMonitor monitor, List<EventLoop> loops) {
        this.monitor = monitor;
        this.loops = List.copyOf(loops);
    }

    /** Checks these pools from now on; what did not change goes on undisturbed. */
    public void follow(Map<String, HealthCheckConfig> checks, Map<String, Pool> pools) {
        followed.entrySet().removeIf(entry -> {
            Followed known = entry.getValue();
            boolean stays = pools.get(entry.getKey()) == known.pool && known.check.equals(checks.get(entry.getKey()));
            if (!stays) {
                known.watches.forEach(Watch::close);
                // Nobody would bring a server back that only the old checks took out.
                known.pool.servers().forEach(server -> server.healthy(true));
            }
            return !stays;
        });
        checks.forEach((name, check) -> {
            Pool pool = pools.get(name);
            if (pool != null && !followed.containsKey(name)) {
                followed.put(name, new Followed(pool, check, watch(pool, check)));
            }
        });
    }

    private List<Watch> watch(Pool pool, HealthCheckConfig check) {
        List<Watch> watches = new ArrayList<>();
        for (Server server : pool.servers()) {
            EventLoop loop = loops.get(nextLoop++ % loops.size());
            watches.add(monitor.watch(
                    "pool " + pool.name() + " server " + server.name(),
                    server.address(),
                    check,
                    loop,
                    server::healthy));
        }
        return watches;
    }

    @Override
    public void close() {
        followed.values().forEach(known -> known.watches.forEach(Watch::close));
        followed.clear();
        monitor.close();
    }
}
