package io.plinth.kvcache.persist.snapshot;

import io.plinth.kvcache.keyspace.Entry;
import io.plinth.kvcache.keyspace.Keyspace;
import io.plinth.kvcache.keyspace.rdb.RdbException;
import io.plinth.kvcache.persist.effect.Coverage;
import io.plinth.kvcache.persist.effect.EffectCodec;
import io.plinth.kvcache.persist.effect.Values;
import java.io.IOException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Owned by one thread: what {@link Snapshots#image} wrote, read key by key where it lies. Pieces of it are of different moments, and it has
 * the changes since; so a key is as it was at the end where none of these is its own. Whatever is wrong with it is an {@link IOException}.
 */
public final class Image implements AutoCloseable {
    private final BlockFile file;
    private final SnapshotFacts facts;
    private final Places[] segments = new Places[Keyspace.SEGMENTS];
    private final Places effects = new Places();
    private List<byte[]> libraries = List.of();

    /** Sees keys. Buffers are the file's. */
    public interface Keys {
        /** A string, with the segment's last change that it has. */
        void string(long sequence, int db, byte[] key, long expireAt, ByteBuffer content) throws IOException;

        /** Another value, as DUMP has it. */
        void dumped(long sequence, int db, byte[] key, long expireAt, ByteBuffer payload) throws IOException;

        /** A collection, or a long string, in parts, which may lack the last ones. */
        void large(LargeValue value) throws IOException;
    }

    /** Sees the records of changes. */
    public interface Records {
        /** The next one. */
        void record(ByteBuffer record) throws IOException, RdbException;
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

    /** Opens it and finds what it has. */
    public Image(Path path) throws IOException {
        Arrays.setAll(segments, i -> new Places());
        this.file = new BlockFile(path);
        try {
            this.facts = find();
        } catch (IOException | RuntimeException e) {
            file.close();
            throw e;
        }
    }

    private static IOException damaged(long at, String what) {
        return new IOException("copy: damaged at byte " + at + ": " + what);
    }

    private SnapshotFacts find() throws IOException {
        SnapshotFacts known = file.facts();
        if (known == null) {
            throw damaged(0, "no image");
        }
        boolean whole = false;
        for (long at = 0; at < file.size(); ) {
            Block head = head(at);
            switch (head.type()) {
                case Block.KEYS, Block.PART -> segments[head.segment()].add(at);
                case Block.EFFECTS -> effects.add(at);
                case Block.FUNCTIONS -> {
                    try {
                        libraries = EffectCodec.libraries(body(at));
                    } catch (RdbException e) {
                        throw damaged(at, String.valueOf(e.getMessage()));
                    }
                }
                default -> whole |= head.type() == Block.END;
            }
            at += Block.HEAD + head.length();
        }
        if (!whole) {
            throw damaged(file.size(), "the end is missing");
        }
        return known;
    }

    Block head(long at) {
        Block head = file.head(at);
        if (head == null) {
            throw new IllegalStateException("copy: damaged at byte " + at + ": what is no block");
        }
        return head;
    }

    ByteBuffer body(long at) throws IOException {
        Block head = head(at);
        ByteBuffer body = file.body(at, head);
        if (body == null) {
            throw damaged(at, "a block of " + head.length() + " bytes");
        }
        return body;
    }

    /** What it says of itself. */
    public SnapshotFacts facts() {
        return facts;
    }

    /** The libraries of functions. */
    public List<byte[]> libraries() {
        return libraries;
    }

    /** The string there, a length and its bytes. */
    public ByteBuffer at(long place) {
        return file.string(place);
    }

    /** Visits all changes in the order they were made. */
    public void changes(Records visitor) throws IOException {
        for (int i = 0; i < effects.count; i++) {
            ByteBuffer body = body(effects.at[i]);
            try {
                while (body.hasRemaining()) {
                    visitor.record(Values.view(body));
                }
            } catch (RdbException | BufferUnderflowException e) {
                throw damaged(effects.at[i], String.valueOf(e.getMessage()));
            }
        }
    }

    /** Says of each key of a segment up to which change it is there. */
    public void coverage(int segment, Coverage coverage) throws IOException {
        walk(segment, null, coverage);
    }

    /** Visits the keys of a segment. */
    public void keys(int segment, Keys visitor) throws IOException {
        walk(segment, visitor, null);
    }

    private void walk(int segment, @Nullable Keys visitor, @Nullable Coverage coverage) throws IOException {
        Places places = segments[segment];
        LargeValue large = null;
        for (int i = 0; i < places.count; i++) {
            long at = places.at[i];
            Block head = head(at);
            ByteBuffer body = body(at);
            try {
                Part part = head.type() == Block.PART ? Part.read(body) : null;
                if (large != null && (part == null || !large.continues(part))) {
                    end(segment, large, visitor, coverage);
                    large = null;
                }
                if (part == null) {
                    if (coverage != null) {
                        coverage.add(segment, head.from(), head.upto(), head.sequence());
                    }
                    keys(head, body, visitor, coverage);
                } else {
                    large = large == null ? new LargeValue(this, part) : large;
                    large.add(at, head, part);
                }
            } catch (RdbException | BufferUnderflowException e) {
                throw damaged(at, String.valueOf(e.getMessage()));
            }
        }
        if (large != null) {
            end(segment, large, visitor, coverage);
        }
    }

    private static void end(int segment, LargeValue large, @Nullable Keys visitor, @Nullable Coverage coverage)
            throws IOException {
        if (visitor != null) {
            visitor.large(large);
        }
        if (coverage != null && large.whole()) {
            coverage.set(segment, large.db(), large.key(), large.sequence());
        }
    }

    private static void keys(Block head, ByteBuffer body, @Nullable Keys visitor, @Nullable Coverage coverage)
            throws IOException, RdbException {
        while (body.hasRemaining()) {
            int db = body.get();
            int has = body.get();
            ByteBuffer name = Values.view(body);
            long expireAt = (has & SegmentEncoder.EXPIRES) == 0 ? Entry.NEVER : body.getLong();
            if ((has & SegmentEncoder.PARTS) != 0) {
                if (coverage != null) {
                    coverage.set(head.segment(), db, bytes(name), Coverage.LOST);
                }
                continue;
            }
            if ((has & SegmentEncoder.MARKED) != 0) {
                Values.view(body);
            }
            if ((has & SegmentEncoder.TAGGED) != 0) {
                Values.view(body);
            }
            if ((has & SegmentEncoder.FORM) != 0) {
                body.get();
            }
            boolean string = (has & SegmentEncoder.STRING) != 0;
            ByteBuffer content = string ? Values.view(body) : Values.payload(body);
            if (visitor != null && string) {
                visitor.string(head.sequence(), db, bytes(name), expireAt, content);
            } else if (visitor != null) {
                visitor.dumped(head.sequence(), db, bytes(name), expireAt, content);
            }
        }
    }

    private static byte[] bytes(ByteBuffer in) {
        byte[] bytes = new byte[in.remaining()];
        in.get(bytes);
        return bytes;
    }

    @Override
    public void close() {
        file.close();
    }
}
