package io.plinth.deploy.plan;

import io.plinth.dbproxy.DbProxyConfig;
import io.plinth.dbproxy.DbProxyConfig.DatabaseConfig;
import io.plinth.dbproxy.DbProxyConfig.ShardConfig;
import io.plinth.kit.config.HostPort;
import io.plinth.kit.config.NodeConfig;
import io.plinth.kit.config.PostgresConfig;
import io.plinth.kit.config.StackFile;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The PostgreSQL servers that deploy runs itself: one for every shard address on this machine under db-proxy, where the
 * file has {@code postgres}. Owned by the thread that plans.
 */
final class PostgresPlan {
    private final PostgresConfig settings;
    private final Map<HostPort, Unit.Postgres> servers = new LinkedHashMap<>();

    private PostgresPlan(PostgresConfig settings) {
        this.settings = settings;
    }

    static List<Unit.Postgres> of(StackFile file) {
        PostgresConfig settings = file.stack().postgres();
        if (settings == null) {
            return List.of();
        }
        PostgresPlan plan = new PostgresPlan(settings);
        for (NodeConfig node : new TreeMap<>(file.stack().nodes()).values()) {
            if (node.kind().equals("db-proxy")) {
                plan.databases(node.run(), file.section(node, DbProxyConfig.class));
            }
        }
        return List.copyOf(plan.servers.values());
    }

    private void databases(String section, DbProxyConfig config) {
        boolean several = config.databases().size() > 1;
        new TreeMap<>(config.databases())
                .forEach((name, database) -> new TreeMap<>(database.shards())
                        .forEach((shard, servers) -> shard(
                                "pg-" + (several ? name + "-" : "") + shard + "-",
                                section + ".databases." + name + ".shards." + shard,
                                Map.of(name, owner(name, database)),
                                servers)));
    }

    private void shard(String prefix, String key, Map<String, String> databases, ShardConfig shard) {
        if (!isHere(shard.primary())) {
            return;
        }
        Unit.Postgres primary = server(prefix + "primary", key + ".primary", shard.primary(), List.of(), databases);
        new TreeMap<>(shard.replicas()).forEach((name, replica) -> {
            if (isHere(replica.at())) {
                server(prefix + name, key + ".replicas." + name, replica.at(), List.of(primary), databases);
            }
        });
    }

    /** A server that several databases name is one server that has them all. */
    private Unit.Postgres server(
            String name, String key, HostPort at, List<Unit.Postgres> primary, Map<String, String> databases) {
        Unit.Postgres known = servers.get(at);
        Map<String, String> all = new TreeMap<>(databases);
        if (known != null) {
            all.putAll(known.databases());
        }
        Unit.Postgres server = new Unit.Postgres(
                known == null ? name : known.name(),
                at,
                primary.isEmpty() ? null : primary.getFirst(),
                all,
                settings.sharedBuffers().bytes(),
                settings.connections(),
                List.of(new Claim(known == null ? name : known.name(), "postgres", key, at, false)));
        servers.put(at, server);
        return server;
    }

    /** Who owns the database in a server made here: its first user, or one of its name. */
    private static String owner(String name, DatabaseConfig database) {
        List<String> owners = new ArrayList<>();
        new TreeMap<>(database.users()).forEach((user, config) -> {
            String own = config.serverUser();
            owners.add(own == null ? user : own);
        });
        return owners.isEmpty() ? name : owners.getFirst();
    }

    private static boolean isHere(HostPort at) {
        try {
            return InetAddress.getByName(at.host()).isLoopbackAddress();
        } catch (UnknownHostException e) {
            return false;
        }
    }
}
