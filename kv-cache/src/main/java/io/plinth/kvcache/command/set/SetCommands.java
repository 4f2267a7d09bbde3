package io.plinth.kvcache.command.set;

import io.plinth.kvcache.command.Call;
import io.plinth.kvcache.command.CommandException;
import io.plinth.kvcache.command.CommandTable;
import io.plinth.kvcache.command.KeyEvents;
import io.plinth.kvcache.command.ScanOptions;
import io.plinth.kvcache.keyspace.Entry;
import io.plinth.kvcache.keyspace.KeyRef;
import io.plinth.kvcache.keyspace.value.SetValue;
import io.plinth.kvcache.keyspace.value.ValueType;
import io.plinth.kvcache.keyspace.write.Sets;
import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/** Sets one at a time, and moves between two. */
public final class SetCommands {
    private static final int BUCKETS_PER_COUNT = 10;

    private SetCommands() {}

    /** Adds them. */
    public static void register(CommandTable.Builder to) {
        to.add("sadd", "Adds members.", SetCommands::add);
        to.add("srem", "Removes members.", SetCommands::remove);
        to.add("smove", "Moves a member to another set.", SetCommands::move);
        to.add(
                "sismember",
                "Tells whether a member is there.",
                call -> call.out().integer(contains(call, call.read(1, ValueType.SET), 2) ? 1 : 0));
        to.add("smismember", "Tells which of several members are there.", SetCommands::members);
        to.add("scard", "Returns how many members there are.", call -> {
            Entry entry = call.read(1, ValueType.SET);
            call.out().integer(entry == null ? 0 : entry.set().size());
        });
        to.add("smembers", "Returns all members.", call -> {
            Entry entry = call.read(1, ValueType.SET);
            call.out().set(entry == null ? 0 : (int) entry.set().size());
            if (entry != null) {
                entry.set().write(call.out());
            }
        });
        to.add("spop", "Takes random members.", SetCommands::pop);
        to.add("srandmember", "Returns random members.", SetCommands::random);
        to.add("sscan", "Pages through the members.", SetCommands::scan);
        SetAlgebra.register(to);
    }

    private static boolean contains(Call call, @Nullable Entry entry, int arg) {
        return entry != null
                && entry.set()
                        .contains(
                                call.args().buffer(),
                                call.args().offset(arg),
                                call.args().length(arg));
    }

    private static void add(Call call) {
        Entry entry = call.write(1, ValueType.SET);
        if (entry == null) {
            entry = call.segment()
                    .addEmpty(call.key(), new SetValue(call.keyspace().hasher()), call.now());
        }
        int added = 0;
        for (int i = 2; i < call.count(); i++) {
            if (Sets.add(call.segment(), entry, call.bytes(i))) {
                added++;
            }
        }
        if (added > 0) {
            call.event(KeyEvents.SET, "sadd", 1);
        }
        call.out().integer(added);
    }

    private static void remove(Call call) {
        Entry entry = call.write(1, ValueType.SET);
        int removed = 0;
        SetValue set = entry == null ? null : entry.set();
        for (int i = 2; entry != null && set != null && set.size() > 0 && i < call.count(); i++) {
            if (Sets.remove(call.segment(), entry, call.bytes(i))) {
                removed++;
            }
        }
        if (set != null && removed > 0) {
            call.event(KeyEvents.SET, "srem", 1);
            gone(call, set);
        }
        call.out().integer(removed);
    }

    private static void gone(Call call, SetValue set) {
        if (set.size() == 0) {
            call.event(KeyEvents.GENERIC, "del", 1);
        }
    }

    private static void move(Call call) {
        Entry from = call.write(1, ValueType.SET);
        KeyRef target = call.second(2, call.client().db());
        Entry to = call.segment(target).find(target, call.now());
        if (from == null) {
            call.out().integer(0);
            return;
        }
        if (to != null && to.type() != ValueType.SET) {
            throw CommandException.wrongType();
        }
        if (call.key().same(target) || !contains(call, from, 3)) {
            call.out().integer(contains(call, from, 3) ? 1 : 0);
            return;
        }
        SetValue source = from.set();
        Sets.remove(call.segment(), from, call.bytes(3));
        call.event(KeyEvents.SET, "srem", 1);
        gone(call, source);
        if (to == null) {
            to = call.segment(target)
                    .addEmpty(target, new SetValue(call.keyspace().hasher()), call.now());
        }
        if (Sets.add(call.segment(target), to, call.bytes(3))) {
            call.event(KeyEvents.SET, "sadd", 2);
        }
        call.out().integer(1);
    }

