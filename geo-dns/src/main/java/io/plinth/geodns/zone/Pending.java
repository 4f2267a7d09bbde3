package io.plinth.geodns.zone;

import io.plinth.geodns.wire.Name;
import io.plinth.geodns.wire.Rdata;
import io.plinth.geodns.wire.RecordSet;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/** Owned by the thread that loads: a record set that still grows. Most have one record, so only the second makes a set. */
final class Pending {
    private final int line;
    private Collection<Rdata> records;
    private int ttl;

    Pending(int line, int ttl, Rdata first) {
        this.line = line;
        this.ttl = ttl;
        this.records = List.of(first);
    }

    /** Adds a record, unless it is there; how many there are then. */
    int add(int recordTtl, Rdata data) {
        // RFC 2181 section 5.2: one TTL for the set; the smallest is the one nobody outlives.
        ttl = Math.min(ttl, recordTtl);
        if (!(records instanceof Set)) {
            records = new LinkedHashSet<>(records);
        }
        records.add(data);
        return records.size();
    }

    int line() {
        return line;
    }

    Collection<Rdata> records() {
        return records;
    }

    Rdata first() {
        return records.iterator().next();
    }

    RecordSet at(Name owner, int type) {
        return new RecordSet(owner, type, ttl, List.copyOf(records));
    }
}
