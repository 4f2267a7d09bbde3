package io.plinth.kvcache.command.zset;

import io.plinth.kvcache.command.Call;
import io.plinth.kvcache.command.CommandException;
import io.plinth.kvcache.command.CommandTable;
import io.plinth.kvcache.command.KeyEvents;
import io.plinth.kvcache.command.zset.Span.By;
import io.plinth.kvcache.keyspace.Entry;
import io.plinth.kvcache.keyspace.KeyRef;
import io.plinth.kvcache.keyspace.value.Packing;
import io.plinth.kvcache.keyspace.value.SortedSetValue;
import io.plinth.kvcache.keyspace.value.ValueType;
import io.plinth.kvcache.keyspace.write.SortedSets;
import io.plinth.kvcache.wire.Doubles;
import io.plinth.kvcache.wire.ReplyWriter;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Ranges of sorted sets: returned, stored, counted, removed. */
public final class SortedSetRanges {
    private SortedSetRanges() {}

    static void register(CommandTable.Builder to) {
        to.add("zrange", "Returns a range of members.", call -> range(call, 1, null, null));
        to.add("zrangestore", "Stores a range of members.", call -> range(call, 2, null, null));
        to.add("zrevrange", "Returns a range of places from the end.", call -> range(call, 1, By.RANK, true));
        to.add("zrangebyscore", "Returns a range of scores.", call -> range(call, 1, By.SCORE, false));
        to.add("zrevrangebyscore", "Returns a range of scores downwards.", call -> range(call, 1, By.SCORE, true));
        to.add("zrangebylex", "Returns a range of names.", call -> range(call, 1, By.LEX, false));
        to.add("zrevrangebylex", "Returns a range of names downwards.", call -> range(call, 1, By.LEX, true));
        to.add("zcount", "Counts a range of scores.", call -> count(call, By.SCORE));
        to.add("zlexcount", "Counts a range of names.", call -> count(call, By.LEX));
        to.add("zremrangebyrank", "Removes a range of places.", call -> remove(call, By.RANK));
        to.add("zremrangebyscore", "Removes a range of scores.", call -> remove(call, By.SCORE));
        to.add("zremrangebylex", "Removes a range of names.", call -> remove(call, By.LEX));
    }

    private static void range(Call call, int keyArg, @Nullable By fixedBy, @Nullable Boolean fixedDown) {
        boolean store = keyArg == 2;
        By by = fixedBy;
        Boolean down = fixedDown;
        boolean scores = false;
        long offset = 0;
        long limit = -1;
        for (int i = keyArg + 3; i < call.count(); i++) {
            if (!store && call.args().is(i, "WITHSCORES")) {
                scores = true;
            } else if (call.args().is(i, "LIMIT") && i + 2 < call.count()) {
                offset = call.integer(i + 1);
                limit = call.integer(i + 2);
                i += 2;
            } else if (fixedDown == null && call.args().is(i, "REV")) {
                down = true;
            } else if (fixedBy == null && call.args().is(i, "BYLEX")) {
                by = By.LEX;
            } else if (fixedBy == null && call.args().is(i, "BYSCORE")) {
                by = By.SCORE;
            } else {
                throw CommandException.syntax();
            }
        }
        By kind = by == null ? By.RANK : by;
        boolean reverse = down != null && down;
        if (limit != -1 && kind == By.RANK) {
            throw new CommandException(
                    "ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX");
        }
        if (scores && kind == By.LEX) {
            throw new CommandException("ERR syntax error, WITHSCORES not supported in combination with BYLEX");
        }
        boolean swapped = reverse && kind != By.RANK;
        Span span = Span.parse(call, kind, keyArg + (swapped ? 2 : 1), keyArg + (swapped ? 1 : 2), reverse);
        Entry entry = call.read(keyArg, ValueType.SORTED_SET);
        List<Member> members = entry == null
                ? List.of()
                : members(
                        entry.sortedSet(),
                        span,
                        reverse,
                        // Ranks may be given LIMIT with a count of -1, which then says nothing, the offset included.
                        kind == By.RANK ? 0 : offset,
                        kind == By.RANK ? -1 : limit);
        if (store) {
            // Unlike the others it begins packed.
            store(call, 1, members, "zrangestore", packing(call, members.size() <= most(call)));
        } else {
            write(call.out(), members, scores);
        }
    }

