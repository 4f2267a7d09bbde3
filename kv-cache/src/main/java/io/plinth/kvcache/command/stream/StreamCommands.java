package io.plinth.kvcache.command.stream;

import io.plinth.kvcache.command.Call;
import io.plinth.kvcache.command.CommandException;
import io.plinth.kvcache.command.CommandTable;
import io.plinth.kvcache.command.KeyEvents;
import io.plinth.kvcache.keyspace.Entry;
import io.plinth.kvcache.keyspace.stream.StreamId;
import io.plinth.kvcache.keyspace.value.StreamValue;
import io.plinth.kvcache.keyspace.value.ValueType;
import io.plinth.kvcache.keyspace.write.Streams;
import java.util.ArrayList;
import java.util.List;

/** Entries of streams. */
public final class StreamCommands {
    private StreamCommands() {}

    /** Adds them. */
    public static void register(CommandTable.Builder to) {
        to.add("xadd", "Adds an entry.", StreamCommands::add);
        to.add("xlen", "Returns how many entries there are.", call -> {
            Entry entry = call.read(1, ValueType.STREAM);
            call.out().integer(entry == null ? 0 : entry.stream().size());
        });
        to.add("xrange", "Returns a range of entries.", call -> range(call, false));
        to.add("xrevrange", "Returns a range of entries downwards.", call -> range(call, true));
        to.add("xdel", "Removes entries.", StreamCommands::remove);
        to.add("xtrim", "Removes the oldest entries.", call -> {
            Trim trim = Trim.parse(call, false);
            Entry entry = call.write(1, ValueType.STREAM);
            call.out().integer(entry == null ? 0 : trim.apply(call, entry));
        });
        to.add("xsetid", "Sets what a stream counts.", StreamCommands::setId);
        StreamReads.register(to);
        StreamGroups.register(to);
        StreamClaims.register(to);
        StreamInfo.register(to);
    }

    private static void add(Call call) {
        Trim trim = Trim.parse(call, true);
        int idArg = trim.next();
        StreamId given = null;
        boolean sequenced = true;
        if (idArg < call.count() && !call.args().is(idArg, "*")) {
            String text = call.text(idArg);
            sequenced = !text.endsWith("-*");
            given = sequenced
                    ? StreamIds.parse(text, 0)
                    : new StreamId(StreamIds.part(text.substring(0, text.length() - 2)), 0);
        }
        int fields = call.count() - idArg - 1;
        if (fields < 2 || fields % 2 != 0) {
            throw CommandException.arity("xadd");
        }
        if (given != null && sequenced && given.equals(StreamId.MIN)) {
            throw new CommandException("ERR The ID specified in XADD must be greater than 0-0");
        }
        Entry entry = call.write(1, ValueType.STREAM);
        if (entry == null && trim.existing()) {
            call.out().nullBulk();
            return;
        }
        StreamId last = entry == null ? StreamId.MIN : entry.stream().last();
        if (last.equals(StreamId.MAX)) {
            throw new CommandException("ERR The stream has exhausted the last possible ID, unable to add more items");
        }
        StreamId id = id(call, given, sequenced, last);
        if (entry == null) {
            entry = call.segment().addEmpty(call.key(), new StreamValue(), call.now());
        }
        List<byte[]> content = new ArrayList<>();
        for (int i = idArg + 1; i < call.count(); i++) {
            content.add(call.bytes(i));
        }
        Streams.add(call.segment(), entry, id, content);
        call.event(KeyEvents.STREAM, "xadd", 1);
        trim.apply(call, entry);
        call.out().bulk(id.toString());
    }

    private static StreamId id(
            Call call, @org.jspecify.annotations.Nullable StreamId given, boolean sequenced, StreamId last) {
        StreamId id;
        if (given == null) {
            StreamId next = last.next();
            id = Long.compareUnsigned(call.now(), last.millis()) > 0 || next == null
                    ? new StreamId(call.now(), 0)
                    : next;
        } else if (!sequenced && given.millis() == last.millis() && last.sequence() != -1) {
            id = new StreamId(last.millis(), last.sequence() + 1);
        } else {
            id = given;
        }
        if (id.compareTo(last) <= 0) {
            throw new CommandException(
                    "ERR The ID specified in XADD is equal or smaller than the target stream top item");
        }
        return id;
    }

