package io.plinth.geodns.gdnsd;

import io.plinth.geodns.policy.Target;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Owned by who imports: resources that have addresses themselves. */
final class Leaves {
    private static final Set<String> SETTINGS =
            Set.of("service_types", "up_thresh", "ignore_health", "multi", "plugin", "addrs_v4", "addrs_v6");
    private static final List<String> FAMILIES = List.of("addrs_v4", "addrs_v6");

    private final ServiceTypes types;
    private final Notes notes;

    /** One of those that are weighted. */
    private record Weighted(List<String> addresses, int weight) {}

    Leaves(ServiceTypes types, Notes notes) {
        this.types = types;
        this.notes = notes;
    }

    static boolean isSetting(String key) {
        return SETTINGS.contains(key);
    }

    /** A policy that always answers the same. */
    static void single(Map<String, Object> policy, List<String> targets) {
        policy.put("by", "failover");
        policy.put("targets", Map.of("all", targets));
    }

    @Nullable
    Map<String, Object> check(Scope scope) throws GdnsdException {
        return types.check(scope.find("service_types"));
    }

    /** The share that has to be up, in percent. */
    static int share(Scope scope) throws GdnsdException {
        Vscf found = scope.find("up_thresh");
        if (found == null) {
            return 50;
        }
        String text = Scope.text("up_thresh", found);
        if (!text.matches("[01](\\.\\d{1,9})?") || Double.parseDouble(text) > 1) {
            throw new GdnsdException(found.at(), "up_thresh: " + text + " (expected: above 0, up to 1)");
        }
        return (int) Math.max(1, Math.round(Double.parseDouble(text) * 100));
    }

    static String target(Vscf value) throws GdnsdException {
        String text = Scope.text("address", value);
        if (!Target.isAddress(text) && !Target.isName(text)) {
            throw new GdnsdException(
                    value.at(), "address: " + text + " (expected: an IP address, or a name that ends with a dot)");
        }
        return text;
    }

    /** Those of an array, or of a hash without its settings. */
    static List<String> addresses(Vscf value) throws GdnsdException {
        List<String> addresses = new ArrayList<>();
        switch (value) {
            case Vscf.Text text -> addresses.add(target(text));
            case Vscf.Items items -> {
                for (Vscf item : items.items()) {
                    addresses.add(target(item));
                }
            }
            case Vscf.Table table -> {
                for (Map.Entry<String, Vscf> entry : table.entries().entrySet()) {
                    if (!isSetting(entry.getKey())) {
                        addresses.add(target(entry.getValue()));
                    }
                }
            }
        }
        return addresses;
    }

    void build(String plugin, Vscf value, Scope outer, Map<String, Object> policy) throws GdnsdException {
        Scope scope = value instanceof Vscf.Table table ? outer.within(table) : outer;
        List<Scope> families = new ArrayList<>();
        List<Vscf> values = new ArrayList<>();
        for (String family : FAMILIES) {
            Vscf found = value instanceof Vscf.Table table ? table.find(family) : null;
            if (found != null) {
                values.add(found);
                families.add(found instanceof Vscf.Table table ? scope.within(table) : scope);
            }
        }
        if (values.isEmpty()) {
            values.add(value);
            families.add(scope);
        }
        if (families.size() > 1) {
            same(families, value.at());
        }
        Scope settings = families.getFirst();
        switch (plugin) {
            case "multifo" -> multifo(values, settings, policy);
            case "simplefo" -> simplefo(values, policy);
            case "weighted" -> weighted(values, settings, policy);
            default ->
                throw new GdnsdException(value.at(), "plugin: " + plugin + " (expected: one that has addresses)");
        }
        Map<String, Object> check = check(settings);
        if (check != null) {
            policy.put("health", check);
            if (plugin.equals("weighted") && !check.containsKey("file") && !check.containsKey("command")) {
                unprobed(policy, value.at());
            }
        }
    }

    /** gdnsd's own connection probes know no names either. */
    private void unprobed(Map<String, Object> policy, Vscf.Mark at) {
        if (policy.get("targets") instanceof Map<?, ?> targets
                && targets.values().stream().anyMatch(each -> each.toString().endsWith(".]"))) {
            policy.remove("health");
            notes.add(at, "service_types: names are not probed (say `probe-at` and `health` by hand)");
        }
    }

