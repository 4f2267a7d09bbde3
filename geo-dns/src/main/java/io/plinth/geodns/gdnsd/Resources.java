package io.plinth.geodns.gdnsd;

import io.plinth.geodns.policy.Target;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Owned by who imports: resources of gdnsd's plugins as policies, made when a zone or another resource first names them.
 * A TTL stands at the record there and at the policy here, so a resource may become several.
 */
final class Resources {
    private static final long DAY = 86_400;

    private final Vscf.Table plugins;
    private final Leaves leaves;
    private final GeoMaps maps;
    private final Notes notes;
    private final Map<String, Map<String, Object>> policies = new LinkedHashMap<>();
    private final Map<List<Object>, String> known = new HashMap<>();

    /** How long an answer holds at most and at least, in seconds. */
    record Ttl(long most, long least) {}

    Resources(Vscf.Table plugins, Leaves leaves, GeoMaps maps, Notes notes) {
        this.plugins = plugins;
        this.leaves = leaves;
        this.maps = maps;
        this.notes = notes;
    }

    /** Every policy made. */
    Map<String, Map<String, Object>> policies() {
        return policies;
    }

    /** The name of the policy a resource is; null where it cannot be one, which is noted. */
    @Nullable
    String policy(String plugin, String resource, @Nullable Ttl ttl, Vscf.Mark at) throws GdnsdException {
        List<Object> key = new ArrayList<>(List.of(plugin, resource));
        if (ttl != null) {
            key.add(ttl);
        }
        String made = known.get(key);
        if (made != null) {
            return made;
        }
        String name = name(resource.isEmpty() ? plugin : resource, plugin, ttl);
        known.put(key, name);
        Map<String, Object> policy = new LinkedHashMap<>();
        policies.put(name, policy);
        if (!build(plugin, resource, name, policy, at)) {
            policies.remove(name);
            known.remove(key);
            return null;
        }
        if (ttl != null) {
            policy.put("ttl", Math.clamp(ttl.most(), 1, DAY) + "s");
            policy.put("min-ttl", Math.clamp(ttl.least(), 1, DAY) + "s");
            if (ttl.most() > DAY) {
                notes.add(at, "TTL " + ttl.most() + ": " + DAY + ", which is the longest of a policy");
            }
        }
        return name;
    }

    private String name(String resource, String plugin, @Nullable Ttl ttl) {
        String plain = resource.replaceAll("[^A-Za-z0-9_.-]", "-");
        List<String> candidates = new ArrayList<>(List.of(plain, plugin + "-" + plain));
        if (ttl != null) {
            candidates.add(plain + "-" + ttl.most());
            candidates.add(plugin + "-" + plain + "-" + ttl.most() + "-" + ttl.least());
        }
        for (int i = 2; ; i++) {
            for (String candidate : candidates) {
                if (!policies.containsKey(candidate)) {
                    return candidate;
                }
            }
            candidates.add(plain + "-" + i);
        }
    }

    private boolean build(String plugin, String resource, String name, Map<String, Object> policy, Vscf.Mark at)
            throws GdnsdException {
        switch (plugin) {
            case "null" -> Leaves.single(policy, List.of("0.0.0.0", "::"));
            case "reflect" -> {
                notes.add(at, "reflect: left out (`plinth explain dns` tells what is seen of a client)");
                return false;
            }
            case "static" ->
                Leaves.single(policy, List.of(Scope.text(resource, resource(plugin, table(plugin), resource, at))));
            case "multifo", "simplefo", "weighted" ->
                leaves.build(
                        plugin, resource(plugin, table(plugin), resource, at), new Scope(table(plugin), null), policy);
            case "metafo", "geoip" -> {
                return centers(plugin, resource, name, policy, at);
            }
            default -> {
                notes.add(at, plugin + "!" + resource + ": left out (none of gdnsd's own plugins)");
                return false;
            }
        }
        return true;
    }

    private Vscf.Table table(String plugin) throws GdnsdException {
        Vscf found = plugins.find(plugin);
        return found == null ? Vscf.Table.empty(plugins.at()) : Scope.table(plugin, found);
    }

    private static Vscf resource(String plugin, Vscf.Table from, String resource, Vscf.Mark at) throws GdnsdException {
        Vscf found = from.find(resource);
        if (found == null) {
            throw new GdnsdException(
                    at,
                    "resource: " + plugin + "!" + resource + " (expected: one of "
                            + from.entries().keySet() + ")");
        }
        return found;
    }