    private static void range(Call call, boolean down) {
        StreamId from = StreamIds.start(call, down ? 3 : 2);
        StreamId to = StreamIds.end(call, down ? 2 : 3);
        long count = -1;
        for (int i = 4; i < call.count(); i += 2) {
            if (!call.args().is(i, "COUNT") || i + 1 >= call.count()) {
                throw CommandException.syntax();
            }
            count = Math.max(0, call.integer(i + 1));
        }
        Entry entry = call.read(1, ValueType.STREAM);
        if (entry == null) {
            call.out().array(0);
        } else if (count == 0) {
            call.out().nullArray();
        } else {
            write(call, collect(entry.stream(), from, to, down, count));
        }
    }

    /** An entry read. */
    record Item(StreamId id, List<byte[]> fields) {}

    static List<Item> collect(StreamValue stream, StreamId from, StreamId to, boolean down, long count) {
        List<Item> found = new ArrayList<>();
        stream.range(from, to, down, (id, fields) -> {
            found.add(new Item(id, fields));
            return count < 0 || found.size() < count;
        });
        return found;
    }

    static void write(Call call, List<Item> items) {
        call.out().array(items.size());
        items.forEach(item -> StreamIds.write(call.out(), item.id, item.fields));
    }

    private static void remove(Call call) {
        Entry entry = call.write(1, ValueType.STREAM);
        if (entry == null) {
            call.out().integer(0);
            return;
        }
        List<StreamId> ids = new ArrayList<>();
        for (int i = 2; i < call.count(); i++) {
            ids.add(StreamIds.strict(call, i, 0));
        }
        long removed = ids.stream()
                .filter(id -> Streams.remove(call.segment(), entry, id))
                .count();
        if (removed > 0) {
            call.event(KeyEvents.STREAM, "xdel", 1);
        }
        call.out().integer(removed);
    }

    private static void setId(Call call) {
        StreamId id = StreamIds.strict(call, 2, 0);
        long added = -1;
        StreamId deleted = StreamId.MIN;
        for (int i = 3; i < call.count(); i += 2) {
            boolean more = i + 1 < call.count();
            if (more && call.args().is(i, "ENTRIESADDED")) {
                added = call.integer(i + 1);
                if (added < 0) {
                    throw new CommandException("ERR entries_added must be positive");
                }
            } else if (more && call.args().is(i, "MAXDELETEDID")) {
                deleted = StreamIds.strict(call, i + 1, 0);
                if (id.compareTo(deleted) < 0) {
                    throw new CommandException(
                            "ERR The ID specified in XSETID is smaller than the provided max_deleted_entry_id");
                }
            } else {
                throw CommandException.syntax();
            }
        }
        Entry entry = call.write(1, ValueType.STREAM);
        if (entry == null) {
            throw new CommandException("ERR no such key");
        }
        StreamValue stream = entry.stream();
        if (id.compareTo(stream.maxDeleted()) < 0) {
            throw new CommandException("ERR The ID specified in XSETID is smaller than current max_deleted_entry_id");
        }
        if (stream.size() > 0) {
            if (id.compareTo(stream.top()) < 0) {
                throw new CommandException("ERR The ID specified in XSETID is smaller than the target stream top item");
            }
            if (added >= 0 && added < stream.size()) {
                throw new CommandException(
                        "ERR The entries_added specified in XSETID is smaller than the target stream length");
            }
        }
        Streams.set(
                call.segment(),
                entry,
                id,
                deleted.equals(StreamId.MIN) ? stream.maxDeleted() : deleted,
                added < 0 ? stream.added() : added);
        call.event(KeyEvents.STREAM, "xsetid", 1);
        call.out().ok();
    }
}
