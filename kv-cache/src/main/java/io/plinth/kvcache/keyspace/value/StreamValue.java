package io.plinth.kvcache.keyspace.value;

import io.plinth.kvcache.keyspace.memory.Blocks;
import io.plinth.kvcache.keyspace.memory.Elements;
import io.plinth.kvcache.keyspace.stream.PendingMemory;
import io.plinth.kvcache.keyspace.stream.StreamGroup;
import io.plinth.kvcache.keyspace.stream.StreamId;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Guarded by its key's segment lock: entries in the order of their ids, in packed nodes, and the groups that read them. */
public final class StreamValue implements Value, Elements {
    private static final int BASE = 80;

    /** By name, byte for character. */
    private final TreeMap<String, StreamGroup> groups = new TreeMap<>();

    private final PendingMemory pending = new PendingMemory();
    private final StreamNodes nodes;
    private StreamId last = StreamId.MIN;
    private StreamId maxDeleted = StreamId.MIN;
    private long added;
    private boolean moving;
    /** Whose memory was last looked at. */
    private String looked = "";

    public StreamValue() {
        this(new StreamNodes());
    }

    private StreamValue(StreamNodes nodes) {
        this.nodes = nodes;
    }

    /** Sees an entry; answers whether to go on. */
    @FunctionalInterface
    public interface Visitor {
        /** {@code fields} are fields and values in turn. */
        boolean visit(StreamId id, List<byte[]> fields);
    }

    /** Sees a node. */
    @FunctionalInterface
    public interface NodeVisitor {
        /** {@code base} is what its ids are kept over, {@code dump} its entries as Redis dumps them. */
        void visit(StreamId base, ListPack dump);
    }

    @Override
    public ValueType type() {
        return ValueType.STREAM;
    }

    @Override
    public Elements elements() {
        return this;
    }

    @Override
    public long size() {
        return nodes.size();
    }

    @Override
    public long bytes() {
        return BASE + nodes.bytes() + pending.bytes();
    }

    @Override
    public String encoding() {
        return "stream";
    }

    @Override
    public Value copy() {
        StreamValue copy = new StreamValue(nodes.copy());
        copy.set(last, maxDeleted, added);
        groups.forEach((name, group) -> copy.groups.put(name, group.copy(copy.pending)));
        return copy;
    }

    /** Its groups by name. */
    public Collection<StreamGroup> groups() {
        return Collections.unmodifiableCollection(groups.values());
    }

    /** A group, or null. */
    public @Nullable StreamGroup group(String name) {
        return groups.get(name);
    }

    /** The group behind a name, or the first where that is null; or null. */
    public @Nullable StreamGroup groupAfter(@Nullable String name) {
        Map.Entry<String, StreamGroup> next = name == null ? groups.firstEntry() : groups.higherEntry(name);
        return next == null ? null : next.getValue();
    }

    /** Adds a group, in the place of one with its name. */
    public StreamGroup addGroup(String name, StreamId lastRead, long read) {
        removeGroup(name);
        StreamGroup group = new StreamGroup(pending, name, lastRead, read);
        groups.put(name, group);
        return group;
    }

    /** Removes a group with what it has pending. */
    public void removeGroup(String name) {
        StreamGroup gone = groups.remove(name);
        if (gone != null) {
            gone.release();
        }
    }

    /** How many packed nodes there are. */
    public int nodes() {
        return nodes.count();
    }

    /** How many nodes Redis's radix tree over these has. */
    public int treeNodes() {
        return nodes.treeNodes();
    }

    /** Visits all nodes. */
    public void forEachNode(NodeVisitor visitor) {
        for (int i = 0; i < nodes.count(); i++) {
            visitor.visit(nodes.node(i).base(), nodes.node(i).dumped());
        }
    }

    /** The id that was given out last. */
    public StreamId last() {
        return last;
    }

    /** The largest id that was ever deleted. */
    public StreamId maxDeleted() {
        return maxDeleted;
    }

    /** How many entries were ever added. */
    public long added() {
        return added;
    }

