package io.plinth.geodns.zone;

import io.plinth.geodns.wire.Name;
import io.plinth.geodns.wire.Rdata;
import io.plinth.geodns.wire.ReadyTail;
import io.plinth.geodns.wire.RecordSet;
import io.plinth.geodns.wire.RecordType;
import io.plinth.geodns.wire.Response;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Owned by the thread that loads: collects records and links the nodes of a zone. */
final class ZoneBuilder {
    private final Name origin;
    private final ZoneLimits limits;
    private final Map<Name, Map<Integer, Pending>> names = new LinkedHashMap<>();
    private final List<Node> nodes = new ArrayList<>();
    private int records;

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
        Map<Integer, Pending> sets = names.get(owner);
        Pending pending = sets == null ? null : sets.get(type);
        if (sets == null) {
            // Of a million names most have one set.
            names.put(owner, Map.of(type, new Pending(line, ttl, data)));
        } else if (pending == null) {
            Map<Integer, Pending> several = sets instanceof LinkedHashMap ? sets : new LinkedHashMap<>(sets);
            several.put(type, new Pending(line, ttl, data));
            names.put(owner, several);
        } else if (pending.add(ttl, data) > limits.recordsPerSet()) {
            throw new IllegalArgumentException("records: more of one type at " + owner
                    + " (expected: at most limits.records-per-set, " + limits.recordsPerSet() + ")");
        }
    }

    /** The last field of an SOA record: how long a negative answer may be kept. */
    static int minimum(Rdata soa) {
        byte[] octets = soa.octets();
        return Math.max(0, ByteBuffer.wrap(octets).getInt(octets.length - 4));
    }

    Zone build(int number, PolicyNumbers policies, List<ZoneProblem> problems) throws ZoneException {
        Map<Name, Integer> answering = new HashMap<>();
        Set<Name> listed = new HashSet<>();
        if (problems.isEmpty()) {
            policies.at().forEach((name, policy) -> {
                if (name.isAtOrBelow(origin)) {
                    answering.put(name, policy);
                    listed.add(name);
                }
            });
            named(policies.byName(), answering, problems);
            ZoneRules rules = new ZoneRules(origin, names);
            rules.check(answering.keySet(), problems);
            answering.forEach((name, policy) -> {
                if (policies.naming().contains(policy)) {
                    rules.checkNaming(name, problems);
                }
            });
        }
        if (!problems.isEmpty()) {
            problems.sort(Comparator.comparing(ZoneProblem::file).thenComparingInt(ZoneProblem::line));
            throw new ZoneException(problems);
        }
        Node apex = link(answering);
        RecordSet soa = required(apex.find(RecordType.SOA));
        RecordSet negative =
                soa.withTtl(Math.min(soa.ttl(), minimum(soa.records().getFirst())));
        return new Zone(origin, number, nodes, apex, negative, records, listed);
    }

    /** POLICY records, which name a policy of the configuration. */
    private void named(Map<String, Integer> numbers, Map<Name, Integer> answering, List<ZoneProblem> problems) {
        names.forEach((name, sets) -> {
            Pending policy = sets.get(RecordType.POLICY);
            if (policy != null) {
                String text = new String(policy.records().iterator().next().octets(), StandardCharsets.ISO_8859_1);
                Integer known = numbers.get(text);
                if (known == null) {
                    problems.add(new ZoneProblem(
                            policy.line(),
                            "POLICY: " + text + " (expected: one of "
                                    + numbers.keySet().stream().sorted().toList() + ")"));
                } else if (!known.equals(answering.getOrDefault(name, known))) {
                    problems.add(new ZoneProblem(
                            policy.line(), "POLICY: " + name + " (expected: one policy; another lists this name)"));
                } else {
                    answering.put(name, known);
                }
            }
        });
    }

    static <T> T required(@Nullable T value) {
        if (value == null) {
            throw new IllegalStateException("zone - checked before, yet incomplete");
        }
        return value;
    }

    /** Makes a node for every name and every empty non-terminal above one, wildcards before their parents. */
    private Node link(Map<Name, Integer> answering) {
        Set<Name> without = new LinkedHashSet<>();
        Map<Name, Name> wildcards = new HashMap<>();
        without(answering.keySet(), answering, without, wildcards);
        without(names.keySet(), answering, without, wildcards);
        boolean cuts = names.entrySet().stream()
                .anyMatch(entry -> entry.getValue().containsKey(RecordType.DNAME)
                        || (entry.getValue().containsKey(RecordType.NS)
                                && !entry.getKey().equals(origin)));
        Map<Name, Node> made = new HashMap<>();
        // A wildcard's node has to be there before its parent's.
        wildcards.values().stream()
                .sorted(Comparator.comparingInt(Name::labels).reversed())
                .forEach(name -> made.put(name, node(name, answering, wildcards, made, cuts)));
        nodes.addAll(made.values());
        Node apex = node(origin, answering, wildcards, made, cuts);
        nodes.add(apex);
        for (Collection<Name> some : List.of(names.keySet(), without)) {
            for (Name name : some) {
                if (!made.containsKey(name) && !name.equals(origin)) {
                    nodes.add(node(name, answering, wildcards, made, cuts));
                }
            }
        }
        return apex;
    }

    /** Finds names without records that have to have a node, and every wildcard. */
    private void without(
            Collection<Name> some, Map<Name, Integer> answering, Set<Name> without, Map<Name, Name> wildcards) {
        for (Name name : some) {
            if (!names.containsKey(name)) {
                without.add(name);
            }
            for (Name at = name; !at.equals(origin); ) {
                Name above = at.labels() == origin.labels() + 1 ? origin : at.ancestor(1);
                if (at.isWildcard()) {
                    wildcards.put(above, at);
                }
                if (above.equals(origin)
                        || names.containsKey(above)
                        || answering.containsKey(above)
                        || !without.add(above)) {
                    break;
                }
                at = above;
            }
        }
    }

    private Node node(
            Name name, Map<Name, Integer> answering, Map<Name, Name> wildcards, Map<Name, Node> made, boolean cuts) {
        Map<Integer, Pending> pending = names.getOrDefault(name, Map.of());
        Name wildcard = wildcards.get(name);
        int policy = answering.getOrDefault(name, Node.NO_POLICY);
        boolean occluded = cuts && isOccluded(name);
        boolean plain = wildcard == null
                && policy == Node.NO_POLICY
                && !occluded
                && !pending.containsKey(RecordType.NS)
                && !pending.containsKey(RecordType.DNAME)
                && !pending.containsKey(RecordType.ALIAS);
        return new Node(
                name,
                sets(name),
                plain ? null : special(name, pending, policy, wildcard == null ? null : made.get(wildcard), occluded));
    }

    private Node.Special special(
            Name name, Map<Integer, Pending> pending, int policy, @Nullable Node wildcard, boolean occluded) {
        Pending alias = pending.get(RecordType.ALIAS);
        Pending servers = name.equals(origin) ? null : pending.get(RecordType.NS);
        Pending redirect = pending.get(RecordType.DNAME);
        RecordSet cut = servers == null ? null : servers.at(name, RecordType.NS);
        List<Node.Glue> glue = servers == null ? List.of() : glue(servers);
        ReadyTail referral = null;
        if (cut != null) {
            Response response = new Response();
            response.authority().add(name, cut);
            glue.forEach(one -> response.additional().add(one.owner(), one.addresses()));
            referral = ReadyTail.referral(name, response);
        }
        return new Node.Special(
                policy,
                alias == null
                        ? null
                        : Name.read(alias.first().octets(), 0, alias.first().length()),
                wildcard,
                cut,
                glue,
                referral,
                redirect == null ? null : redirect.at(name, RecordType.DNAME),
                occluded);
    }

    /** Whether a cut or a DNAME stands above. */
    private boolean isOccluded(Name name) {
        for (int skip = 1; name.labels() - skip >= origin.labels(); skip++) {
            Name above = name.ancestor(skip);
            Map<Integer, Pending> sets = names.getOrDefault(above, Map.of());
            if (sets.containsKey(RecordType.DNAME) || (sets.containsKey(RecordType.NS) && !above.equals(origin))) {
                return true;
            }
        }
        return false;
    }

    private List<RecordSet> sets(Name name) {
        List<RecordSet> sets = new ArrayList<>(2);
        names.getOrDefault(name, Map.of()).forEach((type, pending) -> {
            if (type != RecordType.ALIAS && type != RecordType.POLICY) {
                sets.add(pending.at(name, type));
            }
        });
        return sets;
    }

    private List<Node.Glue> glue(Pending servers) {
        List<Node.Glue> glue = new ArrayList<>();
        for (Rdata data : servers.records()) {
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
