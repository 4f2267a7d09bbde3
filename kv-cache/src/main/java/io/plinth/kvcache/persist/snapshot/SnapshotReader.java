package io.plinth.kvcache.persist.snapshot;

import io.plinth.kvcache.keyspace.Entry;
import io.plinth.kvcache.keyspace.KeyRef;
import io.plinth.kvcache.keyspace.Keyspace;
import io.plinth.kvcache.keyspace.Segment;
import io.plinth.kvcache.keyspace.rdb.RdbException;
import io.plinth.kvcache.keyspace.value.KeyHash;
import io.plinth.kvcache.keyspace.value.StringForm;
import io.plinth.kvcache.keyspace.value.StringValue;
import io.plinth.kvcache.keyspace.value.Value;
import io.plinth.kvcache.keyspace.write.Annotations;
import io.plinth.kvcache.keyspace.write.Annotations.Kind;
import io.plinth.kvcache.persist.effect.Coverage;
import io.plinth.kvcache.persist.effect.EffectCodec;
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
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntPredicate;
import org.jspecify.annotations.Nullable;

/** Owned by recovery: brings back what one snapshot has. A damaged block loses its keys; the others are found behind it. */
public final class SnapshotReader implements AutoCloseable {
    private static final ValueLayout.OfInt WORD = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);

    private final String name;
    private final Arena arena = Arena.ofShared();
    private final MemorySegment bytes;
    private final @Nullable SnapshotFacts facts;
    private final List<Damage> damages = new ArrayList<>();
    /** What came of a collection so far, by segment. */
    private final Map<Integer, Parts> parts = new HashMap<>();
    /** Of which segments keys are brought back. */
    private IntPredicate wanted = segment -> true;

    private final Places[] ofSegments = new Places[Keyspace.SEGMENTS];
    private final Places others = new Places();

    private long keys;
    private long misfits;
    private boolean whole;

    private @Nullable List<byte[]> libraries;

    private record Parts(byte[] key, @Nullable Value value, int next, byte @Nullable [] tags) {}

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
        for (int i = 0; first == null && i < SnapshotFacts.LENGTHS.size(); i++) {
            first = about(bytes.byteSize() - Block.HEAD - SnapshotFacts.LENGTHS.get(i));
        }
        return first;
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

    /** Where blocks begin. */
    private static final class Places {
        private long[] at = new long[8];
        private int count;

        private void add(long place) {
            at = count == at.length ? Arrays.copyOf(at, 2 * count) : at;
            at[count++] = place;
        }
    }

    /** Finds each segment's blocks, for {@link #load(Keyspace, long, int, int)}; answers the bytes of each. */
    public long[] sizes() {
        long[] sizes = new long[Keyspace.SEGMENTS];
        Arrays.setAll(ofSegments, i -> new Places());
        for (long at = 0; at < bytes.byteSize(); ) {
            Block head = head(at);
            if (head == null) {
                damages.add(new Damage(name, at, "what is no block"));
                return sizes;
            }
            boolean keys = head.type() == Block.KEYS || head.type() == Block.PART;
            (keys ? ofSegments[head.segment()] : others).add(at);
            sizes[head.segment()] += keys ? head.length() : 0;
            at += Block.HEAD + head.length();
        }
        return sizes;
    }

    /** Fills a keyspace with the keys of the segments from one to before another; answers whether it has room for them. */
    public boolean load(Keyspace keyspace, long nowMillis, int from, int upto) {
        wanted = segment -> segment >= from && segment < upto;
        Loading loading = begin(keyspace, nowMillis, new long[Keyspace.SEGMENTS]);
        visit(others, loading);
        for (int i = from; i < upto; i++) {
            visit(ofSegments[i], loading);
        }
        end(loading);
        return keyspace.makeRoom(0);
    }

    private void visit(Places places, Loading loading) {
        for (int i = 0; i < places.count; i++) {
            Block head = head(places.at[i]);
            if (head == null) {
                damages.add(new Damage(name, places.at[i], "what is no block"));
            } else {
                visit(places.at[i], head, loading);
            }
        }
    }

    private void visit(long at, Block head, Loading loading) {
        ByteBuffer body = body(at, head);
        if (body == null) {
            damages.add(new Damage(name, at, "a block of " + head.length() + " bytes"));
        } else {
            block(head, body, loading);
        }
    }

    private record Loading(
            Keyspace keyspace, Coverage coverage, List<ByteBuffer> effects, long nowMillis, long[] sequences) {}

    private Loading begin(Keyspace keyspace, long nowMillis, long[] sequences) {
        SnapshotFacts known = facts;
        if (known == null) {
            throw new IllegalStateException("snapshot " + name + ": without facts");
        }
        keyspace.databases().become(known.databases());
        return new Loading(keyspace, new Coverage(new KeyHash(known.seed())), new ArrayList<>(), nowMillis, sequences);
    }

    private void end(Loading loading) {
        // Only now is it known what each piece has: of a key that went before its piece was written nothing comes back.
        Replay replay = new Replay(loading.keyspace, loading.coverage, loading.nowMillis, loading.sequences);
        loading.effects.forEach(body -> replay(body, replay));
        misfits += replay.misfits();
        if (!whole) {
            damages.add(new Damage(name, bytes.byteSize(), "the end is missing"));
        }
    }

    /** Fills a keyspace, and raises {@code sequences} to what the segments came to; answers which keys it has. */
    public Coverage load(Keyspace keyspace, long nowMillis, long[] sequences) {
        Loading loading = begin(keyspace, nowMillis, sequences);
        for (long at = 0; at < bytes.byteSize(); ) {
            Block head = head(at);
            if (head == null) {
                long next = search(at + 1);
                damages.add(new Damage(name, at, next - at + " bytes"));
                at = next;
                continue;
            }
            visit(at, head, loading);
            at += Block.HEAD + head.length();
        }
        end(loading);
        return loading.coverage;
    }

    private long search(long from) {
        for (long at = from; at + Block.HEAD <= bytes.byteSize(); at++) {
            if (bytes.get(WORD, at) == Block.MAGIC && head(at) != null) {
                return at;
            }
        }
        return bytes.byteSize();
    }

    private void block(Block head, ByteBuffer body, Loading loading) {
        Keyspace keyspace = loading.keyspace;
        Coverage coverage = loading.coverage;
        long nowMillis = loading.nowMillis;
        switch (head.type()) {
            case Block.KEYS -> {
                long[] sequences = loading.sequences;
                coverage.add(head.segment(), head.from(), head.upto(), head.sequence());
                sequences[head.segment()] = Math.max(sequences[head.segment()], head.sequence());
                keyspace.makeRoom(0);
                try {
                    keys(keyspace, head.segment(), body, coverage, nowMillis);
                } catch (RdbException | BufferUnderflowException e) {
                    damages.add(new Damage(name, head.from(), "keys that cannot be read: " + e.getMessage()));
                }
            }
            case Block.PART -> {
                try {
                    part(keyspace, head, Part.read(body), coverage, nowMillis);
                } catch (RdbException | RuntimeException e) {
                    parts.remove(head.segment());
                    damages.add(new Damage(name, head.from(), "a part that cannot be read: " + e.getMessage()));
                }
            }
            case Block.EFFECTS -> loading.effects.add(body);
            case Block.FUNCTIONS -> {
                try {
                    libraries = EffectCodec.libraries(body);
                } catch (RdbException | BufferUnderflowException e) {
                    damages.add(new Damage(name, head.from(), "functions that cannot be read: " + e.getMessage()));
                }
            }
            case Block.END -> whole = true;
            default -> {
                return;
            }
        }
    }

    private void replay(ByteBuffer body, Replay replay) {
        while (body.remaining() >= 4) {
            int length = body.getInt();
            ByteBuffer record = body.slice(body.position(), length);
            int slot = EffectCodec.slot(record);
            if (slot < 0 || wanted.test(slot & Keyspace.SEGMENTS - 1)) {
                replay.record(record);
            }
            body.position(body.position() + length);
        }
    }

    private void keys(Keyspace keyspace, int index, ByteBuffer body, Coverage coverage, long nowMillis)
            throws RdbException {
        while (body.hasRemaining()) {
            int db = body.get();
            int has = body.get();
            byte[] name = Values.block(body);
            long expireAt = (has & SegmentEncoder.EXPIRES) == 0 ? Entry.NEVER : body.getLong();
            if ((has & SegmentEncoder.PARTS) != 0) {
                coverage.set(index, db, name, Coverage.LOST);
                continue;
            }
            byte[] marks = (has & SegmentEncoder.MARKED) == 0 ? null : Values.block(body);
            byte[] tags = (has & SegmentEncoder.TAGGED) == 0 ? null : Values.block(body);
            StringForm form = (has & SegmentEncoder.FORM) == 0 ? StringForm.STORED : StringForm.of(body.get());
            byte[] string = (has & SegmentEncoder.STRING) == 0 ? null : Values.block(body);
            put(
                    keyspace,
                    db,
                    name,
                    string == null
                            ? Values.read(body, keyspace.hasher(), keyspace.packing())
                            : new StringValue(string, form),
                    expireAt,
                    nowMillis,
                    marks,
                    tags);
        }
    }

    private void put(
            Keyspace keyspace,
            int db,
            byte[] name,
            Value value,
            long expireAt,
            long nowMillis,
            byte @Nullable [] marks,
            byte @Nullable [] tags) {
        KeyRef key = new KeyRef().set(keyspace.hasher(), db, name, 0, name.length);
        Segment segment = keyspace.segment(key.slot());
        segment.lock();
        try {
            segment.putValue(key, value, expireAt, nowMillis);
            Annotations known = keyspace.annotations();
            if (known.restore(Kind.MARKS, key, marks, nowMillis) && known.restore(Kind.TAGS, key, tags, nowMillis)) {
                keys++;
                return;
            }
            Entry entry = segment.peek(key, nowMillis);
            if (entry != null) {
                segment.delete(entry);
            }
        } finally {
            segment.unlock();
        }
    }

    /** Parts of one key of a segment come one behind the other, others' between; where one is missing the key is as good as lost. */
    private void part(Keyspace keyspace, Block head, Part part, Coverage coverage, long nowMillis) throws RdbException {
        Parts before = part.number == 0 ? new Parts(part.key, null, 0, part.tags) : parts.get(head.segment());
        if (before == null || before.next != part.number || !Arrays.equals(before.key, part.key)) {
            parts.remove(head.segment());
            return;
        }
        Value value = part.into(before.value, keyspace);
        parts.put(head.segment(), new Parts(part.key, value, part.number + 1, before.tags));
        if (part.last) {
            parts.remove(head.segment());
            if (Part.kept(value)) {
                put(keyspace, part.db, part.key, value, part.expireAt, nowMillis, null, before.tags);
            }
            coverage.set(head.segment(), part.db, part.key, head.sequence());
        }
    }

    /** The libraries of functions; null where it does not say. */
    public @Nullable List<byte[]> libraries() {
        return libraries;
    }

    /** How many keys it brought. */
    public long keys() {
        return keys;
    }

    /** How many changes did not fit what there was; their keys are gone. */
    public long misfits() {
        return misfits;
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
