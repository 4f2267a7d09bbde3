package io.plinth.lbproxy.upstream;

import java.util.ArrayList;
import java.util.List;

/** A pool as all loops see it; each loop has its own {@link LoopPool} of it. Immutable but for its servers' health. */
public final class Pool {
    private final PoolSettings settings;
    private final List<Server> servers;
    private final LoopPool[] loops;
    private volatile boolean retired;

    public Pool(PoolSettings settings, List<Connector> connectors) {
        this.settings = settings;
        servers = settings.servers().stream()
                .map(server -> new Server(server, settings))
                .toList();
        loops = new LoopPool[connectors.size()];
        for (int i = 0; i < loops.length; i++) {
            loops[i] = new LoopPool(this, connectors.get(i), loops.length);
        }
    }

    public String name() {
        return settings.name();
    }

    public PoolSettings settings() {
        return settings;
    }

    public List<Server> servers() {
        return servers;
    }

    /** The part of one loop, to be used on that loop alone. */
    public LoopPool loop(int index) {
        return loops[index];
    }

    /** How many servers a pick may find now. */
    public int available(long now) {
        int count = 0;
        for (Server server : servers) {
            if (server.healthy() && !server.ejected(now)) {
                count++;
            }
        }
        return count;
    }

    /** Whether the file no longer has it: connections close instead of idling. */
    boolean retired() {
        return retired;
    }

    /** Takes it out of service: what is under way ends as it would, idle connections close. */
    public void retire() {
        retired = true;
        for (LoopPool loop : loops) {
            loop.connector().loop().execute(loop::closeIdle);
        }
    }

    /** Connections to all servers by loop, for the metrics; each number is as fresh as that loop's last write. */
    public List<Integer> connections() {
        List<Integer> counts = new ArrayList<>();
        for (LoopPool loop : loops) {
            counts.add(loop.connections());
        }
        return counts;
    }
}
