package io.plinth.geodns.zone;

import io.plinth.geodns.wire.Name;
import io.plinth.geodns.wire.Query;
import io.plinth.geodns.wire.ReadyTail;
import io.plinth.geodns.wire.RecordSet;
import io.plinth.geodns.wire.RecordType;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** One name of a zone and what stands there; nothing for an empty non-terminal (RFC 4592 section 2.2.2). Immutable. */
public final class Node {
    /** No policy answers here. */
    public static final int NO_POLICY = -1;

    private final Name name;
    /** Null for none, the set itself where there is one as at most names, else an array of them. */
    private final @Nullable Object sets;

    private final @Nullable Special special;
    /** Here too, so that a question need not look at the name. */
    private final short length;

    private final boolean isWildcard;

    /** An address record set that a referral carries. */
    public record Glue(Name owner, RecordSet addresses) {}

    /**
     * What few names have.
     *
     * @param policy the number of the policy that answers for its addresses, or {@link #NO_POLICY}
     * @param alias the name elsewhere whose addresses it has (ALIAS), or null
     * @param wildcard the {@code *} child, from which missing names below are made (RFC 4592 section 3.3.1), or null
     * @param servers the NS records that hand this name and all below it to other servers, or null
     * @param glue the addresses of those servers that stand in this zone
     * @param referral servers and glue, ready to be answered
     * @param redirect the DNAME here, or null
     * @param occluded whether it is below a cut or a DNAME, which answers in its place
     */
    record Special(
            int policy,
            @Nullable Name alias,
            @Nullable Node wildcard,
            @Nullable RecordSet servers,
            List<Glue> glue,
            @Nullable ReadyTail referral,
            @Nullable RecordSet redirect,
            boolean occluded) {}

    Node(Name name, List<RecordSet> sets, @Nullable Special special) {
        this.name = name;
        this.sets = sets.isEmpty() ? null : sets.size() == 1 ? sets.getFirst() : sets.toArray(RecordSet[]::new);
        this.special = special;
        this.length = (short) name.length();
        this.isWildcard = name.isWildcard();
    }

    public Name name() {
        return name;
    }

    /** Every record set. */
    public List<RecordSet> sets() {
        return sets instanceof RecordSet one
                ? List.of(one)
                : sets instanceof RecordSet[] several ? List.of(several) : List.of();
    }

    /** The records of a type, or null. */
    public @Nullable RecordSet find(int type) {
        if (sets instanceof RecordSet one) {
            return one.type() == type ? one : null;
        }
        if (sets instanceof RecordSet[] several) {
            for (RecordSet set : several) {
                if (set.type() == type) {
                    return set;
                }
            }
        }
        return null;
    }

    /** Whether the question is for this very name, and not for one that is made from this wildcard. */
    public boolean isAt(Query query) {
        return length == query.nameLength() && (!isWildcard || (query.lower()[0] == 1 && query.lower()[1] == '*'));
    }

    /** Whether anything stands here. */
    public boolean isEmpty() {
        return sets == null && policy() == NO_POLICY && alias() == null;
    }

    /** Whether it is below a cut or a DNAME, which answers in its place. */
    boolean isOccluded() {
        return special != null && special.occluded();
    }

    /** The number of the policy that answers for the addresses of this name, or {@link #NO_POLICY}. */
    public int policy() {
        return special == null ? NO_POLICY : special.policy();
    }

    /** The name elsewhere whose addresses this one has, or null. */
    public @Nullable Name alias() {
        return special == null ? null : special.alias();
    }

    /** The NS records that hand this name and all below it to other servers, or null. */
    public @Nullable RecordSet delegation() {
        return special == null ? null : special.servers();
    }

    /** The addresses of those servers that stand in this zone. */
    public List<Glue> glue() {
        return special == null ? List.of() : special.glue();
    }

    /** The delegation as it is answered; null where there is none. */
    public @Nullable ReadyTail referral() {
        return special == null ? null : special.referral();
    }

    /** The DNAME here, which renames everything below, or null. */
    public @Nullable RecordSet redirect() {
        return special == null ? null : special.redirect();
    }

    /** The CNAME here, or null. */
    public @Nullable RecordSet cname() {
        return find(RecordType.CNAME);
    }

    @Nullable
    Node wildcard() {
        return special == null ? null : special.wildcard();
    }
}
