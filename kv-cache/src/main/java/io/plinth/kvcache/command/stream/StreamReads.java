package io.plinth.kvcache.command.stream;

import io.plinth.kvcache.command.Call;
import io.plinth.kvcache.command.CommandException;
import io.plinth.kvcache.command.CommandTable;
import io.plinth.kvcache.command.KeyEvents;
import io.plinth.kvcache.keyspace.Entry;
import io.plinth.kvcache.keyspace.stream.StreamGroup;
import io.plinth.kvcache.keyspace.stream.StreamGroup.Consumer;
import io.plinth.kvcache.keyspace.stream.StreamGroup.Pending;
import io.plinth.kvcache.keyspace.stream.StreamId;
import io.plinth.kvcache.keyspace.value.StreamValue;
import io.plinth.kvcache.keyspace.value.ValueType;
import io.plinth.kvcache.keyspace.write.Streams;
import io.plinth.kvcache.wire.Args;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** XREAD and XREADGROUP. */
final class StreamReads {
    private StreamReads() {}

    private record Options(
            long count,
            long block,
            boolean noAck,
            @Nullable String group,
            @Nullable String consumer,
            int firstKey) {
        int keys(Call call) {
            return (call.count() - firstKey) / 2;
        }
    }

    static void register(CommandTable.Builder to) {
        to.add("xread", "Returns entries of several streams, waiting for some.", call -> read(call, false));
        to.add("xreadgroup", "Returns entries for a consumer of a group.", call -> read(call, true));
    }

    private static Options options(Call call, boolean grouped) {
        long count = -1;
        long block = -1;
        boolean noAck = false;
        String group = null;
        String consumer = null;
        for (int i = 1; i < call.count(); i++) {
            int left = call.count() - i - 1;
            if (left > 0 && call.args().is(i, "BLOCK")) {
                block = call.integer(++i, Long.MIN_VALUE, Long.MAX_VALUE, "timeout is not an integer or out of range");
                if (block < 0) {
                    throw new CommandException("ERR timeout is negative");
                }
            } else if (left > 0 && call.args().is(i, "COUNT")) {
                count = Math.max(0, call.integer(++i));
            } else if (left > 0 && call.args().is(i, "STREAMS")) {
                if (left % 2 != 0) {
                    throw new CommandException("ERR Unbalanced XREAD list of streams: for each stream key an ID or '$'"
                            + " must be specified.");
                }
                if (grouped && group == null) {
                    throw new CommandException("ERR Missing GROUP option for XREADGROUP");
                }
                return new Options(count, block, noAck, group, consumer, i + 1);
            } else if (left > 1 && call.args().is(i, "GROUP")) {
                if (!grouped) {
                    throw new CommandException(
                            "ERR The GROUP option is only supported by XREADGROUP. You called XREAD instead.");
                }
                group = call.text(++i);
                consumer = call.text(++i);
            } else if (call.args().is(i, "NOACK")) {
                if (!grouped) {
                    throw new CommandException(
                            "ERR The NOACK option is only supported by XREADGROUP. You called XREAD instead.");
                }
                noAck = true;
            } else {
                throw CommandException.syntax();
            }
        }
        throw CommandException.syntax();
    }

    /** A stream to read, and from where; {@code from} is null for what the group has not read. */
    private record Source(
            int keyArg,
            @Nullable Entry entry,
            @Nullable StreamId from,
            @Nullable StreamGroup group) {}

    private static void read(Call call, boolean grouped) {
        Options options = options(call, grouped);
        int keys = options.keys(call);
        List<Source> sources = new ArrayList<>();
        for (int i = 0; i < keys; i++) {
            sources.add(source(call, options, options.firstKey + i, options.firstKey + keys + i));
        }
        List<Served> served = new ArrayList<>();
        for (Source source : sources) {
            // Redis looks each up once to know from where, and once to read, and so counts it twice.
            call.read(source.keyArg, ValueType.STREAM);
            // One after the other: a stream that is named twice has nothing new the second time.
            if (ready(source)) {
                served.add(new Served(source, serve(call, options, source)));
            }
        }
        if (!served.isEmpty()) {
            write(call, served);
        } else if (options.block >= 0) {
            wait(call, options, sources);
        } else {
            call.out().nullArray();
        }
    }

    private static Source source(Call call, Options options, int keyArg, int idArg) {
        Entry entry = call.read(keyArg, ValueType.STREAM);
        StreamGroup group = null;
        String name = options.group;
        if (name != null) {
            group = entry == null ? null : entry.stream().group(name);
            if (group == null) {
                throw new CommandException("NOGROUP No such key '" + call.text(keyArg) + "' or consumer group '" + name
                        + "' in XREADGROUP with GROUP option");
            }
        }
        String id = call.text(idArg);
        if (id.equals("$")) {
            if (group != null) {
                throw new CommandException("ERR The $ ID is meaningless in the context of XREADGROUP: you want to read"
                        + " the history of this consumer by specifying a proper ID, or use the > ID to get new"
                        + " messages. The $ ID would just return an empty result set.");
            }
            return new Source(
                    keyArg, entry, entry == null ? StreamId.MIN : entry.stream().last(), null);
        }
        if (id.equals(">")) {
            if (group == null) {
                throw new CommandException("ERR The > ID can be specified only when calling XREADGROUP using the GROUP"
                        + " <group> <consumer> option.");
            }
            return new Source(keyArg, entry, null, group);
        }
        return new Source(keyArg, entry, StreamIds.strict(call, idArg, 0), group);
    }