    /** Overwrites what is counted. */
    public void set(StreamId lastId, StreamId deleted, long entriesAdded) {
        last = lastId;
        maxDeleted = deleted;
        added = entriesAdded;
    }

    /** The first id; the smallest where there is none. */
    public StreamId first() {
        return nodes.first();
    }

    /** The largest id that is there; the smallest where there is none. */
    public StreamId top() {
        return nodes.top();
    }

    /** Adds an entry with a larger id than any before. */
    public void append(StreamId id, List<byte[]> fields, Packing packing) {
        nodes.append(id, fields, packing);
        counted(id);
    }

    /** Begins a node with such an entry, when a stream is read from elsewhere. */
    public void begin(StreamId base, StreamId id, List<byte[]> fields) {
        nodes.begin(base, id, fields);
        counted(id);
    }

    /** Adds such an entry to the last node, which was begun so. */
    public void add(StreamId id, List<byte[]> fields) {
        nodes.add(id, fields);
        counted(id);
    }

    /** Begins the first node without entries, which had some up to an id; {@code fields} of the first of them, with any values. */
    public void beginEmpty(StreamId base, StreamId top, List<byte[]> fields) {
        nodes.beginEmpty(base, top, fields);
    }

    /** Says of the last node that it had an entry with this id behind those it has. */
    public void had(StreamId id) {
        nodes.node(nodes.count() - 1).had(id);
    }

    /** Says of the last node how many entries Redis counted that are deleted, and how long its listpack was. */
    public void was(int deletedEntries, long bytes) {
        nodes.node(nodes.count() - 1).was(deletedEntries, bytes);
    }

    private void counted(StreamId id) {
        added++;
        last = id;
    }

    /** Removes an entry; answers whether it was there. */
    public boolean remove(StreamId id) {
        boolean removed = nodes.remove(id);
        if (removed && id.compareTo(maxDeleted) > 0) {
            maxDeleted = id;
        }
        return removed;
    }

    /** Forgets the entries from an id on, as if they had not been added yet. */
    public void removeFrom(StreamId id) {
        nodes.removeFrom(id);
    }

    /** The fields of an entry, or null. */
    public @Nullable List<byte[]> get(StreamId id) {
        List<List<byte[]>> found = new ArrayList<>(1);
        range(id, id, false, (each, fields) -> {
            found.add(fields);
            return false;
        });
        return found.isEmpty() ? null : found.getFirst();
    }

    /** Visits all entries. */
    public void forEach(Visitor visitor) {
        range(StreamId.MIN, StreamId.MAX, false, visitor);
    }

    /** Visits the entries between two ids, both included, upwards or downwards. */
    public void range(StreamId from, StreamId to, boolean down, Visitor visitor) {
        if (from.compareTo(to) <= 0) {
            nodes.range(from, to, down, visitor);
        }
    }

    /** Removes entries from the start while more than {@code keep} are left; {@code whole} nodes only where asked for. */
    public long trimToLength(long keep, boolean whole, long limit) {
        return nodes.trimToLength(keep, whole, limit);
    }

    /** Removes entries from the start that are smaller than an id. */
    public long trimToId(StreamId id, boolean whole, long limit) {
        return nodes.trimToId(id, whole, limit);
    }

    @Override
    public void settle(Blocks to) {
        moving = false;
        nodes.settle(to);
        if (pending.settled(to)) {
            groups.values().forEach(StreamGroup::settle);
        }
    }

    @Override
    public void moving() {
        moving = true;
        nodes.moving();
    }

    @Override
    public void stranded() {
        moving = false;
        nodes.stranded();
        release();
    }

    @Override
    public void leave() {
        nodes.leave();
        if (!moving) {
            groups.values().forEach(StreamGroup::leave);
            pending.left();
        }
    }

    @Override
    public void release() {
        nodes.release();
        if (!moving) {
            groups.values().forEach(StreamGroup::release);
            groups.clear();
            pending.left();
        }
    }

    @Override
    public int compact() {
        Map.Entry<String, StreamGroup> next = groups.higherEntry(looked);
        looked = next == null ? "" : next.getKey();
        return nodes.compact() + (next == null ? 0 : next.getValue().compact());
    }
}
