package io.plinth.geodns.zone;

import io.plinth.geodns.wire.Name;
import io.plinth.geodns.wire.RecordSet;
import io.plinth.geodns.wire.RecordType;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** One name of a zone and what stands there; nothing for an empty non-terminal (RFC 4592 section 2.2.2). Immutable. */
public final class Node {
    private final Name name;
    private final RecordSet[] sets;
    private final boolean policy;
    private final @Nullable Node wildcard;
    private final List<Glue> glue;
    private final @Nullable RecordSet delegation;
    private final @Nullable RecordSet alias;

    /** An address record set that a referral carries. */
    public record Glue(Name owner, RecordSet addresses) {}

    Node(Name name, List<RecordSet> sets, boolean apex, boolean policy, @Nullable Node wildcard, List<Glue> glue) {
        this.name = name;
        this.sets = sets.toArray(RecordSet[]::new);
        this.policy = policy;
        this.wildcard = wildcard;
        this.glue = List.copyOf(glue);
        this.delegation = apex ? null : find(RecordType.NS);
        this.alias = find(RecordType.CNAME);
    }

    public Name name() {
        return name;
    }

    /** The records of a type, or null. */
    public @Nullable RecordSet find(int type) {
        for (RecordSet set : sets) {
            if (set.type() == type) {
                return set;
            }
        }
        return null;
    }

    /** Whether anything stands here. */
    public boolean isEmpty() {
        return sets.length == 0 && !policy;
    }

    /** Whether a policy answers for the addresses of this name. */
    public boolean isPolicy() {
        return policy;
    }

    /** The NS records that hand this name and all below it to other servers, or null. */
    public @Nullable RecordSet delegation() {
        return delegation;
    }

    /** The addresses of those servers that stand in this zone. */
    public List<Glue> glue() {
        return glue;
    }

    /** The CNAME here, or null. */
    public @Nullable RecordSet alias() {
        return alias;
    }

    /** The {@code *} child, from which missing names below are made (RFC 4592 section 3.3.1), or null. */
    @Nullable
    Node wildcard() {
        return wildcard;
    }
}
