package io.plinth.geodns.guard;

import io.plinth.geodns.wire.Octets;
import java.util.HexFormat;
import java.util.List;

/**
 * The secrets of server cookies (RFC 9018): the first makes them, every one is accepted. So a new secret is rolled out in
 * stages: added last on every node, then moved to the front, then the old one taken out. Immutable.
 */
public final class CookieSecrets {
    private static final int OCTETS = 16;

    private final long[] keys;

    private CookieSecrets(long[] keys) {
        this.keys = keys;
    }

    /**
     * Secrets of 32 hex digits each.
     *
     * @throws IllegalArgumentException saying what was expected, without the secret
     */
    public static CookieSecrets of(List<String> hex) {
        long[] keys = new long[hex.size() * 2];
        for (int i = 0; i < hex.size(); i++) {
            String digits = hex.get(i).strip();
            if (!digits.matches("[0-9a-fA-F]{32}")) {
                throw new IllegalArgumentException(
                        "cookie secret: of " + digits.length() + " characters (expected: 32 hex digits)");
            }
            byte[] octets = HexFormat.of().parseHex(digits);
            if (octets.length != OCTETS) {
                throw new IllegalStateException("cookie secret of " + octets.length + " octets");
            }
            keys[i * 2] = Octets.littleLong(octets, 0);
            keys[i * 2 + 1] = Octets.littleLong(octets, 8);
        }
        return new CookieSecrets(keys);
    }

    /** One secret of this node alone. */
    public static CookieSecrets of(long key0, long key1) {
        return new CookieSecrets(new long[] {key0, key1});
    }

    /** How many there are. */
    int size() {
        return keys.length / 2;
    }

    long hash(int secret, byte[] data, int length) {
        return SipHash.hash(keys[secret * 2], keys[secret * 2 + 1], data, length);
    }
}
