package io.plinth.kvcache.command.stream;

import io.plinth.kvcache.command.Call;
import io.plinth.kvcache.command.CommandException;
import io.plinth.kvcache.command.CommandTable;
import io.plinth.kvcache.command.Help;
import io.plinth.kvcache.command.KeyEvents;
import io.plinth.kvcache.keyspace.Entry;
import io.plinth.kvcache.keyspace.stream.StreamGroup;
import io.plinth.kvcache.keyspace.stream.StreamGroup.Consumer;
import io.plinth.kvcache.keyspace.stream.StreamGroup.Pending;
import io.plinth.kvcache.keyspace.stream.StreamId;
import io.plinth.kvcache.keyspace.value.StreamValue;
import io.plinth.kvcache.keyspace.value.ValueType;
import io.plinth.kvcache.keyspace.write.Streams;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** XGROUP, XACK and XPENDING. */
final class StreamGroups {
    private StreamGroups() {}

    static void register(CommandTable.Builder to) {
        to.add("xgroup", "Makes, moves and removes consumer groups.", StreamGroups::run);
        to.add("xack", "Tells that entries are done with.", StreamGroups::acknowledge);
        to.add("xpending", "Shows what is delivered and not acknowledged.", StreamGroups::pending);
    }

    private static void run(Call call) {
        String action = call.text(1).toUpperCase(Locale.ROOT);
        if (action.equals("HELP")) {
            Help.write(call);
            return;
        }
        boolean make = false;
        long read = StreamGroup.UNKNOWN;
        boolean create = action.equals("CREATE");
        if (create || action.equals("SETID")) {
            for (int i = 5; i < call.count(); i++) {
                if (create && call.args().is(i, "MKSTREAM")) {
                    make = true;
                } else if (call.args().is(i, "ENTRIESREAD") && i + 1 < call.count()) {
                    read = call.integer(++i);
                    if (read < 0 && read != StreamGroup.UNKNOWN) {
                        throw new CommandException("ERR value for ENTRIESREAD must be positive or -1");
                    }
                } else {
                    throw CommandException.form(call.text(1), "XGROUP");
                }
            }
        }
        Entry entry = call.write(2, ValueType.STREAM);
        if (entry == null && !make) {
            throw new CommandException("ERR The XGROUP subcommand requires the key to exist. Note that for CREATE you"
                    + " may want to use the MKSTREAM option to create an empty stream automatically.");
        }
        if (create) {
            create(call, entry, read);
        } else if (entry != null) {
            change(call, entry, action, read);
        }
    }

    private static StreamId id(Call call, @Nullable Entry entry) {
        if (call.text(4).equals("$")) {
            return entry == null ? StreamId.MIN : entry.stream().last();
        }
        return call.args().is(1, "CREATE") ? StreamIds.strict(call, 4, 0) : StreamIds.any(call, 4, 0);
    }

    private static void create(Call call, @Nullable Entry existing, long read) {
        StreamId id = id(call, existing);
        Entry entry = existing;
        if (entry == null) {
            entry = call.segment().addEmpty(call.key(), new StreamValue(), call.now());
        }
        if (entry.stream().group(call.text(3)) != null) {
            throw new CommandException("BUSYGROUP Consumer Group name already exists");
        }
        Streams.group(call.segment(), entry, call.text(3), id, read);
        call.event(KeyEvents.STREAM, "xgroup-create", 2);
        call.out().ok();
    }

    private static void change(Call call, Entry entry, String action, long read) {
        StreamGroup group = entry.stream().group(call.text(3));
        if (group == null && !action.equals("DESTROY")) {
            throw new CommandException(
                    "NOGROUP No such consumer group '" + call.text(3) + "' for key name '" + call.text(2) + "'");
        }
        if (group == null) {
            call.out().integer(0);
            return;
        }
        switch (action) {
            case "SETID" -> {
                Streams.position(call.segment(), entry, group, id(call, entry), read);
                call.event(KeyEvents.STREAM, "xgroup-setid", 2);
                call.out().ok();
            }
            case "DESTROY" -> {
                Streams.ungroup(call.segment(), entry, group.name());
                call.event(KeyEvents.STREAM, "xgroup-destroy", 2);
                call.out().integer(1);
            }
            case "CREATECONSUMER" -> {
                boolean absent = group.consumer(call.text(4)) == null;
                if (absent) {
                    Streams.consumer(call.segment(), entry, group, call.text(4), call.now());
                    call.event(KeyEvents.STREAM, "xgroup-createconsumer", 2);
                }
                call.out().integer(absent ? 1 : 0);
            }
            case "DELCONSUMER" -> {
                Consumer consumer = group.consumer(call.text(4));
                long pending = consumer == null ? 0 : Streams.unconsumer(call.segment(), entry, group, consumer);
                if (consumer != null) {
                    call.event(KeyEvents.STREAM, "xgroup-delconsumer", 2);
                }
                call.out().integer(pending);
            }
            default -> throw CommandException.subcommand(call.text(1), "XGROUP");
        }
    }

