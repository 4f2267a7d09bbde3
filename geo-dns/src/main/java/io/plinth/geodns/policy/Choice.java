package io.plinth.geodns.policy;

import io.plinth.geodns.wire.Name;
import io.plinth.geodns.wire.Rdata;
import io.plinth.geodns.wire.RecordSet;
import io.plinth.geodns.wire.RecordType;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a policy answers to some of its clients, ready for the wire. Immutable.
 *
 * @param number of the member, for counting
 * @param ipv4 null where it has no such address
 * @param ipv6 null where it has no such address
 * @param name the alias it has instead of addresses, or null
 * @param picks how many of the addresses an answer has; 0 for all
 * @param allDown whether no target is healthy, so that health was left out of account
 */
public record Choice(
        String policy,
        String member,
        int number,
        @Nullable RecordSet ipv4,
        @Nullable RecordSet ipv6,
        @Nullable RecordSet name,
        int picks,
        boolean allDown) {
    static Choice of(String policy, Member member, List<Target> up, int ttl, int picks, boolean allDown) {
        return new Choice(
                policy,
                member.name(),
                member.number(),
                records(RecordType.A, up, ttl),
                records(RecordType.AAAA, up, ttl),
                records(RecordType.CNAME, up, ttl),
                picks,
                allDown);
    }

    /** Nothing: the name has no addresses as long as everything is down. */
    static Choice nothing(String policy) {
        return new Choice(policy, "none", Member.NO_NUMBER, null, null, null, 0, true);
    }

    /** Neither addresses nor a name that is written in full depend on the owner. */
    private static @Nullable RecordSet records(int type, List<Target> up, int ttl) {
        List<Rdata> data = up.stream()
                .filter(target -> type(target) == type)
                .map(Target::data)
                .distinct()
                .toList();
        return data.isEmpty() ? null : new RecordSet(Name.ROOT, type, ttl, data);
    }

    private static int type(Target target) {
        return target.isName() ? RecordType.CNAME : target.isIpv4() ? RecordType.A : RecordType.AAAA;
    }

    /** The records of an address type, or null. */
    public @Nullable RecordSet find(int type) {
        return type == RecordType.A ? ipv4 : type == RecordType.AAAA ? ipv6 : null;
    }
}
