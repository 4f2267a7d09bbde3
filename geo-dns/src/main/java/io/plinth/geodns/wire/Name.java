package io.plinth.geodns.wire;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * A domain name in wire form, compared without regard to ASCII case and written back with the case it came with.
 *
 * <p>Immutable, and small: a node holds a million of them.
 */
public final class Name {
    /** The longest name, its root label included (RFC 1035 section 2.3.4). */
    public static final int MAX_LENGTH = 255;

    /** The longest label (RFC 1035 section 2.3.4). */
    public static final int MAX_LABEL = 63;

    /** The name of no labels. */
    public static final Name ROOT = new Name(new byte[1]);

    private final byte[] wire;
    private final byte[] lower;
    private final int hash;

    private Name(byte[] wire) {
        this.wire = wire;
        this.lower = lowered(wire);
        this.hash = hashFrom(0);
    }

    /** At most as deep as a name has labels. */
    private int hashFrom(int at) {
        return lower[at] == 0 ? NameHash.ROOT : NameHash.extend(hashFrom(at + lower[at] + 1), lower, at);
    }

    private static byte[] lowered(byte[] wire) {
        for (int i = 0; i < wire.length; i++) {
            if (isUpper(wire[i])) {
                byte[] lower = wire.clone();
                for (int j = i; j < lower.length; j++) {
                    // A length octet is at most 63, below 'A', so lowering every octet leaves lengths alone.
                    if (isUpper(lower[j])) {
                        lower[j] = (byte) (lower[j] + 'a' - 'A');
                    }
                }
                return lower;
            }
        }
        return wire;
    }

    private static boolean isUpper(byte octet) {
        return octet >= 'A' && octet <= 'Z';
    }

    /** A name whose octets are known to be well-formed, uncompressed and ended by the root label; takes the array over. */
    static Name trusted(byte[] wire) {
        return new Name(wire);
    }

    /**
     * The uncompressed name that begins at {@code at}.
     *
     * @throws IllegalArgumentException where none does before {@code end}
     */
    public static Name read(byte[] octets, int at, int end) {
        int next = at;
        while (next < end) {
            int length = octets[next] & 0xFF;
            if (length > MAX_LABEL || next + 1 + length - at > MAX_LENGTH) {
                break;
            }
            next += 1 + length;
            if (length == 0) {
                return new Name(Arrays.copyOfRange(octets, at, next));
            }
        }
        throw new IllegalArgumentException("name: at octet " + at + " of record data (expected: uncompressed, whole)");
    }

    /** The labels in front of {@code other} that this name has more, put in front of {@code target}; null if too long. */
    public @Nullable Name rebased(Name other, Name target) {
        int kept = wire.length - other.wire.length;
        if (kept + target.wire.length > MAX_LENGTH) {
            return null;
        }
        byte[] joined = Arrays.copyOf(wire, kept + target.wire.length);
        System.arraycopy(target.wire, 0, joined, kept, target.wire.length);
        return new Name(joined);
    }

    /**
     * Parses the text of a zone file or of a configuration: labels and dots, {@code \.} and {@code \DDD} escapes,
     * {@code @} for the origin; without a final dot the origin is appended.
     *
     * @param origin appended to a relative name; null where every name is taken as absolute
     * @throws IllegalArgumentException saying what was expected
     */
    public static Name parse(String text, @Nullable Name origin) {
        return NameText.parse(text, origin);
    }

    /** Parses a name that is absolute with or without its final dot. */
    public static Name parse(String text) {
        return NameText.parse(text, null);
    }

    /** How many labels there are, the root not counted. */
    public int labels() {
        int labels = 0;
        for (int at = 0; wire[at] != 0; at += wire[at] + 1) {
            labels++;
        }
        return labels;
    }

    /** Octets on the wire, uncompressed. */
    public int length() {
        return wire.length;
    }

    /** Where label {@code index} starts in {@link #octets()}; the root label at {@code labels()}. */
    int offset(int index) {
        int at = 0;
        for (int label = 0; label < index; label++) {
            at += wire[at] + 1;
        }
        return at;
    }

    /** The octets with the case they came with; not to be changed. */
    public byte[] octets() {
        return wire;
    }

    /** The octets in lower case; not to be changed. */
    public byte[] lower() {
        return lower;
    }

    /** The hash of the suffix that is left without the first {@code skip} labels. */
    int hash(int skip) {
        return skip == 0 ? hash : hashFrom(offset(skip));
    }

    /** Whether this name without its first {@code skip} labels is the other without its first {@code otherSkip}. */
    boolean suffixEquals(int skip, Name other, int otherSkip) {
        return Arrays.equals(
                lower, offset(skip), lower.length, other.lower, other.offset(otherSkip), other.lower.length);
    }

    /** The ancestor that is left without the first {@code skip} labels. */
    public Name ancestor(int skip) {
        return skip == 0 ? this : new Name(Arrays.copyOfRange(wire, offset(skip), wire.length));
    }

    /** Whether the name is {@code other} or stands below it. */
    public boolean isAtOrBelow(Name other) {
        int skip = labels() - other.labels();
        return skip >= 0 && suffixEquals(skip, other, 0);
    }

    /** Whether the first label is {@code *} (RFC 4592 section 2.1.1). */
    public boolean isWildcard() {
        return wire[0] == 1 && wire[1] == '*';
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof Name name && hash == name.hash && Arrays.equals(lower, name.lower);
    }

    @Override
    public int hashCode() {
        return hash;
    }

    /** The name as zone files write it, with its final dot. */
    @Override
    public String toString() {
        return NameText.format(wire);
    }
}
