package io.plinth.kvcache.persist.copy;

import io.plinth.kvcache.keyspace.Entry;
import io.plinth.kvcache.keyspace.Eviction;
import io.plinth.kvcache.keyspace.Keyspace;
import io.plinth.kvcache.keyspace.memory.KeyTable;
import io.plinth.kvcache.keyspace.rdb.RdbFileWriter;
import io.plinth.kvcache.keyspace.value.HashValue;
import io.plinth.kvcache.keyspace.value.Value;
import io.plinth.kvcache.persist.snapshot.SnapshotReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Clock;
import java.util.List;
import java.util.Objects;
import java.util.Random;

/**
 * Owned by the thread that makes copies: a snapshot's own form, whose slices are of different moments and which has the changes behind
 * them, becomes a file of Redis, which has each key once. So keys are brought back as at a start, as many segments at a time as a share
 * of memory has room for, and written as they are then.
 */
final class CopyWriter {
    /** Bytes of a snapshot that are brought back at a time, of those that its keys may take: they take more with their tables. */
    private static final int SHARE = 4;

    private final SnapshotReader image;
    private final CopyWish wish;
    private final RdbFileWriter out;
    private final long memory;
    private final Clock clock;
    private long keys;
    private long withoutExpiry;

    CopyWriter(SnapshotReader image, CopyWish wish, RdbFileWriter out, long memory, Clock clock) {
        this.image = image;
        this.wish = wish;
        this.out = out;
        this.memory = memory;
        this.clock = clock;
    }

    /** How many keys there were. */
    long keys() {
        return keys;
    }

    /** Hashes whose fields lost their expiries, which the file cannot say. */
    long withoutExpiry() {
        return withoutExpiry;
    }

    /** Writes all of it. */
    void write() throws IOException {
        long[] sizes = image.sizes();
        long now = clock.millis();
        Keyspace scratch = new Keyspace(memory, Eviction.NONE, now, new Random(sizes.length));
        try {
            for (int from = 0; from < Keyspace.SEGMENTS; ) {
                int upto = upto(from, sizes);
                part(scratch, from, upto, now);
                if (from == 0 && wish.functions()) {
                    for (byte[] library : Objects.requireNonNullElse(image.libraries(), List.<byte[]>of())) {
                        out.library(library);
                    }
                }
                keys(scratch, from, upto, now);
                from = upto;
            }
        } finally {
            scratch.purge();
        }
    }

    /** The segments from one on that are brought back together. */
    private int upto(int from, long[] sizes) throws IOException {
        long sum = sizes[from];
        if (sum > memory) {
            throw tooLarge();
        }
        int upto = from + 1;
        while (upto < sizes.length && sum + sizes[upto] <= memory / SHARE) {
            sum += sizes[upto];
            upto++;
        }
        return upto;
    }

    private IOException tooLarge() {
        return new IOException("copy: keys of one part take more than " + memory
                + " bytes (expected: a larger kv-cache.persist.copy-memory)");
    }

    private void part(Keyspace scratch, int from, int upto, long now) throws IOException {
        boolean fits = image.load(scratch, now, from, upto);
        if (!image.damages().isEmpty()) {
            throw new IOException("copy: damaged: " + image.damages().getFirst());
        }
        if (image.misfits() > 0) {
            throw new IOException("copy: " + image.misfits() + " changes do not fit their keys");
        }
        if (!fits) {
            throw tooLarge();
        }
    }

    private void keys(Keyspace scratch, int from, int upto, long now) throws IOException {
        for (int db = 0; db < Keyspace.DATABASES; db++) {
            int stored = scratch.databases().stored(db);
            if (wish.keys() && scratch.keys(stored) > 0) {
                for (int index = from; index < upto; index++) {
                    keys(scratch, index, db, stored, now);
                }
            }
            for (int index = from; index < upto; index++) {
                scratch.at(index).lock();
                try {
                    scratch.at(index).flush(stored);
                } finally {
                    scratch.at(index).unlock();
                }
            }
        }
    }

    private void keys(Keyspace scratch, int index, int db, int stored, long now) throws IOException {
        scratch.at(index).lock();
        try {
            long next = 0;
            do {
                next = scratch.at(index).bytes() == 0
                        ? KeyTable.END
                        : scratch.walk(index, next, entry -> {
                            if (entry.db() == stored) {
                                key(db, entry, now);
                            }
                        });
            } while (next < KeyTable.END);
        } catch (UncheckedIOException e) {
            throw new IOException("copy: " + e.getMessage(), e);
        } finally {
            scratch.at(index).unlock();
        }
    }

    private void key(int db, Entry entry, long now) {
        if (entry.expireAt() < now) {
            return;
        }
        Value value = entry.value();
        if (value instanceof HashValue hash && hash.firstExpiry() != 0) {
            if (hash.living(now) == 0) {
                return;
            }
            withoutExpiry++;
        }
        try {
            out.key(db, entry.key(), value, entry.expireAt() == Entry.NEVER ? -1 : entry.expireAt(), now);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        keys++;
    }
}
