package io.plinth.lbproxy.upstream;

import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;

/**
 * All of a pool that a change of the file can change; equal settings mean the pool lives on over a reload.
 *
 * @param servers in the order of their names
 * @param maxPerServer connections to one server, over all loops
 * @param idlePerServer connections kept idle to one server, over all loops
 * @param queue requests that wait for a connection, over all loops
 */
public record PoolSettings(
        String name,
        List<ServerSettings> servers,
        Balance balance,
        int maxPerServer,
        int idlePerServer,
        int queue,
        Duration connectTimeout,
        Duration idleTimeout,
        Duration ejectBase,
        Duration ejectMax) {

    /** How the next server is found. */
    public enum Balance {
        PEAK_EWMA,
        ROUND_ROBIN
    }

    /** One server. */
    public record ServerSettings(String name, InetSocketAddress address, int weight) {}

    public PoolSettings {
        servers = List.copyOf(servers);
    }
}
