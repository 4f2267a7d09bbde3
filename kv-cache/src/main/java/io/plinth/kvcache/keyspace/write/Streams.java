package io.plinth.kvcache.keyspace.write;

import io.plinth.kvcache.keyspace.Change.Kind;
import io.plinth.kvcache.keyspace.Entry;
import io.plinth.kvcache.keyspace.Segment;
import io.plinth.kvcache.keyspace.stream.StreamGroup;
import io.plinth.kvcache.keyspace.stream.StreamGroup.Consumer;
import io.plinth.kvcache.keyspace.stream.StreamId;
import io.plinth.kvcache.keyspace.value.ListPack;
import io.plinth.kvcache.keyspace.value.StreamValue;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** Changes of streams, with the segment locked. The effect's arguments are packed into one array, as a listpack. */
public final class Streams {
    private static final byte[] NONE = new byte[0];

    private Streams() {}

    private static void tell(Segment segment, Entry entry, long before, String effect, Object... arguments) {
        byte[] kind = NONE;
        byte[] packed = NONE;
        if (segment.heard()) {
            kind = effect.getBytes(StandardCharsets.US_ASCII);
            ListPack pack = new ListPack();
            for (Object argument : arguments) {
                pack.append(
                        argument instanceof byte[] bytes
                                ? bytes
                                : argument.toString().getBytes(StandardCharsets.ISO_8859_1));
            }
            packed = pack.dump();
        }
        segment.mutated(entry, before, Kind.STREAM, kind, packed);
    }

    /** Adds an entry. */
    public static void add(Segment segment, Entry entry, StreamId id, List<byte[]> fields) {
        add(segment, entry, entry.bytes(), id, fields);
    }

    /** Adds an entry to a stream that may have it already, and later ones, which are all added again. */
    public static void addAgain(Segment segment, Entry entry, StreamId id, List<byte[]> fields) {
        long before = entry.bytes();
        entry.stream().removeFrom(id);
        add(segment, entry, before, id, fields);
    }

    private static void add(Segment segment, Entry entry, long before, StreamId id, List<byte[]> fields) {
        entry.stream().append(id, fields, segment.packing());
        Object[] arguments = new Object[fields.size() + 1];
        arguments[0] = id;
        for (int i = 0; i < fields.size(); i++) {
            arguments[i + 1] = fields.get(i);
        }
        tell(segment, entry, before, "add", arguments);
    }

    /** Removes an entry; answers whether it was there. */
    public static boolean remove(Segment segment, Entry entry, StreamId id) {
        long before = entry.bytes();
        boolean removed = entry.stream().remove(id);
        if (removed) {
            tell(segment, entry, before, "remove", id);
        }
        return removed;
    }

    /** Trims to a length; answers how many went. */
    public static long trim(Segment segment, Entry entry, long keep, boolean whole, long limit) {
        long before = entry.bytes();
        return trimmed(segment, entry, before, entry.stream().trimToLength(keep, whole, limit));
    }

    /** Trims to an id; answers how many went. */
    public static long trim(Segment segment, Entry entry, StreamId id, boolean whole, long limit) {
        long before = entry.bytes();
        return trimmed(segment, entry, before, entry.stream().trimToId(id, whole, limit));
    }

    private static long trimmed(Segment segment, Entry entry, long before, long removed) {
        if (removed > 0) {
            // What is told names ids, not how many: it may meet a stream of which some went already.
            StreamValue stream = entry.stream();
            StreamId below = stream.size() > 0 ? stream.first() : stream.last().next();
            tell(segment, entry, before, below == null ? "trim" : "below", below == null ? removed : below);
        }
        return removed;
    }

    /** Overwrites the stream's counts. */
    public static void set(Segment segment, Entry entry, StreamId last, StreamId deleted, long added) {
        long before = entry.bytes();
        entry.stream().set(last, deleted, added);
        tell(segment, entry, before, "set", last, deleted, added);
    }

    /** Adds a group. */
    public static void group(Segment segment, Entry entry, String name, StreamId last, long read) {
        long before = entry.bytes();
        entry.stream().addGroup(name, last, read);
        tell(segment, entry, before, "group", name, last, read);
    }

    /** Removes a group. */
    public static void ungroup(Segment segment, Entry entry, String name) {
        long before = entry.bytes();
        entry.stream().removeGroup(name);
        tell(segment, entry, before, "ungroup", name);
    }

    /** Moves what a group read last. */
    public static void position(Segment segment, Entry entry, StreamGroup group, StreamId last, long read) {
        long before = entry.bytes();
        group.position(last, read);
        tell(segment, entry, before, "position", group.name(), last, read);
    }

    /** Adds a consumer. */
    public static Consumer consumer(Segment segment, Entry entry, StreamGroup group, String name, long nowMillis) {
        long before = entry.bytes();
        Consumer consumer = group.add(name, nowMillis, -1);
        tell(segment, entry, before, "consumer", group.name(), name, nowMillis);
        return consumer;
    }

    /** Removes a consumer with what it had pending; answers how much that was. */
    public static long unconsumer(Segment segment, Entry entry, StreamGroup group, Consumer consumer) {
        long before = entry.bytes();
        long pending = group.remove(consumer);
        tell(segment, entry, before, "unconsumer", group.name(), consumer.name());
        return pending;
    }

    /** Makes an entry pending with a consumer. */
    public static void deliver(
            Segment segment, Entry entry, StreamGroup group, StreamId id, Consumer to, long millis, long times) {
        long before = entry.bytes();
        group.deliver(id, to, millis, times);
        tell(segment, entry, before, "deliver", group.name(), id, to.name(), millis, times);
    }

    /** An entry is done with; answers whether it was pending. */
    public static boolean acknowledge(Segment segment, Entry entry, StreamGroup group, StreamId id) {
        long before = entry.bytes();
        boolean done = group.acknowledge(id);
        if (done) {
            tell(segment, entry, before, "acknowledge", group.name(), id);
        }
        return done;
    }

    /** An empty stream, for a key that is not there. */
    public static StreamValue empty() {
        return new StreamValue();
    }
}