    /** A resource of metafo or geoip, or RESOURCE/DATACENTER. */
    private boolean centers(String plugin, String resource, String name, Map<String, Object> policy, Vscf.Mark at)
            throws GdnsdException {
        Scope top = new Scope(table(plugin), null);
        Vscf all = top.table().find("resources");
        Vscf.Table resources = all == null ? Vscf.Table.empty(top.at()) : Scope.table("resources", all);
        int slash = resources.find(resource) == null ? resource.lastIndexOf('/') : -1;
        String base = slash < 0 ? resource : resource.substring(0, slash);
        Scope scope = top.within(Scope.table(base, resource(plugin, resources, base, at)));
        Vscf map = scope.table().find("dcmap");
        if (map == null) {
            throw new GdnsdException(scope.at(), "dcmap: missing (expected: what each datacenter answers)");
        }
        Map<String, Vscf> centers =
                new LinkedHashMap<>(Scope.table("dcmap", map).entries());
        policy.put("by", "failover");
        if (slash >= 0) {
            String only = resource.substring(slash + 1);
            centers.keySet().retainAll(Set.of(only));
            if (centers.isEmpty()) {
                throw new GdnsdException(at, "datacenter: " + only + " (expected: one of the dcmap of " + base + ")");
            }
        } else {
            boolean skip = scope.isSet("skip_first");
            if (plugin.equals("geoip")) {
                maps.describe(scope, centers.keySet(), skip, name, policy);
            } else {
                Vscf order = scope.find("datacenters");
                List<String> names = order == null
                        ? new ArrayList<>(centers.keySet())
                        : new ArrayList<>(Scope.texts("datacenters", order));
                if (skip && names.size() > 1) {
                    names.removeFirst();
                }
                centers.keySet().retainAll(names);
                policy.put("order", names);
            }
        }
        targets(base, centers, scope, policy);
        return true;
    }

    private void targets(String resource, Map<String, Vscf> centers, Scope scope, Map<String, Object> policy)
            throws GdnsdException {
        Map<String, Object> check = leaves.check(scope);
        Map<String, Object> targets = new LinkedHashMap<>();
        boolean own = false;
        for (Map.Entry<String, Vscf> center : centers.entrySet()) {
            List<String> inline = inline(center.getValue(), scope);
            if (inline == null || (check != null && inline.stream().anyMatch(Target::isName))) {
                String nested = nested(resource, center.getKey(), center.getValue(), scope);
                targets.put(center.getKey(), nested == null ? List.of("0.0.0.0") : List.of("policy:" + nested));
            } else {
                targets.put(center.getKey(), inline);
                own |= inline.stream().noneMatch(Target::isName);
            }
        }
        policy.put("targets", targets);
        if (own) {
            policy.put("up-share", Leaves.share(scope));
            if (check != null) {
                policy.put("health", check);
            }
        }
    }

    /** Addresses without settings of their own, or a name; null for what has to be a policy. */
    private static @Nullable List<String> inline(Vscf center, Scope scope) throws GdnsdException {
        return switch (center) {
            case Vscf.Text text ->
                text.text().startsWith("%") || text.text().startsWith("!") ? null : List.of(Leaves.target(text));
            case Vscf.Items items -> Leaves.addresses(items);
            case Vscf.Table table ->
                table.entries().keySet().stream().anyMatch(Leaves::isSetting)
                                || !scope.text("plugin", "multifo").equals("multifo")
                        ? null
                        : Leaves.addresses(table);
        };
    }

    private @Nullable String nested(String resource, String center, Vscf value, Scope scope) throws GdnsdException {
        if (value instanceof Vscf.Text text
                && (text.text().startsWith("%") || text.text().startsWith("!"))) {
            int mark = text.text().indexOf('!');
            if (mark < 0) {
                throw new GdnsdException(text.at(), "reference: " + text.text() + " (expected: as %plugin!resource)");
            }
            String plugin =
                    mark == 0 ? scope.text("plugin", "multifo") : text.text().substring(1, mark);
            String nested = policy(plugin, text.text().substring(mark + 1), null, text.at());
            if (nested == null) {
                notes.add(text.at(), center + ": answers 0.0.0.0 until something else is written there");
            }
            return nested;
        }
        List<Object> key = List.of("within", resource, center);
        String made = known.get(key);
        if (made != null) {
            return made;
        }
        String name = name(resource + "-" + center, "within", null);
        known.put(key, name);
        Map<String, Object> policy = new LinkedHashMap<>();
        policies.put(name, policy);
        if (value instanceof Vscf.Table table) {
            leaves.build(scope.within(table).text("plugin", "multifo"), table, scope, policy);
        } else {
            Leaves.single(policy, List.of(Leaves.target(value)));
        }
        return name;
    }
}
