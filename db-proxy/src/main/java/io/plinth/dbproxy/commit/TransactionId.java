package io.plinth.dbproxy.commit;

import java.util.HexFormat;
import org.jspecify.annotations.Nullable;

/**
 * A transaction over several shards, unique for good.
 *
 * @param start drawn when the node started, so that numbers never meet those of an earlier run
 * @param number counted since then
 */
public record TransactionId(long start, long number) {
    private static final HexFormat HEX = HexFormat.of();

    /** What the servers' identifiers of all transactions of one log begin with. */
    static String prefix(long owner) {
        return "plinth_" + HEX.toHexDigits(owner) + "_";
    }

    /** The servers' identifier of part {@code part}; two shards may be databases of one server, which tells them apart by it. */
    String gid(long owner, int part) {
        return name(owner) + "_" + part;
    }

    /** What the servers' identifiers of all its parts begin with. */
    String name(long owner) {
        return prefix(owner) + HEX.toHexDigits(start) + "_" + HEX.toHexDigits(number);
    }

    /** Reads a server's identifier; null for one that is not of this owner's. */
    static @Nullable TransactionId parse(long owner, String gid) {
        String prefix = prefix(owner);
        int length = prefix.length();
        if (!gid.startsWith(prefix) || gid.length() < length + 35) {
            return null;
        }
        try {
            return new TransactionId(
                    HexFormat.fromHexDigitsToLong(gid, length, length + 16),
                    HexFormat.fromHexDigitsToLong(gid, length + 17, length + 33));
        } catch (IllegalArgumentException e) {
            return null;
        }
    }
}
