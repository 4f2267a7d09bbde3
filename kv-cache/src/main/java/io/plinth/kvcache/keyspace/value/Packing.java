package io.plinth.kvcache.keyspace.value;

import java.util.List;

/**
 * How large a collection may be and stay packed, by the names Redis's configuration has. Immutable.
 *
 * @param listSize list-max-listpack-size: entries per node, or -1 to -5 for 4 to 64 KiB
 * @param intsetEntries set-max-intset-entries
 * @param setEntries set-max-listpack-entries
 * @param setValue set-max-listpack-value
 * @param hashEntries hash-max-listpack-entries
 * @param hashValue hash-max-listpack-value
 * @param zsetEntries zset-max-listpack-entries
 * @param zsetValue zset-max-listpack-value
 * @param streamBytes stream-node-max-bytes
 * @param streamEntries stream-node-max-entries
 */
public record Packing(
        int listSize,
        int intsetEntries,
        int setEntries,
        int setValue,
        int hashEntries,
        int hashValue,
        int zsetEntries,
        int zsetValue,
        int streamBytes,
        int streamEntries) {
    /** As Redis has them. */
    public static final Packing DEFAULT = new Packing(-2, 512, 128, 64, 512, 64, 128, 64, 4096, 100);

    /** What Redis calls them, in their order. */
    public static final List<String> NAMES = List.of(
            "list-max-listpack-size",
            "set-max-intset-entries",
            "set-max-listpack-entries",
            "set-max-listpack-value",
            "hash-max-listpack-entries",
            "hash-max-listpack-value",
            "zset-max-listpack-entries",
            "zset-max-listpack-value",
            "stream-node-max-bytes",
            "stream-node-max-entries");

    private static final int SAFE_BYTES = 8192;
    private static final int SMALLEST_NODE = 4096;

    private int[] values() {
        return new int[] {
            listSize,
            intsetEntries,
            setEntries,
            setValue,
            hashEntries,
            hashValue,
            zsetEntries,
            zsetValue,
            streamBytes,
            streamEntries
        };
    }

    /** The one of a place in {@link #NAMES}. */
    public int value(int name) {
        return values()[name];
    }

    /** The same with another value at a place in {@link #NAMES}. */
    public Packing with(int name, int value) {
        int[] all = values();
        all[name] = value;
        return new Packing(all[0], all[1], all[2], all[3], all[4], all[5], all[6], all[7], all[8], all[9]);
    }

    /** Whether a list node may have this many bytes and entries. */
    boolean listFits(long bytes, int entries) {
        return bytes <= listBytes() && entries <= listEntries();
    }

    int listBytes() {
        return listSize >= 0 ? SAFE_BYTES : SMALLEST_NODE << Math.min(4, -listSize - 1);
    }

    int listEntries() {
        return listSize >= 0 ? Math.max(1, listSize) : Integer.MAX_VALUE;
    }
}
