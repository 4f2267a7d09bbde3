package io.plinth.kvcache.command.set;

import io.plinth.kvcache.command.Call;
import io.plinth.kvcache.command.CommandException;
import io.plinth.kvcache.command.CommandTable;
import io.plinth.kvcache.command.KeyEvents;
import io.plinth.kvcache.keyspace.Entry;
import io.plinth.kvcache.keyspace.KeyRef;
import io.plinth.kvcache.keyspace.value.Packing;
import io.plinth.kvcache.keyspace.value.SetValue;
import io.plinth.kvcache.keyspace.value.ValueType;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Intersections, unions and differences of sets. */
final class SetAlgebra {
    private SetAlgebra() {}

    private enum Kind {
        INTER,
        UNION,
        DIFF
    }

    static void register(CommandTable.Builder to) {
        to.add("sinter", "Returns the members all sets have.", call -> reply(call, Kind.INTER));
        to.add("sunion", "Returns the members any set has.", call -> reply(call, Kind.UNION));
        to.add("sdiff", "Returns what only the first set has.", call -> reply(call, Kind.DIFF));
        to.add("sinterstore", "Stores the members all sets have.", call -> store(call, Kind.INTER));
        to.add("sunionstore", "Stores the members any set has.", call -> store(call, Kind.UNION));
        to.add("sdiffstore", "Stores what only the first set has.", call -> store(call, Kind.DIFF));
        to.add("sintercard", "Counts the members all sets have.", SetAlgebra::count);
    }

    private static List<@Nullable SetValue> sets(Call call, int from, int to) {
        List<@Nullable SetValue> sets = new ArrayList<>();
        for (int i = from; i < to; i++) {
            Entry entry = call.read(i, ValueType.SET);
            sets.add(entry == null ? null : entry.set());
        }
        return sets;
    }

    private static SetValue combine(Call call, Kind kind, List<@Nullable SetValue> sets) {
        SetValue result = new SetValue(call.keyspace().hasher());
        Packing packing = call.keyspace().packing();
        switch (kind) {
            case INTER -> {
                List<SetValue> sorted = bySize(sets);
                if (sorted.size() == sets.size()) {
                    sorted.getFirst().forEach(member -> {
                        if (sorted.stream().skip(1).allMatch(set -> set.contains(member))) {
                            result.add(member, packing);
                        }
                    });
                }
            }
            case UNION -> {
                for (SetValue set : sets) {
                    if (set != null) {
                        set.forEach(member -> result.add(member, packing));
                    }
                }
            }
            case DIFF -> {
                SetValue first = sets.getFirst();
                if (first != null) {
                    first.forEach(member -> {
                        if (sets.stream().skip(1).noneMatch(set -> set != null && set.contains(member))) {
                            result.add(member, packing);
                        }
                    });
                }
            }
        }
        return result;
    }

    private static List<SetValue> bySize(List<@Nullable SetValue> sets) {
        List<SetValue> sorted = new ArrayList<>();
        for (SetValue set : sets) {
            if (set != null) {
                sorted.add(set);
            }
        }
        sorted.sort(Comparator.comparingLong(SetValue::size));
        return sorted;
    }

    private static void reply(Call call, Kind kind) {
        SetValue result = combine(call, kind, sets(call, 1, call.count()));
        call.out().set((int) result.size());
        result.forEach(call.out()::bulk);
    }

    private static void store(Call call, Kind kind) {
        SetValue result = combine(call, kind, sets(call, 2, call.count()));
        KeyRef target = call.key(1);
        if (result.size() > 0) {
            call.segment(target).putValue(target, result, Entry.NEVER, call.now());
            call.event(KeyEvents.SET, call.command().name(), 1);
        } else {
            Entry old = call.segment(target).peek(target, call.now());
            if (old != null) {
                call.segment(target).delete(old);
                call.event(KeyEvents.GENERIC, "del", 1);
            }
        }
        call.out().integer(result.size());
    }

    private static void count(Call call) {
        long number = call.integer(1, 1, Long.MAX_VALUE, "numkeys should be greater than 0");
        if (number > call.count() - 2) {
            throw new CommandException("ERR Number of keys can't be greater than number of args");
        }
        int end = 2 + (int) number;
        long limit = 0;
        for (int i = end; i < call.count(); i += 2) {
            if (!call.args().is(i, "LIMIT") || i + 1 >= call.count()) {
                throw CommandException.syntax();
            }
            limit = call.integer(i + 1, 0, Long.MAX_VALUE, "LIMIT can't be negative");
        }
        long size = combine(call, Kind.INTER, sets(call, 2, end)).size();
        call.out().integer(limit > 0 ? Math.min(limit, size) : size);
    }
}
