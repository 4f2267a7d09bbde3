package io.plinth.kvcache.keyspace.store;

/**
 * Which database of the records each database is that clients name; SWAPDB exchanges two of them at once, whatever they hold. Below
 * clients, events and rules every number of a database is one of the records'. Changed while all segments are locked, so who holds
 * one knows it; read from any thread.
 */
public final class Databases {
    /** As many as Redis has by default; a cluster uses only the first. */
    public static final int COUNT = 16;

    private volatile Order now = Order.FIRST;

    /** Immutable: where each database is. Another one for each exchange, also back to what was. */
    public static final class Order {
        /** Every database where it was at first. */
        public static final Order FIRST = new Order(numbers());

        private final byte[] stored;
        private final byte[] named = new byte[COUNT];

        private Order(byte[] stored) {
            this.stored = stored;
            for (byte i = 0; i < COUNT; i++) {
                named[stored[i]] = i;
            }
        }

        private static byte[] numbers() {
            byte[] all = new byte[COUNT];
            for (byte i = 0; i < COUNT; i++) {
                all[i] = i;
            }
            return all;
        }

        /** What {@link #bytes} gave; an exception where each database is not there once. */
        public static Order of(byte[] stored) {
            int seen = 0;
            for (byte each : stored) {
                seen |= each >= 0 && each < COUNT ? 1 << each : 0;
            }
            if (stored.length != COUNT || seen != (1 << COUNT) - 1) {
                throw new IllegalArgumentException(
                        "databases: " + stored.length + " numbers (expected: each of " + COUNT + " once)");
            }
            return new Order(stored.clone());
        }

        /** The number in records of a database that clients name. */
        public int stored(int database) {
            return stored[database];
        }

        /** What clients name a database of records. */
        public int named(int stored) {
            return named[stored];
        }

        /** Each database's number in records. */
        public byte[] bytes() {
            return stored.clone();
        }

        /** With two exchanged. */
        public Order exchanged(int one, int other) {
            byte[] next = stored.clone();
            next[one] = stored[other];
            next[other] = stored[one];
            return new Order(next);
        }
    }

    /** As it stands. */
    public Order now() {
        return now;
    }

    /** Changes it, with all segments locked. */
    public void become(Order next) {
        now = next;
    }

    /** The number in records of a database that clients name. */
    public int stored(int database) {
        return now.stored(database);
    }

    /** What clients name a database of records. */
    public int named(int stored) {
        return now.named(stored);
    }
}