    private static List<Member> members(SortedSetValue set, Span span, boolean down, long offset, long limit) {
        int from = span.from().applyAsInt(set);
        int to = span.to().applyAsInt(set);
        List<Member> members = new ArrayList<>();
        long count = Math.max(0, (long) to - from - offset);
        if (limit >= 0) {
            count = Math.min(count, limit);
        }
        if (offset >= 0 && count > 0) {
            int start = (int) (down ? to - 1 - offset : from + offset);
            set.range(start, (int) count, down, (member, score) -> members.add(new Member(member, score)));
        }
        return members;
    }

    /** A member and its score. */
    public record Member(byte[] name, double score) {}

    /** Writes members, with scores in pairs for RESP3. */
    static void write(ReplyWriter out, List<Member> members, boolean scores) {
        boolean nested = scores && out.protocol() == 3;
        out.array(scores && !nested ? 2L * members.size() : members.size());
        for (Member member : members) {
            if (nested) {
                out.array(2);
            }
            out.bulk(member.name);
            if (scores) {
                out.number(Doubles.text(member.score));
            }
        }
    }

    /** Makes the key at an argument these members, or removes it where there are none, and answers how many. */
    public static void store(Call call, int arg, List<Member> members, String event) {
        // What does not end up packed never was: a packed score of zero has no sign.
        int longest = call.keyspace().packing().zsetValue();
        boolean packed =
                members.size() <= most(call) && members.stream().allMatch(member -> member.name.length <= longest);
        store(call, arg, members, event, packing(call, packed));
    }

    private static int most(Call call) {
        return call.keyspace().packing().zsetEntries();
    }

    private static Packing packing(Call call, boolean packed) {
        Packing packing = call.keyspace().packing();
        return packed ? packing : packing.with(Packing.NAMES.indexOf("zset-max-listpack-entries"), 0);
    }

    private static void store(Call call, int arg, List<Member> members, String event, Packing packing) {
        KeyRef target = call.key(arg);
        if (members.isEmpty()) {
            Entry old = call.segment(target).peek(target, call.now());
            if (old != null) {
                call.segment(target).delete(old);
                call.event(KeyEvents.GENERIC, "del", arg);
            }
        } else {
            SortedSetValue value = new SortedSetValue(call.keyspace().hasher());
            for (Member member : members) {
                value.put(member.name, member.score, packing);
            }
            call.segment(target).putValue(target, value, Entry.NEVER, call.now());
            call.event(KeyEvents.SORTED_SET, event, arg);
        }
        call.out().integer(members.size());
    }

    private static void count(Call call, By by) {
        Span span = Span.parse(call, by, 2, 3, false);
        Entry entry = call.read(1, ValueType.SORTED_SET);
        call.out()
                .integer(
                        entry == null
                                ? 0
                                : Math.max(
                                        0,
                                        span.to().applyAsInt(entry.sortedSet())
                                                - span.from().applyAsInt(entry.sortedSet())));
    }

    private static void remove(Call call, By by) {
        Span span = Span.parse(call, by, 2, 3, false);
        Entry entry = call.write(1, ValueType.SORTED_SET);
        if (entry == null) {
            call.out().integer(0);
            return;
        }
        SortedSetValue set = entry.sortedSet();
        List<Member> going = members(set, span, false, 0, -1);
        going.forEach(member -> SortedSets.remove(call.segment(), entry, member.name));
        if (!going.isEmpty()) {
            call.event(KeyEvents.SORTED_SET, call.command().name(), 1);
            SortedSetCommands.gone(call, set, 1);
        }
        call.out().integer(going.size());
    }
}
