package io.plinth.geodns.zone;

import io.plinth.geodns.wire.Name;
import io.plinth.geodns.wire.Rdata;
import io.plinth.geodns.wire.RecordSet;
import io.plinth.geodns.wire.RecordType;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Owned by the thread that loads: collects records, checks what holds between them, and links the nodes of a zone. */
final class ZoneBuilder {
    private static final int NO_LINE = 1;

    private final Name origin;
    private final ZoneLimits limits;
    private final Map<Name, Map<Integer, Pending>> names = new LinkedHashMap<>();
    private final Map<Name, Node> nodes = new HashMap<>();
    private int records;

    /** A record set that still grows. */
    private static final class Pending {
        private final int line;
        private final Set<Rdata> records = new LinkedHashSet<>();
        private int ttl;

        private Pending(int line, int ttl) {
            this.line = line;
            this.ttl = ttl;
        }
    }

    ZoneBuilder(Name origin, ZoneLimits limits) {
        this.origin = origin;
        this.limits = limits;
    }

    void add(int line, Name owner, int type, int ttl, Rdata data) {
        if (!owner.isAtOrBelow(origin)) {
            throw new IllegalArgumentException("owner: " + owner + " (expected: a name at or below " + origin + ")");
        }
        if (++records > limits.records()) {
            throw new IllegalArgumentException(
                    "records: " + records + " (expected: at most limits.records, " + limits.records() + ")");
        }
        Map<Integer, Pending> sets = names.computeIfAbsent(owner, name -> new LinkedHashMap<>());
        Pending pending = sets.computeIfAbsent(type, key -> new Pending(line, ttl));
        // RFC 2181 section 5.2: one TTL for the set; the smallest is the one nobody outlives.
        pending.ttl = Math.min(pending.ttl, ttl);
        pending.records.add(data);
        if (pending.records.size() > limits.recordsPerSet()) {
            throw new IllegalArgumentException("records: " + pending.records.size() + " of one type at " + owner
                    + " (expected: at most limits.records-per-set, " + limits.recordsPerSet() + ")");
        }
    }

    /** The last field of an SOA record: how long a negative answer may be kept. */
    static int minimum(Rdata soa) {
        byte[] octets = soa.octets();
        return Math.max(0, ByteBuffer.wrap(octets).getInt(octets.length - 4));
    }

    Zone build(Set<Name> policyNames, List<ZoneProblem> problems) throws ZoneException {
        if (problems.isEmpty()) {
            check(policyNames, problems);
        }
        if (!problems.isEmpty()) {
            problems.sort(Comparator.comparingInt(ZoneProblem::line));
            throw new ZoneException(problems);
        }
        Set<Name> policies = new LinkedHashSet<>();
        policyNames.stream().filter(name -> name.isAtOrBelow(origin)).forEach(policies::add);
        link(policies);
        Node apex = node(origin);
        RecordSet soa = required(apex.find(RecordType.SOA));
        RecordSet negative =
                soa.withTtl(Math.min(soa.ttl(), minimum(soa.records().getFirst())));
        return new Zone(origin, nodes, apex, negative, records);
    }

    private static <T> T required(@Nullable T value) {
        if (value == null) {
            throw new IllegalStateException("zone - checked before, yet without SOA");
        }
        return value;
    }

    private void check(Set<Name> policyNames, List<ZoneProblem> problems) {
        Map<Integer, Pending> apex = names.getOrDefault(origin, Map.of());
        Pending soa = apex.get(RecordType.SOA);
        if (soa == null) {
            problems.add(new ZoneProblem(NO_LINE, "SOA: missing (expected: one at " + origin + ")"));
        }
        if (!apex.containsKey(RecordType.NS)) {
            problems.add(new ZoneProblem(NO_LINE, "NS: missing (expected: at least one at " + origin + ")"));
        }
        names.forEach((name, sets) -> check(name, sets, policyNames.contains(name), problems));
        for (Name name : policyNames) {
            Name cut = name.isAtOrBelow(origin) ? cutAbove(name) : null;
            if (cut != null) {
                problems.add(new ZoneProblem(
                        NO_LINE, "policy name: " + name + " (expected: not below " + cut + ", which is delegated)"));
            }
        }
    }

