package io.plinth.deploy.prepare;

import io.plinth.kit.config.HostPort;
import io.plinth.kit.config.StackFile;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

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
        List<Pair> pairs = new ArrayList<>();
        Set<String> hosts = new TreeSet<>();
        List<Path> databases = new ArrayList<>();
        List<HostPort> users = new ArrayList<>();
        return new Wanted(pairs, hosts, databases, users);
    }
}
