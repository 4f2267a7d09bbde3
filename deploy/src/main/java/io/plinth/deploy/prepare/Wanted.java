package io.plinth.deploy.prepare;

import io.plinth.geodns.GeoDnsConfig;
import io.plinth.kit.config.HostPort;
import io.plinth.kit.config.StackFile;
import io.plinth.lbproxy.LbProxyConfig;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Files below the state folder that a stack names and {@code up} makes where they are missing. A path elsewhere is the
 * user's own to fill.
 *
 * @param pairs certificates with their keys
 * @param hosts names the certificates are for
 * @param databases country databases
 * @param databaseUsers admin addresses of the nodes that read them
 */
public record Wanted(List<Pair> pairs, Set<String> hosts, List<Path> databases, List<HostPort> databaseUsers) {
    public Wanted {
        pairs = List.copyOf(pairs);
        hosts = Set.copyOf(hosts);
        databases = List.copyOf(databases);
        databaseUsers = List.copyOf(databaseUsers);
    }

    /**
     * A certificate and its key.
     *
     * @param certificate PEM
     * @param key PEM
     */
    public record Pair(Path certificate, Path key) {}

    /** Everything the file's daemon nodes name. */
    public static Wanted of(StackFile file) {
        Set<Pair> pairs = new LinkedHashSet<>();
        Set<String> hosts = new TreeSet<>();
        Set<Path> databases = new LinkedHashSet<>();
        List<HostPort> users = new ArrayList<>();
        new TreeMap<>(file.stack().nodes()).forEach((name, node) -> {
            if (node.kind().equals("lb-proxy")) {
                LbProxyConfig config = file.section(node, LbProxyConfig.class);
                config.listeners().values().forEach(listener -> pair(file, listener.tls(), pairs));
                config.routes().values().forEach(route -> host(route.host(), hosts));
            } else if (node.kind().equals("geo-dns")) {
                GeoDnsConfig config = file.section(node, GeoDnsConfig.class);
                if (!config.policies().isEmpty() && database(file, config, databases)) {
                    users.add(file.admin(name));
                }
            }
        });
        return new Wanted(List.copyOf(pairs), hosts, List.copyOf(databases), users);
    }

    private static void pair(StackFile file, LbProxyConfig.@Nullable TlsConfig tls, Set<Pair> pairs) {
        if (tls != null) {
            Path certificate = resolve(file, tls.cert());
            Path key = resolve(file, tls.key());
            if (certificate.startsWith(file.state()) && key.startsWith(file.state())) {
                pairs.add(new Pair(certificate, key));
            }
        }
    }

    private static void host(@Nullable String host, Set<String> hosts) {
        if (host != null) {
            hosts.add(host);
        }
    }

    private static boolean database(StackFile file, GeoDnsConfig config, Set<Path> databases) {
        String named = config.database();
        Path path = named == null ? file.state().resolve("geo/country.mmdb") : resolve(file, Path.of(named));
        return path.startsWith(file.state()) && databases.add(path);
    }

    private static Path resolve(StackFile file, Path path) {
        Path folder = file.path().toAbsolutePath().normalize().getParent();
        return (folder == null ? path.toAbsolutePath() : folder.resolve(path)).normalize();
    }
}
