package io.plinth.geodns.policy;

import io.plinth.geodns.wire.RecordSet;
import io.plinth.geodns.wire.RecordType;
import org.jspecify.annotations.Nullable;

/**
 * What a policy answers to clients with one order of regions.
 *
 * @param region the region chosen
 * @param ipv4 null where it has no such address
 * @param ipv6 null where it has no such address
 * @param allDown whether no target of any region is healthy, so that health was left out of account
 */
public record Choice(
        String region, @Nullable RecordSet ipv4, @Nullable RecordSet ipv6, boolean allDown) {
    /** The records of an address type, or null. */
    public @Nullable RecordSet find(int type) {
        return type == RecordType.A ? ipv4 : type == RecordType.AAAA ? ipv6 : null;
    }
}
