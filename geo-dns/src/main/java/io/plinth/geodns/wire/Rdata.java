package io.plinth.geodns.wire;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * One record's data, uncompressed, knowing which names in it may be compressed: those of RFC 1035's own types and no
 * others (RFC 3597 section 4).
 *
 * <p>Immutable: {@code lead} octets, then the names, then {@code tail}.
 */
public final class Rdata {
    private static final byte[] NOTHING = {};
    private static final Name[] NO_NAMES = {};

    private final byte[] lead;
    private final Name[] names;
    private final byte[] tail;

    private Rdata(byte[] lead, Name[] names, byte[] tail) {
        this.lead = lead;
        this.names = names;
        this.tail = tail;
        if (length() > 0xFFFF) {
            throw new IllegalArgumentException("record data: " + length() + " octets (expected: at most 65535)");
        }
    }

    /** Octets without a compressible name; takes the array over. */
    public static Rdata of(byte[] octets) {
        return new Rdata(octets, NO_NAMES, NOTHING);
    }

    /** One name: NS, CNAME, PTR. */
    public static Rdata of(Name name) {
        return new Rdata(NOTHING, new Name[] {name}, NOTHING);
    }

    /** Octets and a name: MX. */
    public static Rdata of(byte[] lead, Name name) {
        return new Rdata(lead, new Name[] {name}, NOTHING);
    }

    /** Two names and octets: SOA. */
    public static Rdata of(Name first, Name second, byte[] tail) {
        return new Rdata(NOTHING, new Name[] {first, second}, tail);
    }

    /**
     * Data of a type from its octets, uncompressed.
     *
     * @throws IllegalArgumentException where the type has names and they are not well-formed
     */
    public static Rdata of(int type, byte[] octets) {
        int lead = RecordType.compressibleAt(type);
        if (lead < 0) {
            return of(octets);
        }
        Name[] names = new Name[RecordType.compressibleNames(type)];
        int at = lead;
        for (int i = 0; i < names.length; i++) {
            names[i] = Name.read(octets, at, octets.length);
            at += names[i].length();
        }
        return new Rdata(Arrays.copyOf(octets, lead), names, Arrays.copyOfRange(octets, at, octets.length));
    }

    /** Octets, uncompressed. */
    public int length() {
        int length = lead.length + tail.length;
        for (Name name : names) {
            length += name.length();
        }
        return length;
    }

    /** The first name in it; null where there is none that may be compressed. */
    public @Nullable Name target() {
        return names.length == 0 ? null : names[0];
    }

    /** The octets before the first name. */
    byte[] lead() {
        return lead;
    }

    Name[] names() {
        return names;
    }

    byte[] tail() {
        return tail;
    }

    /** A copy of the octets as they stand on the wire, uncompressed. */
    public byte[] octets() {
        byte[] octets = Arrays.copyOf(lead, length());
        int at = lead.length;
        for (Name name : names) {
            System.arraycopy(name.octets(), 0, octets, at, name.length());
            at += name.length();
        }
        System.arraycopy(tail, 0, octets, at, tail.length);
        return octets;
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof Rdata rdata
                && Arrays.equals(lead, rdata.lead)
                && Arrays.equals(names, rdata.names)
                && Arrays.equals(tail, rdata.tail);
    }

    @Override
    public int hashCode() {
        return (Arrays.hashCode(lead) * 31 + Arrays.hashCode(names)) * 31 + Arrays.hashCode(tail);
    }
}
