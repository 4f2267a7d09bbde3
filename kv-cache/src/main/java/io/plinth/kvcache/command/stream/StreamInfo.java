package io.plinth.kvcache.command.stream;

import io.plinth.kvcache.command.Call;
import io.plinth.kvcache.command.CommandException;
import io.plinth.kvcache.command.CommandTable;
import io.plinth.kvcache.command.Help;
import io.plinth.kvcache.command.stream.StreamCommands.Item;
import io.plinth.kvcache.keyspace.Entry;
import io.plinth.kvcache.keyspace.stream.StreamGroup;
import io.plinth.kvcache.keyspace.stream.StreamGroup.Consumer;
import io.plinth.kvcache.keyspace.stream.StreamId;
import io.plinth.kvcache.keyspace.value.StreamValue;
import io.plinth.kvcache.keyspace.value.ValueType;
import io.plinth.kvcache.wire.ReplyWriter;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** XINFO. */
final class StreamInfo {
    private StreamInfo() {}

    static void register(CommandTable.Builder to) {
        to.add("xinfo", "Shows streams, groups and consumers.", StreamInfo::run);
    }

    private static void run(Call call) {
        String what = call.text(1).toUpperCase(Locale.ROOT);
        if (what.equals("HELP")) {
            Help.write(call);
            return;
        }
        Entry entry = call.read(2, ValueType.STREAM);
        if (entry == null) {
            throw new CommandException("ERR no such key");
        }
        StreamValue stream = entry.stream();
        switch (what) {
            case "STREAM" -> stream(call, stream);
            case "GROUPS" -> {
                call.out().array(stream.groups().size());
                stream.groups().forEach(group -> group(call.out(), stream, group));
            }
            case "CONSUMERS" -> consumers(call, stream);
            default -> throw CommandException.subcommand(call.text(1), "XINFO");
        }
    }

    private static void consumers(Call call, StreamValue stream) {
        StreamGroup group = stream.group(call.text(3));
        if (group == null) {
            throw new CommandException(
                    "NOGROUP No such consumer group '" + call.text(3) + "' for key name '" + call.text(2) + "'");
        }
        ReplyWriter out = call.out();
        out.array(group.consumers().size());
        for (Consumer consumer : group.consumers()) {
            out.map(4);
            out.bulk("name");
            out.bulk(consumer.name());
            out.bulk("pending");
            out.integer(consumer.pending());
            out.bulk("idle");
            out.integer(Math.max(0, call.now() - consumer.seen()));
            out.bulk("inactive");
            out.integer(consumer.active() < 0 ? -1 : Math.max(0, call.now() - consumer.active()));
        }
    }

    private static void lag(ReplyWriter out, StreamValue stream, StreamGroup group) {
        out.bulk("last-delivered-id");
        out.bulk(group.last().toString());
        out.bulk("entries-read");
        number(out, group.entriesRead() == StreamGroup.UNKNOWN ? null : group.entriesRead());
        out.bulk("lag");
        number(out, Progress.lag(stream, group));
    }

    private static void number(ReplyWriter out, @Nullable Long number) {
        if (number == null) {
            out.nullBulk();
        } else {
            out.integer(number);
        }
    }

    private static void group(ReplyWriter out, StreamValue stream, StreamGroup group) {
        out.map(6);
        out.bulk("name");
        out.bulk(group.name());
        out.bulk("consumers");
        out.integer(group.consumers().size());
        out.bulk("pending");
        out.integer(group.pending());
        lag(out, stream, group);
    }

    private static void stream(Call call, StreamValue stream) {
        boolean full = call.count() > 3;
        long count = 10;
        if (full) {
            boolean counted = call.count() == 6 && call.args().is(4, "COUNT");
            if (!call.args().is(3, "FULL") || (call.count() != 4 && !counted)) {
                throw CommandException.form(call.text(1), "XINFO");
            }
            if (counted) {
                count = call.integer(5);
                count = count < 0 ? 10 : count;
            }
        }
        ReplyWriter out = call.out();
        out.map(full ? 9 : 10);
        out.bulk("length");
        out.integer(stream.size());
        out.bulk("radix-tree-keys");
        out.integer(stream.nodes());
        out.bulk("radix-tree-nodes");
        out.integer(stream.treeNodes());
        out.bulk("last-generated-id");
        out.bulk(stream.last().toString());
        out.bulk("max-deleted-entry-id");
        out.bulk(stream.maxDeleted().toString());
        out.bulk("entries-added");
        out.integer(stream.added());
        out.bulk("recorded-first-entry-id");
        out.bulk(stream.first().toString());
        if (full) {
            full(call, stream, count == 0 ? -1 : count);
            return;
        }
        out.bulk("groups");
        out.integer(stream.groups().size());
        out.bulk("first-entry");
        end(call, stream, false);
        out.bulk("last-entry");
        end(call, stream, true);
    }

    private static void end(Call call, StreamValue stream, boolean last) {
        List<Item> found = StreamCommands.collect(stream, StreamId.MIN, StreamId.MAX, last, 1);
        if (found.isEmpty()) {
            call.out().nullBulk();
        } else {
            StreamIds.write(call.out(), found.getFirst().id(), found.getFirst().fields());
        }
    }

    private static void full(Call call, StreamValue stream, long count) {
        ReplyWriter out = call.out();
        out.bulk("entries");
        StreamCommands.write(call, StreamCommands.collect(stream, StreamId.MIN, StreamId.MAX, false, count));
        out.bulk("groups");
        out.array(stream.groups().size());
        long most = count < 0 ? Long.MAX_VALUE : count;
        for (StreamGroup group : stream.groups()) {
            out.map(7);
            out.bulk("name");
            out.bulk(group.name());
            lag(out, stream, group);
            out.bulk("pel-count");
            out.integer(group.pending());
            out.bulk("pending");
            out.array(Math.min(most, group.pending()));
            pending(group, null, most, each -> {
                out.array(4);
                out.bulk(each.id().toString());
                out.bulk(each.owner().name());
                out.integer(each.delivered());
                out.integer(each.times());
            });
            out.bulk("consumers");
            out.array(group.consumers().size());
            group.consumers().forEach(consumer -> consumer(out, group, consumer, most));
        }
    }

    private static void consumer(ReplyWriter out, StreamGroup group, Consumer consumer, long most) {
        out.map(5);
        out.bulk("name");
        out.bulk(consumer.name());
        out.bulk("seen-time");
        out.integer(consumer.seen());
        out.bulk("active-time");
        out.integer(consumer.active());
        out.bulk("pel-count");
        out.integer(consumer.pending());
        out.bulk("pending");
        out.array(Math.min(most, consumer.pending()));
        pending(group, consumer, most, each -> {
            out.array(3);
            out.bulk(each.id().toString());
            out.integer(each.delivered());
            out.integer(each.times());
        });
    }

    /** Visits so many of the first that are pending, of one consumer or of all. */
    private static void pending(
            StreamGroup group,
            @Nullable Consumer consumer,
            long most,
            java.util.function.Consumer<StreamGroup.Pending> visitor) {
        long[] left = {most};
        StreamGroup.Visitor some = each -> {
            if (left[0] > 0) {
                visitor.accept(each);
            }
            return --left[0] > 0;
        };
        if (consumer == null) {
            group.pending(StreamId.MIN, StreamId.MAX, some);
        } else {
            group.pending(consumer, StreamId.MIN, StreamId.MAX, some);
        }
    }
}