    private static boolean ready(Source source) {
        Entry entry = source.entry;
        if (entry == null) {
            return false;
        }
        if (source.group != null && source.from != null) {
            return true;
        }
        StreamId after = source.from != null ? source.from : source.group == null ? StreamId.MIN : source.group.last();
        StreamValue stream = entry.stream();
        if (stream.size() == 0) {
            return false;
        }
        return stream.top().compareTo(after) > 0;
    }

    /** An entry of the reply; without fields where it was deleted. */
    private record Item(StreamId id, @Nullable List<byte[]> fields) {}

    private record Served(Source source, List<Item> items) {}

    private static void write(Call call, List<Served> served) {
        boolean map = call.out().protocol() == 3;
        if (map) {
            call.out().map(served.size());
        } else {
            call.out().array(served.size());
        }
        for (Served each : served) {
            if (!map) {
                call.out().array(2);
            }
            call.out().bulk(call.bytes(each.source.keyArg));
            call.out().array(each.items.size());
            each.items.forEach(item -> StreamIds.write(call.out(), item.id, item.fields));
        }
    }

    private static List<Item> collect(StreamValue stream, @Nullable StreamId from, long count) {
        List<Item> found = new ArrayList<>();
        if (from != null) {
            stream.range(from, StreamId.MAX, false, (id, fields) -> {
                found.add(new Item(id, fields));
                return count < 0 || found.size() < count;
            });
        }
        return found;
    }

    private static List<Item> serve(Call call, Options options, Source source) {
        Entry entry = source.entry;
        StreamGroup group = source.group;
        long count = options.count == 0 ? -1 : options.count;
        if (entry == null) {
            throw new IllegalStateException("stream: absent (expected: served only where it is there)");
        }
        call.key(source.keyArg);
        String name = options.consumer;
        if (group == null || name == null) {
            return collect(entry.stream(), source.from == null ? StreamId.MIN : source.from.next(), count);
        }
        Consumer consumer = group.consumer(name);
        if (consumer == null) {
            consumer = Streams.consumer(call.segment(), entry, group, name, call.now());
            call.event(KeyEvents.STREAM, "xgroup-createconsumer", source.keyArg);
        }
        consumer.seen(call.now());
        return source.from != null
                ? history(call, entry.stream(), group, consumer, source.from, count)
                : deliver(call, entry, group, consumer, count, options.noAck);
    }

    private static List<Item> history(
            Call call, StreamValue stream, StreamGroup group, Consumer consumer, StreamId from, long count) {
        List<Item> items = new ArrayList<>();
        StreamId next = from.next();
        if (next != null) {
            for (StreamId id : consumer.pending(next, count < 0 ? Long.MAX_VALUE : count)) {
                items.add(new Item(id, stream.get(id)));
            }
        }
        for (Item item : items) {
            Pending pending = group.pending(item.id);
            // Counts as delivered once more, but is no change that others are told of, as in Redis.
            if (pending != null && item.fields != null) {
                group.deliver(item.id, consumer, call.now(), pending.times() + 1);
            }
        }
        return items;
    }

    private static List<Item> deliver(
            Call call, Entry entry, StreamGroup group, Consumer consumer, long count, boolean noAck) {
        StreamValue stream = entry.stream();
        List<Item> items = collect(stream, group.last().next(), count);
        long read = group.entriesRead();
        for (Item item : items) {
            read = Progress.after(stream, group, item.id, read);
            if (!noAck) {
                Streams.deliver(call.segment(), entry, group, item.id, consumer, call.now(), 1);
            }
        }
        if (!items.isEmpty()) {
            consumer.active(call.now());
            Streams.position(call.segment(), entry, group, items.getLast().id, read);
        }
        return items;
    }

    /** What {@code $} stands for now is what it stands for when the wait ends. */
    private static void wait(Call call, Options options, List<Source> sources) {
        byte[][] words = new byte[call.count()][];
        for (int i = 0; i < words.length; i++) {
            words[i] = call.bytes(i);
        }
        List<Integer> keyArgs = new ArrayList<>();
        for (Source source : sources) {
            keyArgs.add(source.keyArg);
            StreamId from = source.from;
            if (from != null && source.group == null) {
                words[source.keyArg + sources.size()] = from.toString().getBytes(StandardCharsets.US_ASCII);
            }
        }
        ValueType type = options.group == null ? ValueType.STREAM : null;
        call.block(keyArgs, type, options.block, true, Args.of(words));
    }
}
