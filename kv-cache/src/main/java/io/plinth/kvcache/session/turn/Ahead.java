package io.plinth.kvcache.session.turn;

import io.plinth.kvcache.keyspace.Keyspace;
import io.plinth.kvcache.keyspace.Slots;
import io.plinth.kvcache.keyspace.store.Hashed;
import io.plinth.kvcache.wire.KeysAhead;
import io.plinth.kvcache.wire.RequestDecoder;

/**
 * Owned by one event loop: has the records of several keys brought near before the first of their commands runs. A key is two
 * reads of memory that no cache has, its place in the table and then its record; the processor waits for those of all keys at
 * once where it meets them in a row, and for each in turn where a command lies between them.
 */
public final class Ahead {
    private final Keyspace keyspace;
    private final KeysAhead keys = new KeysAhead();
    private final Hashed[] tables = new Hashed[KeysAhead.MOST];
    private final int[] hashes = new int[KeysAhead.MOST];
    private final long[] places = new long[KeysAhead.MOST];
    private int held;
    private long read;

    public Ahead(Keyspace keyspace) {
        this.keyspace = keyspace;
    }

    /** Answers how many of the next commands it has looked at; their first arguments are taken for keys of this database. */
    public int look(int db, RequestDecoder decoder) {
        int count = decoder.look(keys);
        if (count > 1) {
            held = 0;
            for (int i = 0; i < count; i++) {
                hold(db, i);
            }
            fetch();
        }
        return count;
    }

    /** Looks at several connections' next commands: {@link #add} each, then {@link #fetch}. */
    void begin() {
        held = 0;
    }

    /** Answers how many of the next commands it has looked at, one at most. */
    public int add(int db, RequestDecoder decoder) {
        if (held == KeysAhead.MOST || decoder.look(keys) == 0) {
            return 0;
        }
        hold(db, 0);
        return 1;
    }

    /** Looks at a key for which there is room: answers one, or none. */
    public int add(int db, byte[] key, int offset, int length) {
        if (held == KeysAhead.MOST) {
            return 0;
        }
        hold(db, key, offset, length);
        return 1;
    }

    private void hold(int db, int i) {
        hold(db, keys.buffer(), keys.offset(i), keys.length(i));
    }

    private void hold(int db, byte[] key, int offset, int length) {
        tables[held] = keyspace.byHash(Slots.of(key, offset, length));
        hashes[held] = keyspace.hasher().hash(db, key, offset, length);
        held++;
    }

    /** Takes no lock: what another thread changes meanwhile is read in vain. */
    void fetch() {
        int count = held;
        for (int i = 0; i < count; i++) {
            places[i] = tables[i].home(hashes[i]);
        }
        long sum = 0;
        for (int i = 0; i < count; i++) {
            sum += tables[i].glance(hashes[i], places[i]);
        }
        read += sum;
    }

    /** What was read: of use to nobody, but reads whose outcome nobody can see are left out by the compiler. */
    long read() {
        return read;
    }
}
