package io.plinth.kvcache.command.stream;

import io.plinth.kvcache.command.Call;
import io.plinth.kvcache.command.CommandException;
import io.plinth.kvcache.command.CommandTable;
import io.plinth.kvcache.command.KeyEvents;
import io.plinth.kvcache.command.stream.StreamCommands.Item;
import io.plinth.kvcache.keyspace.Entry;
import io.plinth.kvcache.keyspace.stream.StreamGroup;
import io.plinth.kvcache.keyspace.stream.StreamGroup.Consumer;
import io.plinth.kvcache.keyspace.stream.StreamGroup.Pending;
import io.plinth.kvcache.keyspace.stream.StreamId;
import io.plinth.kvcache.keyspace.value.ValueType;
import io.plinth.kvcache.keyspace.write.Streams;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** XCLAIM and XAUTOCLAIM: taking over what another consumer did not finish. */
final class StreamClaims {
    private static final int ATTEMPTS_PER_COUNT = 10;

    private StreamClaims() {}

    static void register(CommandTable.Builder to) {
        to.add("xclaim", "Takes over named entries.", StreamClaims::claim);
        to.add("xautoclaim", "Takes over idle entries.", StreamClaims::auto);
    }

    private record Options(
            long delivered,
            long times,
            boolean force,
            boolean justId,
            @Nullable StreamId last) {}

    private static long idle(Call call, int arg, String name) {
        return Math.max(
                0, call.integer(arg, Long.MIN_VALUE, Long.MAX_VALUE, "Invalid min-idle-time argument for " + name));
    }

    private static StreamGroup group(Call call, @Nullable Entry entry) {
        StreamGroup group = entry == null ? null : entry.stream().group(call.text(2));
        if (group == null) {
            throw new CommandException(
                    "NOGROUP No such key '" + call.text(1) + "' or consumer group '" + call.text(2) + "'");
        }
        return group;
    }

    private static void claim(Call call) {
        Entry entry = call.write(1, ValueType.STREAM);
        StreamGroup group = group(call, entry);
        long minIdle = idle(call, 4, "XCLAIM");
        List<StreamId> ids = new ArrayList<>();
        int i = 5;
        for (; i < call.count() && StreamIds.is(call.text(i)); i++) {
            ids.add(StreamIds.strict(call, i, 0));
        }
        Options options = options(call, i);
        if (entry == null) {
            return;
        }
        if (options.last != null && options.last.compareTo(group.last()) > 0) {
            Streams.position(call.segment(), entry, group, options.last, group.entriesRead());
        }
        List<Item> claimed = new ArrayList<>();
        for (StreamId id : ids) {
            Pending pending = group.pending(id);
            List<byte[]> fields = entry.stream().get(id);
            if (fields == null) {
                // Deleted in the meantime: nobody can finish it.
                Streams.acknowledge(call.segment(), entry, group, id);
                continue;
            }
            if (pending == null && !options.force) {
                continue;
            }
            if (pending != null && minIdle > 0 && call.now() - pending.delivered() < minIdle) {
                continue;
            }
            long times = options.times >= 0
                    ? options.times
                    : (pending == null ? 1 : pending.times()) + (options.justId ? 0 : 1);
            Streams.deliver(
                    call.segment(),
                    entry,
                    group,
                    id,
                    consumer(call, entry, group),
                    options.delivered,
                    Math.max(0, times));
            claimed.add(new Item(id, fields));
        }
        write(call, claimed, options.justId);
    }

    private static Options options(Call call, int from) {
        long delivered = call.now();
        long times = -1;
        boolean force = false;
        boolean justId = false;
        StreamId last = null;
        for (int i = from; i < call.count(); i++) {
            boolean more = i + 1 < call.count();
            if (call.args().is(i, "FORCE")) {
                force = true;
            } else if (call.args().is(i, "JUSTID")) {
                justId = true;
            } else if (more && call.args().is(i, "IDLE")) {
                delivered = call.now()
                        - call.integer(++i, Long.MIN_VALUE, Long.MAX_VALUE, "Invalid IDLE option argument for XCLAIM");
            } else if (more && call.args().is(i, "TIME")) {
                delivered =
                        call.integer(++i, Long.MIN_VALUE, Long.MAX_VALUE, "Invalid TIME option argument for XCLAIM");
            } else if (more && call.args().is(i, "RETRYCOUNT")) {
                times = call.integer(
                        ++i, Long.MIN_VALUE, Long.MAX_VALUE, "Invalid RETRYCOUNT option argument for XCLAIM");
            } else if (more && call.args().is(i, "LASTID")) {
                last = StreamIds.strict(call, ++i, 0);
            } else {
                throw new CommandException(
                        "ERR Unrecognized XCLAIM option '" + CommandException.clean(call.text(i)) + "'");
            }
        }
        long bounded = delivered < 0 || delivered > call.now() ? call.now() : delivered;
        return new Options(bounded, times, force, justId, last);
    }

    /** Who takes over: made with the first entry. */
    private static Consumer consumer(Call call, Entry entry, StreamGroup group) {
        Consumer consumer = group.consumer(call.text(3));
        if (consumer == null) {
            consumer = Streams.consumer(call.segment(), entry, group, call.text(3), call.now());
            call.event(KeyEvents.STREAM, "xgroup-createconsumer", 1);
        }
        consumer.seen(call.now());
        consumer.active(call.now());
        return consumer;
    }

    private static void write(Call call, List<Item> items, boolean justId) {
        if (!justId) {
            StreamCommands.write(call, items);
            return;
        }
        call.out().array(items.size());
        items.forEach(item -> call.out().bulk(item.id().toString()));
    }

    private static void auto(Call call) {
        long minIdle = idle(call, 4, "XAUTOCLAIM");
        StreamId start = StreamIds.start(call, 5);
        long count = 100;
        boolean justId = false;
        for (int i = 6; i < call.count(); i++) {
            if (call.args().is(i, "COUNT") && i + 1 < call.count()) {
                count = call.integer(++i, 1, Long.MAX_VALUE / ATTEMPTS_PER_COUNT, "COUNT must be > 0");
            } else if (call.args().is(i, "JUSTID")) {
                justId = true;
            } else {
                throw CommandException.syntax();
            }
        }
        Entry entry = call.write(1, ValueType.STREAM);
        StreamGroup group = group(call, entry);
        if (entry == null) {
            return;
        }
        List<Item> claimed = new ArrayList<>();
        List<StreamId> deleted = new ArrayList<>();
        StreamId next = StreamId.MIN;
        long most = count * ATTEMPTS_PER_COUNT;
        long attempts = most;
        List<Pending> idle = new ArrayList<>();
        group.pending(start, StreamId.MAX, each -> {
            idle.add(each);
            return idle.size() <= most;
        });
        for (Pending each : idle) {
            StreamId id = each.id();
            if (attempts-- == 0 || count == 0) {
                next = id;
                break;
            }
            List<byte[]> fields = entry.stream().get(id);
            if (fields == null) {
                Streams.acknowledge(call.segment(), entry, group, id);
                deleted.add(id);
                count--;
            } else if (minIdle == 0 || call.now() - each.delivered() >= minIdle) {
                long times = each.times() + (justId ? 0 : 1);
                Streams.deliver(call.segment(), entry, group, id, consumer(call, entry, group), call.now(), times);
                claimed.add(new Item(id, fields));
                count--;
            }
        }
        call.out().array(3);
        call.out().bulk(next.toString());
        write(call, claimed, justId);
        call.out().array(deleted.size());
        deleted.forEach(id -> call.out().bulk(id.toString()));
    }
}
