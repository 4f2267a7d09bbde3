package io.plinth.kvcache.memcached;

/** Written by its loop, read by others as it stands: what its memcached clients did, which no two loops so have to agree on. */
final class Counts {
    private final long[] counts = new long[Count.values().length];

    void add(Count what) {
        add(what, 1);
    }

    void add(Count what, long many) {
        counts[index(what)] += many;
    }

    /** One of two, by whether there was an item. */
    void add(boolean found, Count hit, Count miss) {
        add(found ? hit : miss);
    }

    long of(Count what) {
        return counts[index(what)];
    }

    @SuppressWarnings("EnumOrdinal") // The index of an array that never leaves the process.
    private static int index(Count what) {
        return what.ordinal();
    }

    /** A value was asked for. */
    void got(boolean found) {
        add(found, Count.GET_HITS, Count.GET_MISSES);
    }

    /** How a command that stores ended; {@code cas}: whether it named a number. */
    void stored(Store.Stored how, boolean cas) {
        add(Count.CMD_SET);
        if (how == Store.Stored.STORED) {
            add(Count.TOTAL_ITEMS);
        } else if (how == Store.Stored.NO_MEMORY) {
            add(Count.STORE_NO_MEMORY);
        }
        if (cas && how != Store.Stored.NO_MEMORY) {
            switch (how) {
                case STORED -> add(Count.CAS_HITS);
                case EXISTS -> add(Count.CAS_BADVAL);
                default -> add(Count.CAS_MISSES);
            }
        }
    }
}
