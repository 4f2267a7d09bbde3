package io.plinth.kvcache.persist.snapshot;

import io.plinth.kvcache.keyspace.Entry;
import io.plinth.kvcache.keyspace.KeyRef;
import io.plinth.kvcache.keyspace.Keyspace;
import io.plinth.kvcache.keyspace.Segment;
import io.plinth.kvcache.keyspace.rdb.RdbException;
import io.plinth.kvcache.keyspace.value.KeyHash;
import io.plinth.kvcache.persist.effect.Coverage;
import io.plinth.kvcache.persist.effect.Replay;
import io.plinth.kvcache.persist.effect.Values;
import io.plinth.kvcache.persist.journal.Damage;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Owned by recovery: brings back what one snapshot has. A damaged block loses its keys; the others are found behind it. */
public final class SnapshotReader implements AutoCloseable {
    private static final ValueLayout.OfInt WORD = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);

    private final String name;
    private final Arena arena = Arena.ofShared();
    private final MemorySegment bytes;
    private final @Nullable SnapshotFacts facts;
    private final List<Damage> damages = new ArrayList<>();
    private long keys;
    private boolean whole;

    /** Opens the file and reads what it is. */
    public SnapshotReader(Path path) throws IOException {
        this.name = String.valueOf(path.getFileName());
        try (FileChannel file = FileChannel.open(path, StandardOpenOption.READ)) {
            bytes = file.map(FileChannel.MapMode.READ_ONLY, 0, file.size(), arena);
        }
        facts = about();
    }

    /** What it says of itself; null where both places that say so are damaged, so that it is of no use. */
    public @Nullable SnapshotFacts facts() {
        return facts;
    }

    private @Nullable SnapshotFacts about() {
        SnapshotFacts first = about(0);
        return first != null ? first : about(bytes.byteSize() - Block.HEAD - 25);
    }

    private @Nullable SnapshotFacts about(long at) {
        Block head = at < 0 ? null : head(at);
        ByteBuffer body = head == null ? null : body(at, head);
        return body == null ? null : SnapshotFacts.read(body);
    }

    private @Nullable Block head(long at) {
        if (at + Block.HEAD > bytes.byteSize()) {
            return null;
        }
        Block head = Block.read(bytes.asSlice(at, Block.HEAD).asByteBuffer());
        return head == null || head.length() < 0 || at + Block.HEAD + head.length() > bytes.byteSize() ? null : head;
    }

    private @Nullable ByteBuffer body(long at, Block head) {
        ByteBuffer body = bytes.asSlice(at + Block.HEAD, head.length()).asByteBuffer();
        return Block.intact(bytes.asSlice(at, Block.HEAD).asByteBuffer(), body) ? body : null;
    }

    /** Fills a keyspace, and raises {@code sequences} to what the segments came to; answers which keys it has. */
    public Coverage load(Keyspace keyspace, long nowMillis, long[] sequences) {
        SnapshotFacts known = facts;
        if (known == null) {
            throw new IllegalStateException("snapshot " + name + ": without facts");
        }
        Coverage coverage = new Coverage(new KeyHash(known.seed()));
        List<ByteBuffer> effects = new ArrayList<>();
        for (long at = 0; at < bytes.byteSize(); ) {
            Block head = head(at);
            if (head == null) {
                long next = search(at + 1);
                damages.add(new Damage(name, at, next - at + " bytes"));
                at = next;
                continue;
            }
            ByteBuffer body = body(at, head);
            if (body == null) {
                damages.add(new Damage(name, at, "a block of " + head.length() + " bytes"));
            } else {
                block(keyspace, head, body, coverage, effects, nowMillis, sequences);
            }
            at += Block.HEAD + head.length();
        }
        // Only now is it known what each piece has: of a key that went before its piece was written nothing comes back.
        Replay replay = new Replay(keyspace, coverage, nowMillis, sequences);
        effects.forEach(body -> replay(body, replay));
        if (!whole) {
            damages.add(new Damage(name, bytes.byteSize(), "the end is missing"));
        }
        return coverage;
    }

    private long search(long from) {
        for (long at = from; at + Block.HEAD <= bytes.byteSize(); at++) {
            if (bytes.get(WORD, at) == Block.MAGIC && head(at) != null) {
                return at;
            }
        }
        return bytes.byteSize();
    }

    private void block(
            Keyspace keyspace,
            Block head,
            ByteBuffer body,
            Coverage coverage,
            List<ByteBuffer> effects,
            long nowMillis,
            long[] sequences) {
        switch (head.type()) {
            case Block.KEYS -> {
                coverage.add(head.segment(), head.from(), head.upto(), head.sequence());
                sequences[head.segment()] = Math.max(sequences[head.segment()], head.sequence());
                keyspace.makeRoom(0);
                try {
                    keys(keyspace, body, nowMillis);
                } catch (RdbException | BufferUnderflowException e) {
                    damages.add(new Damage(name, head.from(), "keys that cannot be read: " + e.getMessage()));
                }
            }
            case Block.EFFECTS -> effects.add(body);
            case Block.END -> whole = true;
            default -> {
                return;
            }
        }
    }

    private static void replay(ByteBuffer body, Replay replay) {
        while (body.remaining() >= 4) {
            int length = body.getInt();
            replay.record(body.slice(body.position(), length));
            body.position(body.position() + length);
        }
    }

    private void keys(Keyspace keyspace, ByteBuffer body, long nowMillis) throws RdbException {
        KeyRef key = new KeyRef();
        while (body.hasRemaining()) {
            int db = body.get();
            int has = body.get();
            byte[] name = Values.block(body);
            long expireAt = (has & SnapshotWriter.EXPIRES) == 0 ? Entry.NEVER : body.getLong();
            byte[] string = (has & SnapshotWriter.STRING) == 0 ? null : Values.block(body);
            var value = string == null ? Values.read(body, keyspace.hasher(), keyspace.packing()) : null;
            key.set(keyspace.hasher(), db, name, 0, name.length);
            Segment segment = keyspace.segment(key.slot());
            segment.lock();
            try {
                if (string != null) {
                    segment.putString(key, string, expireAt, nowMillis);
                } else if (value != null) {
                    segment.putValue(key, value, expireAt, nowMillis);
                }
                keys++;
            } finally {
                segment.unlock();
            }
        }
    }

    /** How many keys it brought. */
    public long keys() {
        return keys;
    }

    /** What was damaged. */
    public List<Damage> damages() {
        return damages;
    }

    @Override
    public void close() {
        arena.close();
    }
}
