package io.plinth.geodns.zone;

import io.plinth.geodns.wire.Name;
import io.plinth.geodns.wire.NameTable;
import io.plinth.geodns.wire.RecordSet;
import io.plinth.geodns.wire.RecordType;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** One zone: every name in it, empty non-terminals included. Immutable. */
public final class Zone {
    private final Name origin;
    private final NameTable<Node> nodes;
    private final Node apex;
    private final RecordSet negative;
    private final int records;

    Zone(Name origin, Map<Name, Node> nodes, Node apex, RecordSet negative, int records) {
        this.origin = origin;
        this.nodes = new NameTable<>(nodes);
        this.apex = apex;
        this.negative = negative;
        this.records = records;
    }

    public Name origin() {
        return origin;
    }

    /** How many records the file had. */
    public int records() {
        return records;
    }

    /** The SOA record as negative answers carry it: its TTL is at most its minimum (RFC 2308 section 3). */
    public RecordSet negative() {
        return negative;
    }

    /**
     * The node that answers for {@code name}, which is at or below the origin (RFC 1034 section 4.3.2 step 3): the
     * delegation on the way to it, the name itself, or the wildcard at its closest encloser (RFC 4592 section 3.3.1).
     *
     * @return null where the name does not exist
     */
    public @Nullable Node find(Name name, int type) {
        Node encloser = apex;
        for (int skip = name.labels() - origin.labels() - 1; skip >= 0; skip--) {
            Node node = nodes.get(name, skip);
            if (node == null) {
                return encloser.wildcard();
            }
            // The parent's side of a cut answers for DS (RFC 4035 section 3.1.4.1).
            if (node.delegation() != null && !(skip == 0 && type == RecordType.DS)) {
                return node;
            }
            encloser = node;
        }
        return encloser;
    }
}