    private void same(List<Scope> families, Vscf.Mark at) throws GdnsdException {
        Scope one = families.get(0);
        Scope other = families.get(1);
        if (share(one) != share(other)
                || !String.valueOf(check(one)).equals(String.valueOf(check(other)))
                || one.isSet("multi") != other.isSet("multi")) {
            notes.add(
                    at, "addrs_v6: with the settings of addrs_v4 (a policy has one set of them; make two names of it)");
        }
        notes.add(at, "addrs_v4, addrs_v6: chosen together (a member serves both families or neither)");
    }

    private void multifo(List<Vscf> values, Scope settings, Map<String, Object> policy) throws GdnsdException {
        List<String> all = new ArrayList<>();
        for (Vscf value : values) {
            all.addAll(addresses(value));
        }
        single(policy, all);
        policy.put("up-share", share(settings));
        Vscf ignore = settings.find("ignore_health");
        if (ignore != null && settings.isSet("ignore_health")) {
            notes.add(ignore.at(), "ignore_health: left out (what is down is not answered)");
        }
    }

    private static void simplefo(List<Vscf> values, Map<String, Object> policy) throws GdnsdException {
        List<String> primary = new ArrayList<>();
        List<String> secondary = new ArrayList<>();
        for (Vscf value : values) {
            Vscf.Table table = Scope.table("simplefo", value);
            for (String key : List.of("primary", "secondary")) {
                Vscf found = table.find(key);
                if (found == null) {
                    throw new GdnsdException(value.at(), key + ": missing (expected: primary and secondary)");
                }
                (key.equals("primary") ? primary : secondary).add(target(found));
            }
        }
        Map<String, Object> targets = new LinkedHashMap<>();
        targets.put("primary", primary);
        targets.put("secondary", secondary);
        policy.put("by", "failover");
        policy.put("order", List.of("primary", "secondary"));
        policy.put("targets", targets);
    }

    private void weighted(List<Vscf> values, Scope settings, Map<String, Object> policy) throws GdnsdException {
        Map<String, Weighted> members = members(values.getFirst());
        if (values.size() > 1) {
            Map<String, Weighted> more = members(values.get(1));
            if (more.keySet().equals(members.keySet())) {
                members.replaceAll((label, one) -> {
                    List<String> both = new ArrayList<>(one.addresses());
                    both.addAll(more.getOrDefault(label, one).addresses());
                    return new Weighted(both, one.weight());
                });
            } else {
                notes.add(
                        values.get(1).at(),
                        "addrs_v6: left out (its labels are not those of addrs_v4; make two names of it)");
            }
        }
        Map<String, Object> targets = new LinkedHashMap<>();
        Map<String, Object> weights = new LinkedHashMap<>();
        members.forEach((label, one) -> {
            targets.put(label, one.addresses());
            weights.put(label, one.weight());
        });
        policy.put("targets", targets);
        Vscf multi = settings.find("multi");
        if (multi != null && settings.isSet("multi")) {
            notes.add(multi.at(), "multi: all that is up is answered, whatever its weight");
            policy.put("by", "multivalue");
        } else {
            policy.put("by", "weighted");
            policy.put("weights", weights);
        }
        policy.put("up-share", share(settings));
    }

    private Map<String, Weighted> members(Vscf value) throws GdnsdException {
        Map<String, Weighted> members = new LinkedHashMap<>();
        for (Map.Entry<String, Vscf> entry :
                Scope.table("weighted", value).entries().entrySet()) {
            if (isSetting(entry.getKey())) {
                continue;
            }
            if (entry.getValue() instanceof Vscf.Table group) {
                members.put(entry.getKey(), group(entry.getKey(), group));
            } else {
                members.put(entry.getKey(), pair(entry.getValue()));
            }
        }
        return members;
    }

    private Weighted group(String name, Vscf.Table group) throws GdnsdException {
        List<String> addresses = new ArrayList<>();
        int sum = 0;
        int first = -1;
        for (Vscf item : group.entries().values()) {
            Weighted one = pair(item);
            addresses.addAll(one.addresses());
            sum += one.weight();
            if (first >= 0 && first != one.weight()) {
                notes.add(item.at(), name + ": the group is answered whole (no weights within a member)");
            }
            first = one.weight();
        }
        return new Weighted(addresses, sum);
    }

    private static Weighted pair(Vscf value) throws GdnsdException {
        if (value instanceof Vscf.Items items && items.items().size() == 2) {
            return new Weighted(
                    List.of(target(items.items().getFirst())),
                    Scope.number("weight", items.items().getLast()));
        }
        throw new GdnsdException(value.at(), "weighted: (expected: [ address, weight ])");
    }
}
