package io.plinth.kvcache.pattern;

import io.plinth.kvcache.keyspace.Entry;
import io.plinth.kvcache.keyspace.KeyRef;
import io.plinth.kvcache.keyspace.Keyspace;
import io.plinth.kvcache.keyspace.write.Annotation;
import io.plinth.kvcache.keyspace.write.Annotations;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/** The marks of all segments, each guarded by its segment's lock. */
public final class Marks implements Annotation {
    private final SegmentMarks[] segments = new SegmentMarks[Keyspace.SEGMENTS];
    private final Keyspace keyspace;
    private final int most;
    private final AtomicLong size = new AtomicLong();

    /** {@code most}: how many keys may have one. */
    public Marks(Keyspace keyspace, int most) {
        this.keyspace = keyspace;
        this.most = most;
        for (int i = 0; i < segments.length; i++) {
            segments[i] = new SegmentMarks(keyspace, i, this);
        }
        keyspace.annotations().use(Annotations.Kind.TAGS, this);
    }

    /** A key's tags, each with its length in two bytes. */
    @Override
    public byte @Nullable [] of(Entry entry) {
        SegmentMarks marks = at(entry.slot() & Keyspace.SEGMENTS - 1);
        List<KeyName> tags = marks.size() == 0 ? List.of() : marks.tags(new KeyName(entry.db(), entry.key()));
        return tags.isEmpty() ? null : kept(tags);
    }

    static byte[] kept(List<KeyName> tags) {
        ByteBuffer out = ByteBuffer.allocate(
                tags.stream().mapToInt(tag -> Short.BYTES + tag.bytes().length).sum());
        tags.forEach(tag -> out.putShort((short) tag.bytes().length).put(tag.bytes()));
        return out.array();
    }

    @Override
    public boolean restore(KeyRef key, byte[] known, long nowMillis) {
        List<byte[]> tags = new ArrayList<>();
        for (ByteBuffer in = ByteBuffer.wrap(known); in.hasRemaining(); ) {
            byte[] tag = new byte[in.getShort()];
            in.get(tag);
            tags.add(tag);
        }
        return of(key).restore(key, tags, nowMillis);
    }

    /** Those of the segment a key is in. */
    public SegmentMarks of(KeyRef key) {
        return at(key.slot() & Keyspace.SEGMENTS - 1);
    }

    /** Those of a segment. */
    public SegmentMarks at(int segment) {
        return segments[segment];
    }

    /** How many keys have one. */
    public long size() {
        return size.get();
    }

    void count(int delta) {
        size.addAndGet(delta);
    }

    boolean full() {
        return size.get() >= most;
    }

    /** Everything of a database was removed. */
    public void flushed(int db) {
        if (size.get() == 0) {
            return;
        }
        for (int i = 0; i < segments.length; i++) {
            SegmentMarks each = segments[i];
            if (each.size() > 0) {
                keyspace.at(i).lock();
                try {
                    each.flushed(db);
                } finally {
                    keyspace.at(i).unlock();
                }
            }
        }
    }
}
