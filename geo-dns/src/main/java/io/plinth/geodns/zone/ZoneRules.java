package io.plinth.geodns.zone;

import io.plinth.geodns.wire.Name;
import io.plinth.geodns.wire.Rdata;
import io.plinth.geodns.wire.RecordType;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What must hold between the records of a zone. Stateless but for what it checks. */
final class ZoneRules {
    private static final int NO_LINE = 1;

    private final Name origin;
    private final Map<Name, Map<Integer, Pending>> names;

    ZoneRules(Name origin, Map<Name, Map<Integer, Pending>> names) {
        this.origin = origin;
        this.names = names;
    }

    void check(Set<Name> policyNames, List<ZoneProblem> problems) {
        Map<Integer, Pending> apex = names.getOrDefault(origin, Map.of());
        if (!apex.containsKey(RecordType.SOA)) {
            problems.add(new ZoneProblem(NO_LINE, "SOA: missing (expected: one at " + origin + ")"));
        }
        if (!apex.containsKey(RecordType.NS)) {
            problems.add(new ZoneProblem(NO_LINE, "NS: missing (expected: at least one at " + origin + ")"));
        }
        names.forEach((name, sets) -> check(name, sets, policyNames.contains(name), problems));
        for (Name name : policyNames) {
            Name cut = cutAbove(name);
            if (cut != null) {
                problems.add(new ZoneProblem(
                        NO_LINE, "policy name: " + name + " (expected: not below " + cut + ", which is delegated)"));
            }
        }
    }

    private void check(Name name, Map<Integer, Pending> sets, boolean policy, List<ZoneProblem> problems) {
        Pending soa = sets.get(RecordType.SOA);
        if (soa != null && (!name.equals(origin) || soa.records().size() > 1)) {
            problems.add(new ZoneProblem(soa.line(), "SOA: " + name + " (expected: one, at " + origin + ")"));
        }
        Pending alias = sets.get(RecordType.CNAME);
        if (alias != null && (sets.size() > 1 || alias.records().size() > 1 || policy)) {
            problems.add(new ZoneProblem(
                    alias.line(),
                    "CNAME: " + name + " (expected: nothing beside it, neither records nor a policy; RFC 2181 10.1)"));
        }
        Pending redirect = sets.get(RecordType.DNAME);
        if (redirect != null && (redirect.records().size() > 1 || name.isWildcard())) {
            problems.add(new ZoneProblem(
                    redirect.line(), "DNAME: " + name + " (expected: one, and not at a wildcard; RFC 6672 2.4, 3.3)"));
        }
        Pending elsewhere = sets.get(RecordType.ALIAS);
        if (elsewhere != null
                && (elsewhere.records().size() > 1
                        || policy
                        || sets.containsKey(RecordType.A)
                        || sets.containsKey(RecordType.AAAA))) {
            problems.add(new ZoneProblem(
                    elsewhere.line(),
                    "ALIAS: " + name + " (expected: one, without addresses or a policy of the name's own)"));
        }
        Pending servers = sets.get(RecordType.NS);
        if (servers != null && !name.equals(origin)) {
            if (name.isWildcard()) {
                problems.add(new ZoneProblem(
                        servers.line(), "NS: " + name + " (expected: no delegation at a wildcard; RFC 4592 4.2)"));
            }
            if (redirect != null) {
                problems.add(new ZoneProblem(
                        redirect.line(), "DNAME: " + name + " (expected: no NS beside it; RFC 6672 2.3)"));
            }
            checkGlue(name, servers, problems);
        }
    }

    /** A policy that answers aliases is one itself: what holds of CNAME holds of it (RFC 2181 section 10.1). */
    void checkNaming(Name name, List<ZoneProblem> problems) {
        names.getOrDefault(name, Map.of()).forEach((type, pending) -> {
            if (type != RecordType.A && type != RecordType.AAAA && type != RecordType.POLICY) {
                problems.add(besideNames(pending.line(), type, name));
            }
        });
    }

    static ZoneProblem besideNames(int line, int type, Name name) {
        return new ZoneProblem(
                line,
                RecordType.name(type) + ": " + name
                        + " (expected: nothing beside a policy that answers names; RFC 2181 10.1)");
    }

    /** A server below the name it serves is found through its glue only. */
    private void checkGlue(Name cut, Pending servers, List<ZoneProblem> problems) {
        for (Rdata data : servers.records()) {
            Name server = ZoneBuilder.required(data.target());
            Map<Integer, Pending> sets = names.getOrDefault(server, Map.of());
            if (server.isAtOrBelow(cut) && !sets.containsKey(RecordType.A) && !sets.containsKey(RecordType.AAAA)) {
                problems.add(new ZoneProblem(
                        servers.line(),
                        "NS: " + server + " (expected: its A or AAAA beside it, as it is below " + cut + ")"));
            }
        }
    }

    private @Nullable Name cutAbove(Name name) {
        for (int skip = 0; name.labels() - skip > origin.labels(); skip++) {
            Name ancestor = name.ancestor(skip);
            if (names.getOrDefault(ancestor, Map.of()).containsKey(RecordType.NS)) {
                return ancestor;
            }
        }
        return null;
    }
}
