package io.plinth.kvcache.persist.copy;

import io.plinth.kvcache.keyspace.Entry;
import io.plinth.kvcache.keyspace.rdb.RdbException;
import io.plinth.kvcache.keyspace.rdb.RdbFileWriter;
import io.plinth.kvcache.keyspace.rdb.RdbWriter;
import io.plinth.kvcache.keyspace.value.Value;
import io.plinth.kvcache.persist.effect.ChangeRecord;
import io.plinth.kvcache.persist.snapshot.LargeValue;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * Owned by the thread that makes copies: a collection, or a string, whose parts changed.
 *
 * @param db as clients name it
 * @param key the key
 * @param expireAt Unix milliseconds, or {@link Entry#NEVER}
 * @param value what it was before, where that is small; null otherwise
 * @param large the same where it is in parts
 * @param touched its changes
 * @param changes where these are
 */
record ChangedKey(
        int db,
        byte[] key,
        long expireAt,
        @Nullable Value value,
        @Nullable LargeValue large,
        Touched touched,
        ChangeFile changes) {

    /** What it has in files. */
    long bytes() {
        return touched.bytes() + (value == null ? 0 : value.bytes()) + (large == null ? 0 : large.bytes());
    }

    /** Sees changes. */
    interface Visitor {
        /** The next one; its value stands at a place of the file of changes. */
        void change(ChangeRecord change, long valueAt) throws RdbException;
    }

    /** Visits its changes. */
    void forEach(Visitor visitor) throws IOException {
        try {
            for (int i = 0; i < touched.count(); i++) {
                long at = touched.change(i);
                ChangeRecord change = ChangeRecord.read(changes.at(at));
                visitor.change(change, at + Integer.BYTES + change.valueAt());
            }
        } catch (RdbException | IllegalStateException | IndexOutOfBoundsException e) {
            throw new IOException("copy: a change does not fit its key: " + e.getMessage(), e);
        }
    }

    /** Begins it in a file. */
    RdbWriter begin(RdbFileWriter out, int type) {
        return out.key(db, key, expiry(expireAt), type);
    }

    /** Writes it as it is now. */
    void write(RdbFileWriter out, Value now) {
        out.key(db, key, expiry(expireAt), now);
    }

    /** As a file has it. */
    static long expiry(long expireAt) {
        return expireAt == Entry.NEVER ? -1 : expireAt;
    }
}
