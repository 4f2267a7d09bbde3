package io.plinth.kvcache.persist.copy;

import io.plinth.kvcache.keyspace.Change.Kind;
import io.plinth.kvcache.keyspace.Entry;
import io.plinth.kvcache.keyspace.Keyspace;
import io.plinth.kvcache.keyspace.memory.KeyTable;
import io.plinth.kvcache.keyspace.rdb.RdbException;
import io.plinth.kvcache.keyspace.rdb.RdbFileWriter;
import io.plinth.kvcache.keyspace.store.Databases.Order;
import io.plinth.kvcache.keyspace.value.KeyHash;
import io.plinth.kvcache.persist.effect.ChangeRecord;
import io.plinth.kvcache.persist.effect.Coverage;
import io.plinth.kvcache.persist.effect.EffectCodec;
import io.plinth.kvcache.persist.effect.Transactions;
import io.plinth.kvcache.persist.snapshot.Image;
import io.plinth.kvcache.persist.snapshot.LargeValue;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * Owned by the thread that makes copies: an image, whose pieces are of different moments and which has the changes behind them, becomes a
 * file of Redis, which has each key once. What did not change since its piece was written, nearly all of it, goes from where it lies into
 * the file; of the others is held what changed.
 */
final class CopyWriter {
    /** Of the memory that copies may take, what keys that changed take at most beside the one that is written. */
    private static final int SHARE = 2;

    private final Image image;
    private final ChangeFile changes;
    private final long memory;
    private final long nowMillis;
    private final KeyHash hasher;
    private final Transactions transactions;
    private final KeyCopy keys;

    CopyWriter(Image image, ChangeFile changes, Spool spool, RdbFileWriter out, long memory, long nowMillis)
            throws IOException {
        this.image = image;
        this.changes = changes;
        this.memory = memory;
        this.nowMillis = nowMillis;
        this.hasher = new KeyHash(image.facts().seed());
        this.transactions = new Transactions(image.facts().databases());
        image.changes(record -> {
            transactions.record(record);
            int slot = EffectCodec.slot(record);
            if (slot >= 0) {
                changes.add(slot & Keyspace.SEGMENTS - 1, record);
            }
        });
        changes.finish();
        this.keys = new KeyCopy(image, changes, spool, out, memory, nowMillis);
    }

    /** Why a file is not made. */
    static String tooMuch(long memory) {
        return "copy: what changed meanwhile takes more than " + memory
                + " bytes (expected: a larger kv-cache.persist.copy-memory)";
    }

    /** How many keys there were. */
    long keys() {
        return keys.written();
    }

    /** Hashes whose fields lost their expiries, which the file cannot say. */
    long withoutExpiry() {
        return keys.withoutExpiry();
    }

    /** Writes all keys. */
    void write() throws IOException {
        for (int i = 0; i < Keyspace.SEGMENTS; i++) {
            if (changes.has(i)) {
                Coverage coverage = new Coverage(hasher);
                image.coverage(i, coverage);
                range(i, coverage, 0, KeyTable.END);
            } else {
                image.keys(i, new Range(new TouchedKeys(i, new Coverage(hasher)), 0, KeyTable.END));
            }
        }
    }

    /** Writes the keys of a segment whose hashes are among those from one on, before another: as many at a time as memory has room for. */
    private void range(int segment, Coverage coverage, long from, long upto) throws IOException {
        TouchedKeys touched = new TouchedKeys(segment, coverage);
        Range range = new Range(touched, from, upto);
        changes.forEach(segment, (at, record) -> {
            if (touched.bytes() <= memory / SHARE) {
                range.change(at, record);
            }
        });
        if (touched.bytes() <= memory / SHARE) {
            image.keys(segment, range);
            touched.forEach(range::made);
            return;
        }
        if (upto - from == 1) {
            throw new IOException(tooMuch(memory));
        }
        long middle = (from + upto) >>> 1;
        range(segment, coverage, from, middle);
        range(segment, coverage, middle, upto);
    }

    /** Sees the keys of a segment whose hashes are in a range, and their changes. */
    private final class Range implements Image.Keys {
        private final TouchedKeys touched;
        private final long from;
        private final long upto;
        private final Order databases = transactions.databases();

        Range(TouchedKeys touched, long from, long upto) {
            this.touched = touched;
            this.from = from;
            this.upto = upto;
        }

        private boolean has(int db, byte[] key) {
            if (from == 0 && upto == KeyTable.END) {
                return true;
            }
            long hash = hasher.hash(db, key, 0, key.length) & 0xffff_ffffL;
            return hash >= from && hash < upto;
        }

        void change(long at, ByteBuffer record) throws IOException {
            int length = record.remaining();
            try {
                ChangeRecord change = ChangeRecord.read(record);
                boolean here = change.kind() == Kind.FLUSHED || has(change.db(), change.key());
                if (here && transactions.made(change.unit())) {
                    touched.change(at, length, change);
                }
            } catch (RdbException | IndexOutOfBoundsException e) {
                throw new IOException("copy: a change that cannot be read: " + e.getMessage(), e);
            }
        }

        private boolean over(long expireAt) {
            return expireAt < nowMillis;
        }

        @Override
        public void string(long sequence, int db, byte[] key, long expireAt, ByteBuffer content) throws IOException {
            if (!has(db, key)) {
                return;
            }
            Touched since = touched.take(db, key);
            if (since != null) {
                write(db, key, since, expireAt, new KeyCopy.Before(content, null, null));
            } else if (!touched.flushed(db, sequence) && !over(expireAt)) {
                keys.string(databases.named(db), key, expireAt, content);
            }
        }

        @Override
        public void dumped(long sequence, int db, byte[] key, long expireAt, ByteBuffer payload) throws IOException {
            if (!has(db, key)) {
                return;
            }
            Touched since = touched.take(db, key);
            if (since != null) {
                write(db, key, since, expireAt, new KeyCopy.Before(null, payload, null));
            } else if (!touched.flushed(db, sequence) && !over(expireAt)) {
                keys.dumped(databases.named(db), key, expireAt, payload);
            }
        }

        @Override
        public void large(LargeValue value) throws IOException {
            int db = value.db();
            if (!value.whole() || !has(db, value.key())) {
                return;
            }
            Touched since = touched.take(db, value.key());
            if (since != null) {
                write(db, value.key(), since, value.expireAt(), new KeyCopy.Before(null, null, value));
            } else if (!touched.flushed(db, value.sequence()) && !over(value.expireAt())) {
                keys.large(databases.named(db), value);
            }
        }

        /** One that the image does not have. */
        void made(int db, byte[] key, Touched since) throws IOException {
            write(db, key, since, Entry.NEVER, KeyCopy.NOTHING);
        }

        private void write(int db, byte[] key, Touched since, long before, KeyCopy.Before image) throws IOException {
            long expireAt = since.expireAt(before);
            if (!over(expireAt)) {
                keys.changed(databases.named(db), key, expireAt, since, image);
            }
        }
    }
}
