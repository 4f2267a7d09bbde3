package io.plinth.kvcache.persist.snapshot;

import io.plinth.kvcache.keyspace.rdb.RdbException;
import io.plinth.kvcache.keyspace.stream.StreamGroup;
import io.plinth.kvcache.keyspace.stream.StreamGroup.Consumer;
import io.plinth.kvcache.keyspace.stream.StreamId;
import io.plinth.kvcache.keyspace.value.Packing;
import io.plinth.kvcache.keyspace.value.StreamValue;
import io.plinth.kvcache.persist.effect.ByteSink;
import io.plinth.kvcache.persist.effect.Values;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Owned by the thread that encodes: how far a stream is written in parts. The first has what the stream counts, and from its moment on
 * the stream's changes are made again; then come entries by their ids, and group after group with its consumers and what is pending, each
 * as it is when its part is written. A change that a part has already says nothing else than the part; one of a group that went before its
 * part was written finds none.
 */
final class StreamParts {
    /**
     * {@code last 16 | deleted 16 | added 8 | groups 4}, each {@code name | last 16 | read 8 | consumers 4}, each {@code name | seen 8 | active 8};
     * without groups but in files of earlier versions.
     */
    private static final int HEAD = 1;
    /** {@code id 16 | count 4}, then so many fields and values. */
    private static final int ENTRY = 2;
    /** {@code name}: what follows is of this group, which a part before began. */
    private static final int GROUP = 3;
    /** {@code consumer | id 16 | delivered 8 | times 8}. */
    private static final int PENDING = 4;
    /** {@code name | last 16 | read 8}: a group, and what follows is of it. */
    private static final int NEW_GROUP = 5;
    /** {@code name | seen 8 | active 8}. */
    private static final int CONSUMER = 6;

    private boolean begun;
    /** The entries from here on are to be written; null when all are. */
    private @Nullable StreamId entries = StreamId.MIN;

    /** The group that was begun last, null before the first. */
    private @Nullable String group;
    /** Whether not all of its consumers are written, and the last that is, null before the first. */
    private boolean consuming;

    private @Nullable String consumer;
    /** What is pending from here on is to be written then; null when all is. */
    private @Nullable StreamId pending;

    /** Whether the next part is the first. */
    boolean first() {
        return !begun;
    }

    /** Appends about so much more; answers whether that was the last. */
    boolean write(StreamValue stream, int count, int bytes, ByteSink sink) {
        if (!begun) {
            begun = true;
            head(stream, sink);
        }
        int enough = sink.size() + bytes;
        int left = count;
        StreamId from = entries;
        if (from != null) {
            left = entries(stream, from, left, enough, sink);
        }
        if (pending != null && left > 0 && group != null) {
            sink.u1(GROUP);
            text(group, sink);
        }
        while (entries == null && left > 0 && sink.size() < enough) {
            StreamGroup of = pending == null ? stream.groupAfter(group) : stream.group(Objects.requireNonNull(group));
            if (of == null && pending == null) {
                return true;
            }
            if (of == null) {
                // It went meanwhile.
                pending = null;
                continue;
            }
            if (pending == null) {
                begin(of, sink);
                left--;
            }
            left = consumers(of, left, enough, sink);
            left = pending(of, left, enough, sink);
        }
        return false;
    }

    private static void id(StreamId id, ByteSink sink) {
        sink.u8(id.millis());
        sink.u8(id.sequence());
    }

    private static void text(String text, ByteSink sink) {
        sink.block(text.getBytes(StandardCharsets.ISO_8859_1));
    }

    private static void head(StreamValue stream, ByteSink sink) {
        sink.u1(HEAD);
        id(stream.last(), sink);
        id(stream.maxDeleted(), sink);
        sink.u8(stream.added());
        sink.u4(0);
    }

    private void begin(StreamGroup of, ByteSink sink) {
        group = of.name();
        consuming = true;
        consumer = null;
        pending = StreamId.MIN;
        sink.u1(NEW_GROUP);
        text(of.name(), sink);
        id(of.last(), sink);
        sink.u8(of.entriesRead());
    }