    private static void members(Call call) {
        Entry entry = call.read(1, ValueType.SET);
        call.out().array(call.count() - 2);
        for (int i = 2; i < call.count(); i++) {
            call.out().integer(contains(call, entry, i) ? 1 : 0);
        }
    }

    private static void pop(Call call) {
        if (call.count() > 3) {
            throw CommandException.syntax();
        }
        boolean counted = call.count() == 3;
        long count = counted ? call.integer(2, 0, Long.MAX_VALUE, "value is out of range, must be positive") : 1;
        Entry entry = call.write(1, ValueType.SET);
        if (entry == null || count == 0) {
            if (counted) {
                call.out().set(0);
            } else {
                call.out().nullBulk();
            }
            return;
        }
        SetValue set = entry.set();
        List<byte[]> taken = counted && count < set.size()
                ? distinct(set, count, call.node().random())
                : counted
                        ? distinct(set, set.size(), call.node().random())
                        : List.of(set.random(call.node().random()));
        taken.forEach(member -> Sets.remove(call.segment(), entry, member));
        call.event(KeyEvents.SET, "spop", 1);
        gone(call, set);
        if (counted) {
            call.out().set(taken.size());
        }
        taken.forEach(call.out()::bulk);
    }

    /** Some or all members, by selection sampling: one pass, each choice as likely. */
    private static List<byte[]> distinct(SetValue set, long count, RandomGenerator random) {
        List<byte[]> chosen = new ArrayList<>();
        long[] left = {set.size()};
        set.forEach(member -> {
            if (random.nextLong(left[0]) < count - chosen.size()) {
                chosen.add(member);
            }
            left[0]--;
        });
        return chosen;
    }

    private static void random(Call call) {
        if (call.count() > 3) {
            throw CommandException.syntax();
        }
        if (call.count() == 2) {
            Entry entry = call.read(1, ValueType.SET);
            call.out()
                    .bulkOrNull(
                            entry == null
                                    ? null
                                    : entry.set().random(call.node().random()));
            return;
        }
        long count = call.integer(2);
        if (count == Long.MIN_VALUE) {
            throw new CommandException(
                    "ERR value is out of range, value must between " + -Long.MAX_VALUE + " and " + Long.MAX_VALUE);
        }
        Entry entry = call.read(1, ValueType.SET);
        if (entry == null || count == 0) {
            call.out().array(0);
            return;
        }
        SetValue set = entry.set();
        if (count < 0) {
            call.out().array(-count);
            for (long i = 0; i < -count; i++) {
                call.out().bulk(set.random(call.node().random()));
            }
        } else {
            List<byte[]> chosen =
                    distinct(set, Math.min(count, set.size()), call.node().random());
            call.out().array(chosen.size());
            chosen.forEach(call.out()::bulk);
        }
    }

    private static void scan(Call call) {
        long cursor = ScanOptions.cursor(call, 2);
        Entry entry = call.read(1, ValueType.SET);
        if (entry == null) {
            ScanOptions.empty(call);
            return;
        }
        ScanOptions options = ScanOptions.parse(call, 3, false);
        List<byte[]> found = new ArrayList<>();
        int[] visited = new int[1];
        long budget = Math.max(options.count(), Math.min(options.count(), Long.MAX_VALUE / 16) * BUCKETS_PER_COUNT);
        do {
            cursor = entry.set().scan(cursor & 0xffff_ffffL, member -> {
                visited[0]++;
                if (options.match() == null || options.match().matches(member)) {
                    found.add(member);
                }
            });
        } while (cursor != 0 && visited[0] < options.count() && --budget > 0);
        call.out().array(2);
        call.out().bulkLong(cursor);
        call.out().array(found.size());
        found.forEach(call.out()::bulk);
    }
}
