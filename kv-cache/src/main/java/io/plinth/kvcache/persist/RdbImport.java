package io.plinth.kvcache.persist;

import io.plinth.kvcache.keyspace.Entry;
import io.plinth.kvcache.keyspace.KeyRef;
import io.plinth.kvcache.keyspace.Keyspace;
import io.plinth.kvcache.keyspace.Segment;
import io.plinth.kvcache.keyspace.rdb.RdbException;
import io.plinth.kvcache.keyspace.rdb.RdbFile;
import io.plinth.kvcache.keyspace.value.StreamValue;
import io.plinth.kvcache.keyspace.value.StringValue;
import io.plinth.kvcache.keyspace.value.Value;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Consumer;

/** Owned by the start of a node: fills an empty keyspace from a file of Redis. */
public final class RdbImport implements RdbFile.Visitor {
    private static final int BUFFER = 1 << 20;
    private static final int ROOM_EVERY = 64;

    private final Keyspace keyspace;
    private final Consumer<byte[]> libraries;
    private final long nowMillis;
    private final KeyRef ref = new KeyRef();
    private long kept;
    private long over;

    private RdbImport(Keyspace keyspace, Consumer<byte[]> libraries, long nowMillis) {
        this.keyspace = keyspace;
        this.libraries = libraries;
        this.nowMillis = nowMillis;
    }

    /** What came of a file. */
    public record Imported(long keys, long over) {}

    /** Reads all of it; what is wrong with it is said with the byte. */
    public static Imported run(Path file, int longest, Keyspace keyspace, long nowMillis, Consumer<byte[]> libraries)
            throws IOException {
        RdbImport run = new RdbImport(keyspace, libraries, nowMillis);
        try (InputStream in = new BufferedInputStream(Files.newInputStream(file), BUFFER)) {
            RdbFile.read(in, longest, keyspace.hasher(), keyspace.packing(), run);
        } catch (RdbException e) {
            throw new IOException(file + ": " + e.getMessage(), e);
        }
        return new Imported(run.kept, run.over);
    }

    @Override
    public void key(long db, byte[] key, Value value, long expireAt) {
        if (db < 0 || db >= Keyspace.DATABASES) {
            throw new IllegalStateException("database: " + db + " (expected: 0 to " + (Keyspace.DATABASES - 1) + ")");
        }
        boolean empty = value.size() == 0 && !(value instanceof StreamValue) && !(value instanceof StringValue);
        if (empty || (expireAt >= 0 && expireAt < nowMillis)) {
            over++;
            return;
        }
        if (kept++ % ROOM_EVERY == 0) {
            keyspace.makeRoom(0);
        }
        ref.set(keyspace.hasher(), (int) db, key, 0, key.length);
        Segment segment = keyspace.segment(ref.slot());
        segment.lock();
        try {
            segment.putValue(ref, value, expireAt < 0 ? Entry.NEVER : expireAt, nowMillis);
        } finally {
            segment.unlock();
        }
    }

    @Override
    public void library(byte[] code) {
        libraries.accept(code);
    }
}
