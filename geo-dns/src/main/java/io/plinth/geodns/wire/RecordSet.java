package io.plinth.geodns.wire;

import java.util.List;

/**
 * All records of one type at one name (RFC 2181 section 5): one TTL, at least one record, no two the same.
 *
 * @param type never a meta type
 * @param ttl in seconds
 * @param records in the order they are answered, unless rotated
 */
public record RecordSet(int type, int ttl, List<Rdata> records) {
    public RecordSet {
        records = List.copyOf(records);
    }

    /** The same records with another TTL. */
    public RecordSet withTtl(int seconds) {
        return new RecordSet(type, seconds, records);
    }

    /** Whether the order says nothing, so that each response may begin with another record. */
    boolean rotates() {
        return (type == RecordType.A || type == RecordType.AAAA) && records.size() > 1;
    }
}
