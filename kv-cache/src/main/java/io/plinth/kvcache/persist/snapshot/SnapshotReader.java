package io.plinth.kvcache.persist.snapshot;

import io.plinth.kvcache.keyspace.Entry;
import io.plinth.kvcache.keyspace.KeyRef;
import io.plinth.kvcache.keyspace.Keyspace;
import io.plinth.kvcache.keyspace.Segment;
import io.plinth.kvcache.keyspace.rdb.RdbException;
import io.plinth.kvcache.keyspace.store.StoredStrings.Arrival;
import io.plinth.kvcache.keyspace.value.KeyHash;
import io.plinth.kvcache.keyspace.value.StringForm;
import io.plinth.kvcache.keyspace.value.StringValue;
import io.plinth.kvcache.keyspace.value.Value;
import io.plinth.kvcache.keyspace.write.Annotations;
import io.plinth.kvcache.keyspace.write.Annotations.Kind;
import io.plinth.kvcache.keyspace.write.Strings;
import io.plinth.kvcache.persist.effect.Coverage;
import io.plinth.kvcache.persist.effect.EffectCodec;
import io.plinth.kvcache.persist.effect.Replay;
import io.plinth.kvcache.persist.effect.Values;
import io.plinth.kvcache.persist.journal.Damage;
import java.io.IOException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Owned by recovery: brings back what one snapshot has. A damaged block loses its keys; the others are found behind it. */
public final class SnapshotReader implements AutoCloseable {
    private final String name;
    private final BlockFile file;
    private final @Nullable SnapshotFacts facts;
    private final List<Damage> damages = new ArrayList<>();
    /** What came of a collection so far, by segment. */
    private final Map<Integer, Parts> parts = new HashMap<>();

    private long keys;
    private long misfits;
    private boolean whole;

    private @Nullable List<byte[]> libraries;

    /** The same of long strings. */
    private final Map<Integer, Arriving> strings = new HashMap<>();

    private record Arriving(Part first, StringForm form, Arrival bytes, int next) {}

    private record Parts(byte[] key, @Nullable Value value, int next, byte @Nullable [] tags) {}

    /** Opens the file and reads what it is. */
    public SnapshotReader(Path path) throws IOException {
        this.name = String.valueOf(path.getFileName());
        this.file = new BlockFile(path);
        this.facts = file.facts();
    }

    /** What it says of itself; null where both places that say so are damaged, so that it is of no use. */
    public @Nullable SnapshotFacts facts() {
        return facts;
    }

    private void visit(long at, Block head, Loading loading) {
        ByteBuffer body = file.body(at, head);
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
        strings.values().forEach(SnapshotReader::abandon);
        strings.clear();
        loading.effects.forEach(body -> replay(body, replay));
        misfits += replay.misfits();
        if (!whole) {
            damages.add(new Damage(name, file.size(), "the end is missing"));
        }
    }

    /** Fills a keyspace, and raises {@code sequences} to what the segments came to; answers which keys it has. */
    public Coverage load(Keyspace keyspace, long nowMillis, long[] sequences) {
        Loading loading = begin(keyspace, nowMillis, sequences);
        for (long at = 0; at < file.size(); ) {
            Block head = file.head(at);
            if (head == null) {
                long next = file.search(at + 1);
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
            replay.record(record);
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
        put(keyspace, key, segment -> segment.putValue(key, value, expireAt, nowMillis), nowMillis, marks, tags);
    }

    private void put(
            Keyspace keyspace,
            KeyRef key,
            Consumer<Segment> value,
            long nowMillis,
            byte @Nullable [] marks,
            byte @Nullable [] tags) {
        Segment segment = keyspace.segment(key.slot());
        segment.lock();
        try {
            value.accept(segment);
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
        if (part.isString()) {
            string(keyspace, head, part, coverage, nowMillis);
            return;
        }
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

    /** Bytes of a long string, which go where keys are as they come. */
    private void string(Keyspace keyspace, Block head, Part part, Coverage coverage, long nowMillis)
            throws RdbException {
        StringForm form = part.stringForm();
        int length = part.stringLength();
        byte[] piece = part.piece();
        Arriving before = strings.remove(head.segment());
        KeyRef key = new KeyRef().set(keyspace.hasher(), part.db, part.key, 0, part.key.length);
        if (part.number == 0) {
            abandon(before);
            before = new Arriving(part, form, Strings.returning(keyspace, key.slot(), length), 0);
        }
        if (before == null
                || before.next != part.number
                || !Arrays.equals(before.first.key, part.key)
                || !before.bytes.add(piece, 0, piece.length)) {
            abandon(before);
        } else if (!part.last) {
            strings.put(head.segment(), new Arriving(before.first, form, before.bytes, part.number + 1));
        } else {
            Arriving whole = before;
            put(
                    keyspace,
                    key,
                    segment -> segment.putString(key, whole.bytes, form, part.expireAt, nowMillis),
                    nowMillis,
                    before.first.marks,
                    before.first.tags);
            coverage.set(head.segment(), part.db, part.key, head.sequence());
        }
    }

    private static void abandon(@Nullable Arriving unfinished) {
        if (unfinished != null) {
            unfinished.bytes.release();
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
        file.close();
    }
}
