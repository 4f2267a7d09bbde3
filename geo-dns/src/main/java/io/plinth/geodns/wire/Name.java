package io.plinth.geodns.wire;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * A domain name in wire form, compared without regard to ASCII case and written back with the case it came with.
 *
 * <p>Immutable. Knows where each label starts and a hash of each of its suffixes, so that {@link NameTable} finds
 * every ancestor of a question without making a name for it.
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
    private final byte[] offsets;
    private final int[] hashes;

    private Name(byte[] wire) {
        this.wire = wire;
        this.lower = lowered(wire);
        int labels = 0;
        for (int at = 0; wire[at] != 0; at += wire[at] + 1) {
            labels++;
        }
        this.offsets = new byte[labels + 1];
        int label = 0;
        for (int at = 0; wire[at] != 0; at += wire[at] + 1) {
            offsets[label++] = (byte) at;
        }
        offsets[labels] = (byte) (wire.length - 1);
        this.hashes = new int[labels + 1];
        int hash = 1;
        int end = wire.length;
        for (int i = labels; i >= 0; i--) {
            int start = offset(i);
            for (int at = end - 1; at >= start; at--) {
                hash = 31 * hash + lower[at];
            }
            hashes[i] = hash;
            end = start;
        }
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
        return offsets.length - 1;
    }

    /** Octets on the wire, uncompressed. */
    public int length() {
        return wire.length;
    }

    /** Where label {@code index} starts in {@link #octets()}; the root label at {@code labels()}. */
    int offset(int index) {
        return offsets[index] & 0xFF;
    }

    /** The octets with the case they came with; not to be changed. */
    byte[] octets() {
        return wire;
    }

    /** The hash of the suffix that is left without the first {@code skip} labels. */
    int hash(int skip) {
        return hashes[skip];
    }

    /** Whether this name without its first {@code skip} labels is the other without its first {@code otherSkip}. */
    boolean suffixEquals(int skip, Name other, int otherSkip) {
        return hashes[skip] == other.hashes[otherSkip]
                && Arrays.equals(
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
        return other instanceof Name name && labels() == name.labels() && suffixEquals(0, name, 0);
    }

    @Override
    public int hashCode() {
        return hashes[0];
    }

    /** The name as zone files write it, with its final dot. */
    @Override
    public String toString() {
        return NameText.format(wire);
    }
}
