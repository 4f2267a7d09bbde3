package io.plinth.lbproxy.discovery;

import io.plinth.lbproxy.upstream.PoolSettings.ServerSettings;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * A pool's servers from where they are known, with what the operator changed laid over. The operator's changes hold until
 * the node ends or they are taken back, over reloads too. Guarded by its own lock.
 */
final class Membership {
    private List<ServerSettings> known;
    private final Map<String, ServerSettings> added = new HashMap<>();
    private final Set<String> removed = new HashSet<>();
    private final Set<String> draining = new HashSet<>();
    private final Map<String, Integer> weights = new HashMap<>();

    Membership(List<ServerSettings> known) {
        this.known = List.copyOf(known);
    }

    synchronized void known(List<ServerSettings> servers) {
        known = List.copyOf(servers);
    }

    synchronized List<ServerSettings> servers() {
        return servers(known);
    }

    /** What they would be if {@code known} were known. */
    synchronized List<ServerSettings> servers(List<ServerSettings> known) {
        Map<String, ServerSettings> all = new TreeMap<>();
        known.forEach(server -> all.put(server.name(), server));
        all.putAll(added);
        removed.forEach(all::remove);
        List<ServerSettings> servers = new ArrayList<>();
        all.values()
                .forEach(server -> servers.add(new ServerSettings(
                        server.name(),
                        server.address(),
                        weights.getOrDefault(server.name(), server.weight()),
                        draining.contains(server.name()))));
        return servers;
    }

    synchronized void add(String name, InetSocketAddress address, int weight) {
        if (added.size() >= ServerList.MAX_SERVERS && !added.containsKey(name)) {
            throw new IllegalArgumentException(
                    "server: " + name + " (expected: at most " + ServerList.MAX_SERVERS + " that were added)");
        }
        removed.remove(name);
        draining.remove(name);
        weights.remove(name);
        added.put(name, new ServerSettings(name, address, weight, false));
    }

    synchronized void remove(String name) {
        added.remove(name);
        draining.remove(name);
        weights.remove(name);
        if (known.stream().anyMatch(server -> server.name().equals(name))) {
            removed.add(name);
        }
    }

    synchronized void drain(String name, boolean on) {
        if (on) {
            draining.add(name);
        } else {
            draining.remove(name);
        }
    }

    synchronized void weigh(String name, int weight) {
        weights.put(name, weight);
    }

    synchronized void restore(String name) {
        added.remove(name);
        removed.remove(name);
        draining.remove(name);
        weights.remove(name);
    }

    /** How many of the operator's changes it remembers. */
    synchronized int traces() {
        return added.size() + removed.size() + draining.size() + weights.size();
    }

    boolean has(String name) {
        return servers().stream().anyMatch(server -> server.name().equals(name));
    }
}
