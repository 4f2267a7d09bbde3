package io.plinth.geodns.wire;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * All records of one type at one name (RFC 2181 section 5): one TTL, at least one record, no two the same. Immutable.
 *
 * <p>Holds what an answer section carries, ready to be copied behind a question of this very name: the owner and the
 * suffixes of names in the data that the owner has too are pointers into that question. Room for signatures is behind
 * the records, where a signed answer has them.
 */
public final class RecordSet {
    private static final int HEAD = 12;
    private static final int QUESTION_AT = 12;

    private final Name owner;
    private final byte[] wire;
    private final int ttl;
    private final short type;
    private final short count;

    /**
     * A record set.
     *
     * @param type never a meta type
     * @param ttl in seconds
     * @param records in the order they are answered, unless rotated; at least one
     */
    public RecordSet(Name owner, int type, int ttl, List<Rdata> records) {
        this.owner = owner;
        this.type = (short) type;
        this.ttl = ttl;
        this.count = (short) records.size();
        this.wire = ready(owner, type, ttl, records);
    }

    private RecordSet(RecordSet other, int ttl) {
        this.owner = other.owner;
        this.type = other.type;
        this.ttl = ttl;
        this.count = other.count;
        this.wire = other.wire.clone();
        for (int at = 0; at < wire.length; at += HEAD + Octets.unsignedShort(wire, at + 10)) {
            Octets.putInt(wire, at + 6, ttl);
        }
    }

    private static byte[] ready(Name owner, int type, int ttl, List<Rdata> records) {
        int most = 0;
        for (Rdata data : records) {
            most += HEAD + data.length();
        }
        byte[] out = new byte[most];
        int at = 0;
        for (Rdata data : records) {
            Octets.putShort(out, at, 0xC000 | QUESTION_AT);
            Octets.putShort(out, at + 2, type);
            Octets.putShort(out, at + 4, Query.IN);
            Octets.putInt(out, at + 6, ttl);
            int lengthAt = at + 10;
            at = copy(data.lead(), data.lead().length, out, at + HEAD);
            for (Name name : data.names()) {
                at = compress(name, owner, out, at);
            }
            at = copy(data.tail(), data.tail().length, out, at);
            Octets.putShort(out, lengthAt, at - lengthAt - 2);
        }
        return at == most ? out : Arrays.copyOf(out, at);
    }

    private static int copy(byte[] from, int length, byte[] out, int at) {
        System.arraycopy(from, 0, out, at, length);
        return at + length;
    }

    /** The longest suffix that the owner has too becomes a pointer. */
    private static int compress(Name name, Name owner, byte[] out, int at) {
        int labels = name.labels();
        int ownerLabels = owner.labels();
        for (int skip = Math.max(0, labels - ownerLabels); skip < labels; skip++) {
            int ownerSkip = ownerLabels - (labels - skip);
            if (name.suffixEquals(skip, owner, ownerSkip)) {
                int end = copy(name.octets(), name.offset(skip), out, at);
                Octets.putShort(out, end, 0xC000 | (QUESTION_AT + owner.offset(ownerSkip)));
                return end + 2;
            }
        }
        return copy(name.octets(), name.length(), out, at);
    }

    public Name owner() {
        return owner;
    }

    public int type() {
        return type & 0xFFFF;
    }

    public int ttl() {
        return ttl;
    }

    /** How many records there are. */
    public int count() {
        return count & 0xFFFF;
    }

    /** The answer section behind a question of the owner; not to be changed. */
    byte[] wire() {
        return wire;
    }

    /** Octets of one record where all are of one size, as of A and AAAA; else 0. */
    int stride() {
        return type == RecordType.A || type == RecordType.AAAA ? wire.length / count() : 0;
    }

    /** The records, taken apart. For loading, explaining and the rare answer that is not ready. */
    public List<Rdata> records() {
        List<Rdata> records = new ArrayList<>(count());
        int end;
        for (int at = 0; at < wire.length; at = end) {
            end = at + HEAD + Octets.unsignedShort(wire, at + 10);
            records.add(record(at + HEAD, end));
        }
        return records;
    }

    private Rdata record(int from, int end) {
        int lead = RecordType.compressibleAt(type());
        if (lead < 0) {
            return Rdata.of(Arrays.copyOfRange(wire, from, end));
        }
        byte[] whole = new byte[end - from + RecordType.compressibleNames(type()) * Name.MAX_LENGTH];
        int at = copy(Arrays.copyOfRange(wire, from, from + lead), lead, whole, 0);
        int next = from + lead;
        for (int i = 0; i < RecordType.compressibleNames(type()); i++) {
            while (wire[next] > 0) {
                System.arraycopy(wire, next, whole, at, wire[next] + 1);
                at += wire[next] + 1;
                next += wire[next] + 1;
            }
            if (wire[next] == 0) {
                whole[at++] = 0;
                next++;
            } else {
                int offset = (Octets.unsignedShort(wire, next) & 0x3FFF) - QUESTION_AT;
                int rest = owner.length() - offset;
                System.arraycopy(owner.octets(), offset, whole, at, rest);
                at += rest;
                next += 2;
            }
        }
        System.arraycopy(wire, next, whole, at, end - next);
        return Rdata.of(type(), Arrays.copyOf(whole, at + end - next));
    }

    /** The same records with another TTL. */
    public RecordSet withTtl(int seconds) {
        return new RecordSet(this, seconds);
    }

    /** Whether names in the data may be compressed, so that it is ready for questions of the owner only. */
    public boolean hasNames() {
        return RecordType.compressibleAt(type()) >= 0;
    }

    /** {@code many} of the records, from {@code from} on, around. */
    RecordSet some(int from, int many) {
        List<Rdata> all = records();
        List<Rdata> chosen = new ArrayList<>(many);
        for (int i = 0; i < many; i++) {
            chosen.add(all.get((from + i) % all.size()));
        }
        return new RecordSet(owner, type(), ttl, chosen);
    }

    /** The same records at another name. */
    public RecordSet at(Name other) {
        return new RecordSet(other, type(), ttl, records());
    }

    /** Whether the order says nothing, so that each response may begin with another record. */
    public boolean rotates() {
        return (type == RecordType.A || type == RecordType.AAAA) && count() > 1;
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof RecordSet set
                && type == set.type
                && owner.equals(set.owner)
                && Arrays.equals(wire, set.wire);
    }

    @Override
    public int hashCode() {
        return owner.hashCode() * 31 + type;
    }
}
