package io.plinth.kvcache.persist.snapshot;

import io.plinth.kvcache.keyspace.Keyspace;
import io.plinth.kvcache.keyspace.ScriptTurn;
import io.plinth.kvcache.keyspace.Segment;
import io.plinth.kvcache.keyspace.SegmentsHeldException;
import io.plinth.kvcache.persist.effect.ByteSink;
import io.plinth.kvcache.persist.effect.EffectCodec;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Owned by the thread that saves: writes what loops encode of their segments, or where none serve encodes itself. Each slice has the
 * number of the segment's last change. One is older or newer than another; the changes since, from the journal or gathered meanwhile,
 * bring all of them to the same moment.
 */
final class SnapshotWriter implements AutoCloseable {
    private static final int SLICES = 64 << 10;
    private static final int KEYS_A_SLICE = 64;
    private static final int BUFFER = 128 << 10;
    /** The disk is given its work in pieces, so that the journal's syncs do not wait for all of it at the end. */
    private static final long FORCED = 16 << 20;

    private static final long HELD_NANOS = 5_000_000;
    /** The next process waits for the folder, but not for ever. */
    private static final long STOP_NANOS = 10_000_000_000L;

    private final Keyspace keyspace;
    private final LongSupplier nanos;
    private final @Nullable Gathering gathering;
    private final FileChannel file;
    private final boolean durable;
    private final ByteBuffer buffer = ByteBuffer.allocateDirect(BUFFER);
    private long unforced;
    private long keys;
    private long longest;

    /** {@code durable}: whether what is written is to outlive the machine. */
    SnapshotWriter(Keyspace keyspace, Path path, LongSupplier nanos, @Nullable Gathering gathering, boolean durable)
            throws IOException {
        this.durable = durable;
        this.keyspace = keyspace;
        this.nanos = nanos;
        this.gathering = gathering;
        this.file = FileChannel.open(
                path, StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING, StandardOpenOption.WRITE);
    }

    /** Writes everything and syncs it; {@code loops} encode where there are any. */
    void write(SnapshotFacts facts, List<? extends ScheduledExecutorService> loops, Supplier<List<byte[]>> libraries)
            throws IOException {
        byte[] about = facts.bytes();
        block(new Block(Block.FILE, 0, about.length, 0, 0, 0), about, 0);
        if (loops.isEmpty()) {
            encode(facts.atStop());
            effects(true);
        } else {
            drained(true);
            try {
                gather(new Encoding(keyspace, nanos, loops));
                end();
            } finally {
                drained(false);
            }
        }
        ByteSink functions = new ByteSink();
        EffectCodec.libraries(libraries.get(), functions);
        block(new Block(Block.FUNCTIONS, 0, functions.size(), 0, 0, 0), functions.array(), 0);
        block(new Block(Block.END, 0, about.length, 0, 0, 0), about, 0);
        flush();
        if (durable) {
            file.force(true);
        }
    }

    /** How many keys were written. */
    long keys() {
        return keys;
    }

    /** The longest a segment was held. */
    long longestNanos() {
        return longest;
    }

    private void gather(Encoding encoding) throws IOException {
        encoding.begin();
        try {
            // While a segment is held for long, what others change does not wait for it in memory.
            Encoding.Pause meanwhile = () -> effects(false);
            for (Slices next = encoding.next(meanwhile); next != null; next = encoding.next(meanwhile)) {
                next.forEach(this::block);
                encoding.done(next);
                effects(false);
                force();
            }
        } finally {
            encoding.abandon();
        }
        keys = encoding.keys();
        longest = encoding.longestNanos();
    }

    private void encode(boolean atStop) throws IOException {
        long begun = nanos.getAsLong();
        SegmentEncoder encoder = new SegmentEncoder(keyspace);
        Slices slices = new Slices();
        try {
            for (int i = 0; i < Keyspace.SEGMENTS; ) {
                if (atStop && nanos.getAsLong() - begun > STOP_NANOS) {
                    throw new IOException("not written within 10 s of the stop: the next start is an empty one");
                }
                i += slice(encoder, i, slices) ? 1 : 0;
                if (slices.size() >= SLICES || i == Keyspace.SEGMENTS) {
                    slices.forEach(this::block);
                    slices.clear();
                    effects(false);
                }
            }
        } finally {
            encoder.abandon();
        }
        keys = encoder.keys();
        longest = encoder.longestNanos();
    }

    private boolean slice(SegmentEncoder encoder, int index, Slices into) {
        Segment segment = keyspace.at(index);
        lock(segment);
        long start = nanos.getAsLong();
        try {
            return encoder.slice(index, KEYS_A_SLICE, into);
        } finally {
            segment.unlock();
            encoder.held(nanos.getAsLong() - start);
        }
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

    private void drained(boolean now) {
        if (gathering != null) {
            gathering.drained(now);
        }
    }

    /** Not while somebody empties databases segment by segment: half of that is of no moment. */
    private void end() throws IOException {
        Gathering meanwhile = gathering;
        if (meanwhile == null) {
            return;
        }
        ScriptTurn turn = keyspace.turn();
        while (!turn.tryTake()) {
            effects(false);
            LockSupport.parkNanos(HELD_NANOS);
            if (Thread.interrupted()) {
                Thread.currentThread().interrupt();
                throw new IOException("snapshot: interrupted");
            }
        }
        ByteSink last;
        try {
            last = meanwhile.take(true);
        } finally {
            turn.give();
        }
        effects(meanwhile, last);
    }

    private void effects(boolean last) throws IOException {
        Gathering meanwhile = gathering;
        if (meanwhile != null) {
            effects(meanwhile, meanwhile.take(last));
        }
    }

    private void effects(Gathering meanwhile, ByteSink records) throws IOException {
        if (records.size() > 0) {
            block(new Block(Block.EFFECTS, 0, records.size(), 0, 0, 0), records.array(), 0);
        }
        if (meanwhile.full()) {
            throw new IOException("more was changed meanwhile than journal-buffer keeps");
        }
    }

    private void block(Block head, byte[] body, int offset) throws IOException {
        int size = Block.HEAD + head.length();
        if (buffer.remaining() < size) {
            flush();
        }
        if (buffer.remaining() >= size) {
            head.write(buffer, body, offset);
            return;
        }
        head.head(buffer, body, offset);
        flush();
        // In pieces through the buffer: a channel would keep a copy of a large array outside the heap.
        for (int done = 0; done < head.length(); ) {
            int some = Math.min(buffer.remaining(), head.length() - done);
            buffer.put(body, offset + done, some);
            flush();
            done += some;
        }
    }

    private void flush() throws IOException {
        drain(buffer.flip());
        buffer.clear();
    }

    private void drain(ByteBuffer bytes) throws IOException {
        unforced += bytes.remaining();
        while (bytes.hasRemaining()) {
            file.write(bytes);
        }
    }

    private void force() throws IOException {
        if (durable && unforced >= FORCED) {
            unforced = 0;
            file.force(false);
        }
    }

    @Override
    public void close() throws IOException {
        file.close();
    }
}
