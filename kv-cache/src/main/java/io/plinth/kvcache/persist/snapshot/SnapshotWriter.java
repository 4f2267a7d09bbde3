package io.plinth.kvcache.persist.snapshot;

import io.plinth.kvcache.keyspace.Entry;
import io.plinth.kvcache.keyspace.Keyspace;
import io.plinth.kvcache.keyspace.Segment;
import io.plinth.kvcache.keyspace.SegmentsHeldException;
import io.plinth.kvcache.keyspace.store.KeyTable;
import io.plinth.kvcache.persist.effect.ByteSink;
import io.plinth.kvcache.persist.effect.Values;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Clock;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Owned by the thread that saves: walks the segments, some keys at a time under the segment's lock, and writes each piece with the
 * number of the segment's last change. A piece is older or newer than another; the changes since, from the journal or gathered
 * meanwhile, bring all of them to the same moment.
 */
final class SnapshotWriter implements AutoCloseable {
    static final int EXPIRES = 1;
    static final int STRING = 2;

    private static final int KEYS_A_PIECE = 64;
    private static final int BYTES_A_PIECE = 32 << 10;
    private static final int BUFFER = 1 << 20;
    private static final long HELD_NANOS = 5_000_000;
    /** The next process waits for the folder, but not for ever. */
    private static final long STOP_NANOS = 10_000_000_000L;

    private static final long LEAST_PAUSE = 20_000;

    private final Keyspace keyspace;
    private final Clock clock;
    private final LongSupplier nanos;
    private final boolean gently;
    private final @Nullable Gathering gathering;
    private final FileChannel file;
    private final ByteSink piece = new ByteSink();
    private ByteBuffer buffer = ByteBuffer.allocate(BUFFER);
    private long keys;
    private long longest;

    /** {@code gently} leaves the processor to others as long as it takes itself. */
    SnapshotWriter(
            Keyspace keyspace,
            Path path,
            Clock clock,
            LongSupplier nanos,
            boolean gently,
            @Nullable Gathering gathering)
            throws IOException {
        this.keyspace = keyspace;
        this.clock = clock;
        this.nanos = nanos;
        this.gently = gently;
        this.gathering = gathering;
        this.file = FileChannel.open(
                path, StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING, StandardOpenOption.WRITE);
    }

    /** Writes everything and syncs it. */
    void write(SnapshotFacts facts) throws IOException {
        long begun = nanos.getAsLong();
        byte[] about = facts.bytes();
        block(new Block(Block.FILE, 0, about.length, 0, 0, 0), about);
        for (int i = 0; i < Keyspace.SEGMENTS; i++) {
            for (long from = 0; from < KeyTable.END; ) {
                if (!gently && nanos.getAsLong() - begun > STOP_NANOS) {
                    throw new IOException("not written within 10 s of the stop: the next start is an empty one");
                }
                from = piece(i, from);
                effects(false);
            }
        }
        effects(true);
        block(new Block(Block.END, 0, about.length, 0, 0, 0), about);
        flush();
        file.force(true);
    }

    /** How many keys were written. */
    long keys() {
        return keys;
    }

    /** The longest a segment was held. */
    long longestNanos() {
        return longest;
    }

    private long piece(int index, long from) throws IOException {
        Segment segment = keyspace.at(index);
        piece.clear();
        long now = clock.millis();
        long[] count = new long[1];
        long next = from;
        long sequence;
        lock(segment);
        long start = nanos.getAsLong();
        try {
            do {
                next = segment.bytes() == 0
                        ? KeyTable.END
                        : keyspace.walk(index, next, entry -> {
                            if (now <= entry.expireAt()) {
                                entry(entry);
                                count[0]++;
                            }
                        });
            } while (next < KeyTable.END && count[0] < KEYS_A_PIECE && piece.size() < BYTES_A_PIECE);
            sequence = keyspace.sequence(index);
        } finally {
            segment.unlock();
        }
        long took = nanos.getAsLong() - start;
        longest = Math.max(longest, took);
        keys += count[0];
        block(new Block(Block.KEYS, index, piece.size(), from, next, sequence), piece.array());
        if (gently && count[0] > 0) {
            LockSupport.parkNanos(Math.max(LEAST_PAUSE, took));
        }
        return next;
    }

    private static void lock(Segment segment) {
        while (true) {
            try {
                segment.lock();
                return;
            } catch (SegmentsHeldException e) {
                // A script has it for long.
                LockSupport.parkNanos(HELD_NANOS);
            }
        }
    }

    private void entry(Entry entry) {
        boolean expires = entry.expireAt() != Entry.NEVER;
        piece.u1(entry.db());
        piece.u1((expires ? EXPIRES : 0) | (entry.isString() ? STRING : 0));
        piece.block(entry.key());
        if (expires) {
            piece.u8(entry.expireAt());
        }
        if (entry.isString()) {
            piece.block(entry.string());
        } else {
            Values.write(entry.value(), piece);
        }
    }

    private void effects(boolean last) throws IOException {
        Gathering meanwhile = gathering;
        if (meanwhile == null) {
            return;
        }
        ByteSink records = meanwhile.take(last);
        if (records.size() > 0) {
            block(new Block(Block.EFFECTS, 0, records.size(), 0, 0, 0), records.array());
        }
        if (meanwhile.full()) {
            throw new IOException("more was changed meanwhile than journal-buffer keeps");
        }
    }

    private void block(Block head, byte[] body) throws IOException {
        int size = Block.HEAD + head.length();
        if (buffer.remaining() < size) {
            flush();
        }
        if (buffer.remaining() >= size) {
            head.write(buffer, body);
            return;
        }
        ByteBuffer large = ByteBuffer.allocate(size);
        head.write(large, body);
        drain(large.flip());
    }

    private void flush() throws IOException {
        drain(buffer.flip());
        buffer.clear();
    }

    private void drain(ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            file.write(bytes);
        }
    }

    @Override
    public void close() throws IOException {
        file.close();
    }
}