    private void check(Name name, Map<Integer, Pending> sets, boolean policy, List<ZoneProblem> problems) {
        Pending soa = sets.get(RecordType.SOA);
        if (soa != null && (!name.equals(origin) || soa.records.size() > 1)) {
            problems.add(new ZoneProblem(soa.line, "SOA: " + name + " (expected: one, at " + origin + ")"));
        }
        Pending alias = sets.get(RecordType.CNAME);
        if (alias != null && (sets.size() > 1 || alias.records.size() > 1 || policy)) {
            problems.add(new ZoneProblem(
                    alias.line,
                    "CNAME: " + name + " (expected: nothing beside it, neither records nor a policy; RFC 2181 10.1)"));
        }
        Pending servers = sets.get(RecordType.NS);
        if (servers != null && !name.equals(origin)) {
            if (name.isWildcard()) {
                problems.add(new ZoneProblem(
                        servers.line, "NS: " + name + " (expected: no delegation at a wildcard; RFC 4592 4.2)"));
            }
            checkGlue(name, servers, problems);
        }
    }

    /** A server below the name it serves is found through its glue only. */
    private void checkGlue(Name cut, Pending servers, List<ZoneProblem> problems) {
        for (Rdata data : servers.records) {
            Name server = required(data.target());
            Map<Integer, Pending> sets = names.getOrDefault(server, Map.of());
            if (server.isAtOrBelow(cut) && !sets.containsKey(RecordType.A) && !sets.containsKey(RecordType.AAAA)) {
                problems.add(new ZoneProblem(
                        servers.line,
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

    /** Makes a node for every name and every empty non-terminal above one, wildcards before their parents. */
    private void link(Set<Name> policies) {
        Set<Name> every = new LinkedHashSet<>();
        for (Set<Name> some : List.of(names.keySet(), policies, Set.of(origin))) {
            for (Name name : some) {
                for (Name at = name; at.labels() >= origin.labels() && every.add(at); at = at.ancestor(1)) {
                    if (at.equals(origin)) {
                        break;
                    }
                }
            }
        }
        Map<Name, Name> wildcards = new HashMap<>();
        every.stream().filter(Name::isWildcard).forEach(name -> wildcards.put(name.ancestor(1), name));
        List<Name> deepestFirst = new ArrayList<>(every);
        deepestFirst.sort(Comparator.comparingInt(Name::labels).reversed());
        for (Name name : deepestFirst) {
            Name wildcard = wildcards.get(name);
            nodes.put(
                    name,
                    new Node(
                            name,
                            sets(name),
                            name.equals(origin),
                            policies.contains(name),
                            wildcard == null ? null : nodes.get(wildcard),
                            glue(name)));
        }
    }

    private Node node(Name name) {
        return required(nodes.get(name));
    }

    private List<RecordSet> sets(Name name) {
        List<RecordSet> sets = new ArrayList<>();
        names.getOrDefault(name, Map.of())
                .forEach((type, pending) -> sets.add(new RecordSet(type, pending.ttl, List.copyOf(pending.records))));
        return sets;
    }

    private List<Node.Glue> glue(Name cut) {
        Pending servers = names.getOrDefault(cut, Map.of()).get(RecordType.NS);
        if (servers == null || cut.equals(origin)) {
            return List.of();
        }
        List<Node.Glue> glue = new ArrayList<>();
        for (Rdata data : servers.records) {
            Name server = required(data.target());
            for (RecordSet set : sets(server)) {
                if (set.type() == RecordType.A || set.type() == RecordType.AAAA) {
                    glue.add(new Node.Glue(server, set));
                }
            }
        }
        return glue;
    }
}
