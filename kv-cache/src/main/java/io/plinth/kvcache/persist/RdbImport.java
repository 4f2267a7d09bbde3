package io.plinth.kvcache.persist;

import io.plinth.kvcache.keyspace.Entry;
import io.plinth.kvcache.keyspace.Eviction;
import io.plinth.kvcache.keyspace.KeyRef;
import io.plinth.kvcache.keyspace.Keyspace;
import io.plinth.kvcache.keyspace.Segment;
import io.plinth.kvcache.keyspace.rdb.RdbException;
import io.plinth.kvcache.keyspace.rdb.RdbFile;
import io.plinth.kvcache.keyspace.value.StreamValue;
import io.plinth.kvcache.keyspace.value.StringValue;
import io.plinth.kvcache.keyspace.value.Value;
import io.plinth.kvcache.wire.LongArguments;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Consumer;

/** Owned by one thread: fills an empty keyspace from a file of Redis. */
public final class RdbImport implements RdbFile.Visitor {
    private static final int BUFFER = 1 << 20;
    private static final int ROOM_EVERY = 64;

    private final Keyspace keyspace;
    private final Consumer<byte[]> libraries;
    private final long nowMillis;
    private final Pace pace;
    private final KeyRef ref = new KeyRef();
    private long kept;
    private long over;

    private RdbImport(Keyspace keyspace, Consumer<byte[]> libraries, long nowMillis, Pace pace) {
        this.pace = pace;
        this.keyspace = keyspace;
        this.libraries = libraries;
        this.nowMillis = nowMillis;
    }

    /** What came of a file. */
    public record Imported(long keys, long over) {}

    /** Reads all of it; what is wrong with it is said with the byte. */
    public static Imported run(Path file, int longest, Keyspace keyspace, long nowMillis, Consumer<byte[]> libraries)
            throws IOException {
        try (InputStream in = new BufferedInputStream(Files.newInputStream(file), BUFFER)) {
            return run(file.toString(), in, longest, keyspace, nowMillis, libraries, () -> {});
        }
    }

    /** Reads all of it as it comes; {@code pace} is run now and then, and may wait. */
    public static Imported run(
            String name,
            InputStream in,
            int longest,
            Keyspace keyspace,
            long nowMillis,
            Consumer<byte[]> libraries,
            Pace pace)
            throws IOException {
        RdbImport run = new RdbImport(keyspace, libraries, nowMillis, pace);
        try {
            int most = (int) Math.min(longest, keyspace.memory().limit());
            RdbFile.read(in, most, keyspace.hasher(), keyspace.packing(), run);
        } catch (RdbException | RuntimeException e) {
            throw new IOException(name + ": " + e.getMessage(), e);
        }
        return new Imported(run.kept, run.over);
    }

    /** Holds the reading up where what is read cannot be kept as fast. */
    @FunctionalInterface
    public interface Pace {
        void keep() throws IOException;
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
        long bytes = value instanceof StringValue string ? string.string().length : 0;
        boolean isLong = bytes >= LongArguments.LONG;
        if (kept++ % ROOM_EVERY == 0 || isLong) {
            boolean room = keyspace.makeRoom(isLong ? bytes : 0);
            if (!room && (isLong || keyspace.eviction() == Eviction.NONE)) {
                throw new IllegalStateException(
                        "memory: the file's keys take more than `memory` (expected: a larger one, or an eviction)");
            }
            try {
                pace.keep();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
        ref.set(keyspace.hasher(), keyspace.databases().stored((int) db), key, 0, key.length);
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