    private int consumers(StreamGroup of, int count, int enough, ByteSink sink) {
        if (!consuming) {
            return count;
        }
        int left = count;
        for (Consumer each : of.consumersAfter(consumer)) {
            if (left <= 0 || sink.size() >= enough) {
                return 0;
            }
            sink.u1(CONSUMER);
            text(each.name(), sink);
            sink.u8(each.seen());
            sink.u8(each.active());
            consumer = each.name();
            left--;
        }
        consuming = false;
        return left;
    }

    private int entries(StreamValue stream, StreamId from, int count, int enough, ByteSink sink) {
        int[] left = {count};
        entries = null;
        stream.range(from, StreamId.MAX, false, (id, fields) -> {
            if (left[0] <= 0 || sink.size() >= enough) {
                entries = id;
                return false;
            }
            sink.u1(ENTRY);
            id(id, sink);
            sink.u4(fields.size());
            fields.forEach(sink::block);
            left[0]--;
            return true;
        });
        return left[0];
    }

    private int pending(StreamGroup of, int count, int enough, ByteSink sink) {
        StreamId from = pending;
        if (from == null || consuming) {
            return count;
        }
        int[] left = {count};
        pending = null;
        of.pending(from, StreamId.MAX, each -> {
            if (left[0] <= 0 || sink.size() >= enough) {
                pending = each.id();
                return false;
            }
            sink.u1(PENDING);
            text(each.owner().name(), sink);
            id(each.id(), sink);
            sink.u8(each.delivered());
            sink.u8(each.times());
            left[0]--;
            return true;
        });
        return left[0];
    }

    private static StreamId id(ByteBuffer in) {
        return new StreamId(in.getLong(), in.getLong());
    }

    private static String text(ByteBuffer in) throws RdbException {
        return new String(Values.block(in), StandardCharsets.ISO_8859_1);
    }

    /** Puts what a part counts, and its groups, into what those before came to; the entries are told. */
    static void read(ByteBuffer in, StreamValue into, StreamEntries entries) throws RdbException {
        StreamGroup group = null;
        while (in.hasRemaining()) {
            int what = in.get();
            switch (what) {
                case HEAD -> head(in, into);
                case ENTRY -> entry(in, entries);
                case GROUP -> group = into.group(text(in));
                case NEW_GROUP -> group = into.addGroup(text(in), id(in), in.getLong());
                case CONSUMER -> consumer(in, group);
                case PENDING -> {
                    String name = text(in);
                    Consumer consumer = group == null ? null : group.consumer(name);
                    StreamId id = id(in);
                    long delivered = in.getLong();
                    long times = in.getLong();
                    // Of one that came later the changes tell, that it has this included.
                    if (group != null && consumer != null) {
                        group.deliver(id, consumer, delivered, times);
                    }
                }
                default -> throw new RdbException("part: " + what + " (expected: of a stream)");
            }
        }
    }

    private static void consumer(ByteBuffer in, @Nullable StreamGroup group) throws RdbException {
        String name = text(in);
        long seen = in.getLong();
        long active = in.getLong();
        if (group != null && group.consumer(name) == null) {
            group.add(name, seen, active);
        }
    }

    private static void head(ByteBuffer in, StreamValue into) throws RdbException {
        into.set(id(in), id(in), in.getLong());
        for (int groups = in.getInt(); groups > 0; groups--) {
            String name = text(in);
            StreamGroup group = into.addGroup(name, id(in), in.getLong());
            for (int consumers = in.getInt(); consumers > 0; consumers--) {
                group.add(text(in), in.getLong(), in.getLong());
            }
        }
    }

    private static void entry(ByteBuffer in, StreamEntries entries) throws RdbException {
        StreamId id = id(in);
        int count = in.getInt();
        List<byte[]> fields = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            fields.add(Values.block(in));
        }
        entries.entry(id, fields);
    }

    /** Adds an entry to what those before came to; the stream has counted it. */
    static void append(StreamValue into, StreamId id, List<byte[]> fields, Packing packing) throws RdbException {
        if (id.compareTo(into.top()) <= 0 && into.size() > 0) {
            throw new RdbException("part: entries out of order");
        }
        StreamId last = into.last();
        long added = into.added();
        into.append(id, fields, packing);
        into.set(last, into.maxDeleted(), added);
    }
}
