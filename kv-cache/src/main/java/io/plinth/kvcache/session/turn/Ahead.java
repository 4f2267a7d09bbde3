package io.plinth.kvcache.session.turn;

import io.plinth.kvcache.keyspace.Keyspace;
import io.plinth.kvcache.keyspace.Slots;
import io.plinth.kvcache.keyspace.store.Hashed;
import io.plinth.kvcache.wire.Args;
import io.plinth.kvcache.wire.KeysAhead;
import io.plinth.kvcache.wire.ProtocolException;
import io.plinth.kvcache.wire.RequestDecoder;

/**
 * Owned by one event loop: has the records of several keys brought near before the first of their commands runs. A key is two
 * reads of memory that no cache has, its place in the table and then its record; the processor waits for those of all keys at
 * once where it meets them in a row, and for each in turn where a command lies between them. What it computed of a key is told to
 * the command.
 */
public final class Ahead {
    /** There is nothing known of a key. */
    public static final int NONE = -1;

    private final Keyspace keyspace;
    private final KeysAhead keys = new KeysAhead();
    private final Hashed[] tables = new Hashed[KeysAhead.MOST];
    private final byte[][] buffers = new byte[KeysAhead.MOST][];
    private final int[] offsets = new int[KeysAhead.MOST];
    private final int[] lengths = new int[KeysAhead.MOST];
    private final int[] dbs = new int[KeysAhead.MOST];
    private final int[] slots = new int[KeysAhead.MOST];
    private final int[] hashes = new int[KeysAhead.MOST];
    private final long[] places = new long[KeysAhead.MOST];
    private int held;
    private long read;
    /** Of the connection whose commands run: so many that come next were looked at, but one. */
    private int left;
    /** Where what is known of the next one's key is held. */
    private int place;

    public Ahead(Keyspace keyspace) {
        this.keyspace = keyspace;
    }

    /** A connection's commands run from now on. {@code first}: what {@link #add} answered when it was asked about the first of them. */
    public void starts(int first) {
        left = first == NONE ? 0 : 2;
        place = first;
    }

    /** Decodes the next command, having looked at what comes with it; answers false when more bytes are needed. */
    public boolean next(int db, RequestDecoder decoder) throws ProtocolException {
        left--;
        if (left <= 0) {
            left = look(db, decoder);
            place = 0;
        }
        if (!decoder.next()) {
            return false;
        }
        tell(db, decoder.args());
        return true;
    }

    /** Its key is not hashed again. */
    @SuppressWarnings(
            "ReferenceEquality") // The very array: that its bytes are those that were looked at is what this is for.
    private void tell(int db, Args args) {
        int i = place++;
        // Others' commands may have run meanwhile, and what is held be theirs.
        if (i >= 0
                && i < held
                && args.count() > 1
                && args.buffer() == buffers[i]
                && args.offset(1) == offsets[i]
                && args.length(1) == lengths[i]
                && db == dbs[i]) {
            args.hashed(db, slots[i], hashes[i]);
        }
    }

    /** Answers how many of the next commands it has looked at; their first arguments are taken for keys of this database. */
    public int look(int db, RequestDecoder decoder) {
        int count = decoder.look(keys);
        held = 0;
        if (count > 1) {
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

    /** Looks at the next command; answers where it holds what it knows of its key, {@link #NONE} where it knows nothing. */
    public int add(int db, RequestDecoder decoder) {
        if (held == KeysAhead.MOST || decoder.look(keys) == 0) {
            return NONE;
        }
        return hold(db, 0);
    }

    /** Looks at a key; answers as above. */
    public int add(int db, byte[] key, int offset, int length) {
        return held == KeysAhead.MOST ? NONE : hold(db, key, offset, length);
    }

    private int hold(int db, int i) {
        return hold(db, keys.buffer(), keys.offset(i), keys.length(i));
    }

    private int hold(int db, byte[] key, int offset, int length) {
        int i = held++;
        buffers[i] = key;
        offsets[i] = offset;
        lengths[i] = length;
        dbs[i] = db;
        slots[i] = Slots.of(key, offset, length);
        hashes[i] = keyspace.hasher().hash(db, key, offset, length);
        tables[i] = keyspace.byHash(slots[i]);
        return i;
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
