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
import org.jspecify.annotations.Nullable;

/**
 * Owned by the thread that encodes: how far a stream is written in parts. The first has what the stream counts, its groups and their
 * consumers, all of one moment, from which on its changes are made again; then come entries by their ids, and what is pending by group
 * and id, each as it is when its part is written. A change that a part has already says nothing else than the part.
 */
final class StreamParts {
    /** {@code last 16 | deleted 16 | added 8 | groups 4}, each {@code name | last 16 | read 8 | consumers 4}, each {@code name | seen 8 | active 8}. */
    private static final int HEAD = 1;
    /** {@code id 16 | count 4}, then so many fields and values. */
    private static final int ENTRY = 2;
    /** {@code name}: what follows is pending in this group. */
    private static final int GROUP = 3;
    /** {@code consumer | id 16 | delivered 8 | times 8}. */
    private static final int PENDING = 4;

    private boolean begun;
    /** The entries from here on are to be written; null when all are. */
    private @Nullable StreamId entries = StreamId.MIN;

    /** The group that is being written, null before the first, and from which id on. */
    private @Nullable String group;

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
        while (entries == null && left > 0 && sink.size() < enough) {
            StreamId next = pending;
            StreamGroup of = next == null ? stream.groupAfter(group) : group == null ? null : stream.group(group);
            if (of == null && next == null) {
                return true;
            }
            pending = null;
            if (of != null) {
                group = of.name();
                left = pending(of, next == null ? StreamId.MIN : next, left, enough, sink);
            }
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
        sink.u4(stream.groups().size());
        for (StreamGroup group : stream.groups()) {
            text(group.name(), sink);
            id(group.last(), sink);
            sink.u8(group.entriesRead());
            sink.u4(group.consumers().size());
            for (Consumer consumer : group.consumers()) {
                text(consumer.name(), sink);
                sink.u8(consumer.seen());
                sink.u8(consumer.active());
            }
        }
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

    private int pending(StreamGroup of, StreamId from, int count, int enough, ByteSink sink) {
        int[] left = {count};
        sink.u1(GROUP);
        text(of.name(), sink);
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

    /** Puts a part into what those before came to. */
    static void read(ByteBuffer in, StreamValue into, Packing packing) throws RdbException {
        StreamGroup group = null;
        while (in.hasRemaining()) {
            int what = in.get();
            switch (what) {
                case HEAD -> head(in, into);
                case ENTRY -> entry(in, into, packing);
                case GROUP -> group = into.group(text(in));
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

    private static void entry(ByteBuffer in, StreamValue into, Packing packing) throws RdbException {
        StreamId id = id(in);
        int count = in.getInt();
        List<byte[]> fields = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            fields.add(Values.block(in));
        }
        if (id.compareTo(into.top()) <= 0 && into.size() > 0) {
            throw new RdbException("part: entries out of order");
        }
        StreamId last = into.last();
        long added = into.added();
        into.append(id, fields, packing);
        into.set(last, into.maxDeleted(), added);
    }
}
