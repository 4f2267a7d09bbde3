package io.plinth.geodns.zone;

import io.plinth.geodns.wire.Name;
import io.plinth.geodns.wire.NameTable;
import io.plinth.geodns.wire.Query;
import io.plinth.geodns.wire.ReadyTail;
import io.plinth.geodns.wire.RecordSet;
import io.plinth.geodns.wire.RecordType;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.IntPredicate;
import org.jspecify.annotations.Nullable;

/** One zone: every name in it, empty non-terminals included. Immutable. */
public final class Zone {
    private final Name origin;
    private final int labels;
    private final NameTable<Node> nodes;
    private final Node apex;
    private final RecordSet negative;
    private final ReadyTail negativeTail;
    private final int records;
    private final int number;
    private final List<Name> aliases;
    private final Set<Name> listed;

    /** Holds nodes; those of {@code listed} have their policies from elsewhere than the zone's own text. */
    Zone(
            Name origin,
            int number,
            Collection<Node> nodes,
            Node apex,
            RecordSet negative,
            int records,
            Set<Name> listed) {
        this.origin = origin;
        this.labels = origin.labels();
        this.number = number;
        this.nodes = new NameTable<>(nodes, nodes.size(), Node::name);
        this.apex = apex;
        this.negative = negative;
        this.negativeTail = ReadyTail.authority(negative);
        this.records = records;
        this.listed = Set.copyOf(listed);
        this.aliases = nodes.stream()
                .map(Node::alias)
                .filter(alias -> alias != null)
                .distinct()
                .toList();
    }

    public Name origin() {
        return origin;
    }

    /** Labels of the origin. */
    int labels() {
        return labels;
    }

    /** The number it is counted under. */
    public int number() {
        return number;
    }

    /** How many records the file had. */
    public int records() {
        return records;
    }

    /** Whether the policy of a name is not the zone's own text's to say. */
    boolean isListed(Name name) {
        return listed.contains(name);
    }

    /** Every name elsewhere that names here have the addresses of. */
    public List<Name> aliases() {
        return aliases;
    }

    /** The serial number of the SOA. */
    public long serial() {
        byte[] soa = negative.records().getFirst().octets();
        return io.plinth.geodns.wire.Octets.intAt(soa, soa.length - 20) & 0xFFFF_FFFFL;
    }

    /** The SOA record as negative answers carry it: its TTL is at most its minimum (RFC 2308 section 3). */
    public RecordSet negative() {
        return negative;
    }

    /** The same, ready for every name of the zone. */
    public ReadyTail negativeTail() {
        return negativeTail;
    }

    /** Gives every node, in no particular order. */
    void forEach(Consumer<Node> sink) {
        nodes.forEach(sink);
    }

    /**
     * What stands beside policies that answer names, where nothing may but the addresses it hides (RFC 2181 section
     * 10.1).
     */
    public List<ZoneProblem> beside(IntPredicate naming) {
        List<ZoneProblem> problems = new ArrayList<>();
        nodes.forEach(node -> {
            if (node.policy() != Node.NO_POLICY && naming.test(node.policy())) {
                node.sets().stream()
                        .map(RecordSet::type)
                        .filter(type -> type != RecordType.A && type != RecordType.AAAA)
                        .forEach(type -> problems.add(ZoneRules.besideNames(1, type, node.name())));
            }
        });
        return problems;
    }

    /** The node of this very name, or null. */
    public @Nullable Node node(Name name) {
        return nodes.get(name);
    }

    /**
     * The node that answers for a question at or below the origin (RFC 1034 section 4.3.2 step 3): the delegation or
     * DNAME on the way to it, the name itself, or the wildcard at its closest encloser (RFC 4592 section 3.3.1).
     *
     * @return null where the name does not exist
     */
    public @Nullable Node find(Query query) {
        Node exact = nodes.get(query, 0);
        return exact != null && !exact.isOccluded() ? exact : below(query);
    }

    private @Nullable Node below(Query query) {
        Node encloser = apex;
        for (int skip = query.labels() - labels - 1; skip >= 0; skip--) {
            if (encloser.redirect() != null) {
                return encloser;
            }
            Node node = nodes.get(query, skip);
            if (node == null) {
                return encloser.wildcard();
            }
            // The parent's side of a cut answers for DS (RFC 4035 section 3.1.4.1).
            if (node.delegation() != null && !(skip == 0 && query.type() == RecordType.DS)) {
                return node;
            }
            encloser = node;
        }
        return encloser;
    }
}
