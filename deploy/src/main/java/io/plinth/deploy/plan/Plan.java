package io.plinth.deploy.plan;

import io.plinth.deploy.Daemons;
import io.plinth.kit.config.AppConfig;
import io.plinth.kit.config.HostPort;
import io.plinth.kit.config.NodeConfig;
import io.plinth.kit.config.StackFile;
import io.plinth.kit.lifecycle.DaemonType;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * What a file means on this host. Immutable.
 *
 * @param units in the order of the file: servers, daemons, programs
 */
public record Plan(List<Unit> units) {
    private static final Set<String> BACKING = Set.of("kv-cache", "mq-broker", "db-proxy");

    public Plan {
        units = List.copyOf(units);
    }

    /** Plans the whole file; {@code inProcess} puts all daemons into one process. */
    public static Plan of(StackFile file, boolean inProcess) {
        List<Unit> units = new ArrayList<>(PostgresPlan.of(file));
        Set<String> servers = units.stream().map(Unit::name).collect(Collectors.toCollection(TreeSet::new));
        List<Unit.Daemon> daemons = new ArrayList<>();
        new TreeMap<>(file.stack().nodes()).forEach((name, node) -> daemons.add(daemon(file, name, node, servers)));
        Set<String> backing = new TreeSet<>();
        if (inProcess) {
            units.add(new Unit.Host(daemons, servers));
            backing.add(Unit.Host.NAME);
        } else {
            units.addAll(daemons);
            daemons.stream()
                    .filter(daemon -> BACKING.contains(daemon.kind()))
                    .forEach(daemon -> backing.add(daemon.name()));
        }
        new TreeMap<>(file.stack().apps()).forEach((name, app) -> units.addAll(apps(file, name, app, backing)));
        return new Plan(units);
    }

    /** The unit of that name. */
    public Optional<Unit> named(String name) {
        return units.stream().filter(unit -> unit.name().equals(name)).findFirst();
    }

    /** Every address that will be listened on. */
    public List<Claim> claims() {
        return units.stream().flatMap(unit -> unit.claims().stream()).toList();
    }

    /** Where the load balancers serve. */
    public List<Claim> edge() {
        return units.stream()
                .flatMap(unit -> unit instanceof Unit.Host host ? host.daemons().stream() : Stream.of(unit))
                .filter(unit -> unit.kind().equals("lb-proxy"))
                .flatMap(unit -> unit.claims().stream())
                .filter(claim -> !claim.listener().equals(Claim.ADMIN))
                .toList();
    }

    private static Unit.Daemon daemon(StackFile file, String name, NodeConfig node, Set<String> servers) {
        DaemonType type = Daemons.named(node.kind())
                .orElseThrow(() -> new IllegalStateException("daemon: " + node.kind() + " (expected: a known kind)"));
        List<Claim> claims = new ArrayList<>(ListenerPlan.of(file, name, node));
        HostPort admin = file.admin(name);
        claims.add(new Claim(name, Claim.ADMIN, "nodes." + name + ".admin", admin, false));
        return new Unit.Daemon(name, node, type, node.kind().equals("db-proxy") ? servers : Set.of(), claims, admin);
    }

    private static List<Unit> apps(StackFile file, String name, AppConfig app, Set<String> after) {
        Map<String, HostPort> instances = file.instances(name);
        List<Unit> units = new ArrayList<>();
        for (int number = 1; number <= app.instances(); number++) {
            String instance = name + "-" + number;
            HostPort at = instances.get(instance);
            List<Claim> claims =
                    at == null ? List.of() : List.of(new Claim(instance, "http", "apps." + name + ".port", at, false));
            units.add(new Unit.App(instance, name, app, number, at, after, claims));
        }
        return units;
    }
}
