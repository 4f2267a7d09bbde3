package io.plinth.kvcache.command.zset;

import io.plinth.kvcache.command.Call;
import io.plinth.kvcache.command.CommandException;
import io.plinth.kvcache.command.CommandTable;
import io.plinth.kvcache.command.KeyEvents;
import io.plinth.kvcache.keyspace.Entry;
import io.plinth.kvcache.keyspace.value.SortedSetValue;
import io.plinth.kvcache.keyspace.value.ValueType;
import io.plinth.kvcache.keyspace.write.SortedSets;
import io.plinth.kvcache.wire.Doubles;
import org.jspecify.annotations.Nullable;

/** Members and scores one by one. */
public final class SortedSetCommands {
    private static final String NOT_FLOAT = "value is not a valid float";
    private static final int NX = 1;
    private static final int XX = 2;
    private static final int GT = 4;
    private static final int LT = 8;
    private static final int CH = 16;
    private static final int INCR = 32;

    private SortedSetCommands() {}

    /** Adds them. */
    public static void register(CommandTable.Builder to) {
        to.add("zadd", "Sets members' scores.", SortedSetCommands::add);
        to.add("zincrby", "Adds to a member's score.", call -> add(call, INCR, 2));
        to.add("zrem", "Removes members.", SortedSetCommands::remove);
        to.add("zcard", "Returns how many members there are.", call -> {
            Entry entry = call.read(1, ValueType.SORTED_SET);
            call.out().integer(entry == null ? 0 : entry.sortedSet().size());
        });
        to.add("zscore", "Returns a member's score.", call -> score(call, call.read(1, ValueType.SORTED_SET), 2));
        to.add("zmscore", "Returns several members' scores.", call -> {
            Entry entry = call.read(1, ValueType.SORTED_SET);
            call.out().array(call.count() - 2);
            for (int i = 2; i < call.count(); i++) {
                score(call, entry, i);
            }
        });
        to.add("zrank", "Returns a member's place from the lowest score.", call -> rank(call, false));
        to.add("zrevrank", "Returns a member's place from the highest score.", call -> rank(call, true));
        SortedSetRanges.register(to);
        SortedSetPops.register(to);
        SortedSetAlgebra.register(to);
    }

    private static void score(Call call, @Nullable Entry entry, int arg) {
        double score = entry == null ? Double.NaN : entry.sortedSet().score(call.bytes(arg));
        if (Double.isNaN(score)) {
            call.out().nullBulk();
        } else {
            call.out().number(Doubles.text(score));
        }
    }

    private static int option(Call call, int arg) {
        if (call.args().is(arg, "NX")) {
            return NX;
        }
        if (call.args().is(arg, "XX")) {
            return XX;
        }
        if (call.args().is(arg, "GT")) {
            return GT;
        }
        if (call.args().is(arg, "LT")) {
            return LT;
        }
        if (call.args().is(arg, "CH")) {
            return CH;
        }
        return call.args().is(arg, "INCR") ? INCR : 0;
    }

    private static void add(Call call) {
        int options = 0;
        int first = 2;
        for (int option = option(call, first); option != 0; option = first < call.count() ? option(call, first) : 0) {
            options |= option;
            first++;
        }
        add(call, options, first);
    }

    private static void add(Call call, int options, int first) {
        int elements = call.count() - first;
        if (elements % 2 != 0 || elements == 0) {
            throw CommandException.syntax();
        }
        if ((options & (NX | XX)) == (NX | XX)) {
            throw new CommandException("ERR XX and NX options at the same time are not compatible");
        }
        if (Integer.bitCount(options & (NX | GT | LT)) > 1) {
            throw new CommandException("ERR GT, LT, and/or NX options at the same time are not compatible");
        }
        if ((options & INCR) != 0 && elements > 2) {
            throw new CommandException("ERR INCR option supports a single increment-element pair");
        }
        for (int i = first; i < call.count(); i += 2) {
            call.number(i, NOT_FLOAT);
        }
        Entry entry = call.write(1, ValueType.SORTED_SET);
        if (entry == null && (options & XX) != 0) {
            if ((options & INCR) != 0) {
                call.out().nullBulk();
            } else {
                call.out().integer(0);
            }
            return;
        }
        put(call, entry, options, first);
    }

    private static void put(Call call, @Nullable Entry existing, int options, int first) {
        Entry entry = existing;
        int added = 0;
        int updated = 0;
        boolean done = false;
        // Otherwise what is there is looked for once, where it is changed.
        boolean asks = (options & ~CH) != 0;
        double score = 0;
        for (int i = first; i < call.count(); i += 2) {
            byte[] member = call.bytes(i + 1);
            score = call.number(i, NOT_FLOAT);
            double old = !asks || entry == null ? Double.NaN : entry.sortedSet().score(member);
            boolean present = !Double.isNaN(old);
            if ((options & INCR) != 0 && present) {
                score += old;
                if (Double.isNaN(score)) {
                    throw new CommandException("ERR resulting score is not a number (NaN)");
                }
            }
            boolean skipped = present
                    ? (options & NX) != 0
                            || ((options & GT) != 0 && score <= old)
                            || ((options & LT) != 0 && score >= old)
                    : (options & XX) != 0;
            if (skipped) {
                continue;
            }
            done = true;
            if (entry == null) {
                entry = call.segment()
                        .addEmpty(call.key(), new SortedSetValue(call.keyspace().hasher()), call.now());
            }
            double before = SortedSets.put(call.segment(), entry, member, score);
            if (Double.isNaN(before)) {
                added++;
            } else if (before != score) {
                updated++;
            }
        }
        if (added + updated > 0) {
            call.event(KeyEvents.SORTED_SET, (options & INCR) != 0 ? "zincr" : "zadd", 1);
        }
        if ((options & INCR) == 0) {
            call.out().integer((options & CH) != 0 ? added + updated : added);
        } else if (done) {
            call.out().number(Doubles.text(score));
        } else {
            call.out().nullBulk();
        }
    }

    private static void remove(Call call) {
        Entry entry = call.write(1, ValueType.SORTED_SET);
        SortedSetValue set = entry == null ? null : entry.sortedSet();
        int removed = 0;
        for (int i = 2; entry != null && set != null && set.size() > 0 && i < call.count(); i++) {
            if (SortedSets.remove(call.segment(), entry, call.bytes(i))) {
                removed++;
            }
        }
        if (set != null && removed > 0) {
            call.event(KeyEvents.SORTED_SET, "zrem", 1);
            gone(call, set, 1);
        }
        call.out().integer(removed);
    }

    /** Tells when the key went with its last member. */
    static void gone(Call call, SortedSetValue set, int keyArg) {
        if (set.size() == 0) {
            call.event(KeyEvents.GENERIC, "del", keyArg);
        }
    }

    private static void rank(Call call, boolean reverse) {
        boolean scored = call.count() == 4 && call.args().is(3, "WITHSCORE");
        if (call.count() > 3 && !scored) {
            throw CommandException.syntax();
        }
        Entry entry = call.read(1, ValueType.SORTED_SET);
        byte[] member = call.bytes(2);
        int rank = entry == null ? -1 : entry.sortedSet().rank(member);
        if (entry == null || rank < 0) {
            if (scored) {
                call.out().nullArray();
            } else {
                call.out().nullBulk();
            }
            return;
        }
        if (scored) {
            call.out().array(2);
        }
        call.out().integer(reverse ? entry.sortedSet().size() - 1 - rank : rank);
        if (scored) {
            call.out().number(Doubles.text(entry.sortedSet().score(member)));
        }
    }
}