    private static void acknowledge(Call call) {
        Entry entry = call.write(1, ValueType.STREAM);
        StreamGroup group = entry == null ? null : entry.stream().group(call.text(2));
        if (entry == null || group == null) {
            call.out().integer(0);
            return;
        }
        List<StreamId> ids = new ArrayList<>();
        for (int i = 3; i < call.count(); i++) {
            ids.add(StreamIds.strict(call, i, 0));
        }
        call.out()
                .integer(ids.stream()
                        .filter(id -> Streams.acknowledge(call.segment(), entry, group, id))
                        .count());
    }

    private static void pending(Call call) {
        boolean summary = call.count() == 3;
        if (!summary && call.count() < 6) {
            throw CommandException.syntax();
        }
        int at = 3;
        long idle = 0;
        if (!summary && call.args().is(3, "IDLE")) {
            idle = call.integer(4);
            at = 5;
            if (call.count() < 8) {
                throw CommandException.syntax();
            }
        }
        if (call.count() > at + 4) {
            throw CommandException.syntax();
        }
        StreamId from = StreamId.MIN;
        StreamId to = StreamId.MAX;
        long count = 0;
        if (!summary) {
            count = Math.max(0, call.integer(at + 2));
            from = StreamIds.start(call, at);
            to = StreamIds.end(call, at + 1);
        }
        Entry entry = call.read(1, ValueType.STREAM);
        StreamGroup group = entry == null ? null : entry.stream().group(call.text(2));
        if (group == null) {
            throw new CommandException(
                    "NOGROUP No such key '" + call.text(1) + "' or consumer group '" + call.text(2) + "'");
        }
        if (summary) {
            summary(call, group);
        } else {
            Consumer consumer = call.count() > at + 3 ? group.consumer(call.text(at + 3)) : null;
            boolean nobody = call.count() > at + 3 && consumer == null;
            List<Pending> found = new ArrayList<>();
            long least = idle;
            long most = nobody || from.compareTo(to) > 0 ? 0 : count;
            StreamGroup.Visitor visitor = each -> {
                boolean wanted = least == 0 || call.now() - each.delivered() >= least;
                if (wanted && found.size() < most) {
                    found.add(each);
                }
                return found.size() < most;
            };
            if (consumer == null) {
                group.pending(from, to, visitor);
            } else {
                group.pending(consumer, from, to, visitor);
            }
            list(call, found);
        }
    }

    private static void summary(Call call, StreamGroup group) {
        call.out().array(4);
        call.out().integer(group.pending());
        if (group.pending() == 0) {
            call.out().nullBulk();
            call.out().nullBulk();
            call.out().nullArray();
            return;
        }
        call.out().bulk(group.firstPending().toString());
        call.out().bulk(group.lastPending().toString());
        List<Consumer> busy = group.consumers().stream()
                .filter(consumer -> consumer.pending() > 0)
                .toList();
        call.out().array(busy.size());
        for (Consumer consumer : busy) {
            call.out().array(2);
            call.out().bulk(consumer.name());
            call.out().bulkLong(consumer.pending());
        }
    }

    private static void list(Call call, List<Pending> found) {
        call.out().array(found.size());
        for (Pending each : found) {
            call.out().array(4);
            call.out().bulk(each.id().toString());
            call.out().bulk(each.owner().name());
            call.out().integer(Math.max(0, call.now() - each.delivered()));
            call.out().integer(each.times());
        }
    }
}
