package io.plinth.kvcache.command.zset;

import io.plinth.kvcache.command.Call;
import io.plinth.kvcache.command.CommandException;
import io.plinth.kvcache.command.CommandTable;
import io.plinth.kvcache.command.KeyEvents;
import io.plinth.kvcache.command.ScanOptions;
import io.plinth.kvcache.command.zset.SortedSetRanges.Member;
import io.plinth.kvcache.keyspace.Entry;
import io.plinth.kvcache.keyspace.value.SortedSetValue;
import io.plinth.kvcache.keyspace.value.ValueType;
import io.plinth.kvcache.keyspace.write.SortedSets;
import io.plinth.kvcache.wire.Doubles;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.random.RandomGenerator;

/** Members taken from an end, from one of several keys or by chance, and pages of all of them. */
final class SortedSetPops {
    private static final int BUCKETS_PER_COUNT = 10;

    private SortedSetPops() {}

    static void register(CommandTable.Builder to) {
        to.add("zpopmin", "Takes the members with the lowest scores.", call -> pop(call, true));
        to.add("zpopmax", "Takes the members with the highest scores.", call -> pop(call, false));
        to.add("bzpopmin", "Takes the lowest member, waiting for one.", call -> first(call, true));
        to.add("bzpopmax", "Takes the highest member, waiting for one.", call -> first(call, false));
        to.add("zmpop", "Takes members of the first sorted set that has some.", call -> multi(call, 1));
        to.add("bzmpop", "Takes members, waiting for some.", call -> multi(call, 2));
        to.add("zrandmember", "Returns random members.", SortedSetPops::random);
        to.add("zscan", "Pages through members and scores.", SortedSetPops::scan);
    }

    private static List<Member> take(Call call, Entry entry, int keyArg, boolean lowest, long count) {
        SortedSetValue set = entry.sortedSet();
        List<Member> taken = new ArrayList<>();
        int number = (int) Math.min(count, set.size());
        set.range(
                lowest ? 0 : (int) set.size() - 1,
                number,
                !lowest,
                (member, score) -> taken.add(new Member(member, score)));
        taken.forEach(member -> SortedSets.remove(call.segment(), entry, member.name()));
        if (!taken.isEmpty()) {
            call.event(KeyEvents.SORTED_SET, lowest ? "zpopmin" : "zpopmax", keyArg);
            SortedSetCommands.gone(call, set, keyArg);
        }
        return taken;
    }

    private static void pop(Call call, boolean lowest) {
        if (call.count() > 3) {
            throw CommandException.syntax();
        }
        boolean counted = call.count() == 3;
        long count = counted ? call.integer(2, 0, Long.MAX_VALUE, "value is out of range, must be positive") : 1;
        Entry entry = call.write(1, ValueType.SORTED_SET);
        List<Member> taken = entry == null ? List.of() : take(call, entry, 1, lowest, count);
        if (counted) {
            SortedSetRanges.write(call.out(), taken, true);
            return;
        }
        call.out().array(2L * taken.size());
        for (Member member : taken) {
            call.out().bulk(member.name());
            call.out().number(Doubles.text(member.score()));
        }
    }

    private static void first(Call call, boolean lowest) {
        long timeout = call.timeout(call.count() - 1);
        List<Integer> keys = new ArrayList<>();
        for (int i = 1; i < call.count() - 1; i++) {
            Entry entry = !call.considers(i) ? null : call.write(i, ValueType.SORTED_SET);
            if (entry != null) {
                Member member = take(call, entry, i, lowest, 1).getFirst();
                call.out().array(3);
                call.out().bulk(call.bytes(i));
                call.out().bulk(member.name());
                call.out().number(Doubles.text(member.score()));
                return;
            }
            keys.add(i);
        }
        call.block(keys, ValueType.SORTED_SET, timeout, true, call.args());
    }

    private static void multi(Call call, int numberArg) {
        long number = call.integer(numberArg, 1, Long.MAX_VALUE, "numkeys should be greater than 0");
        if (number >= call.count() - numberArg - 1) {
            throw CommandException.syntax();
        }
        int whereArg = numberArg + (int) number + 1;
        boolean lowest = call.args().is(whereArg, "MIN");
        if (!lowest && !call.args().is(whereArg, "MAX")) {
            throw CommandException.syntax();
        }
        long count = 1;
        for (int i = whereArg + 1; i < call.count(); i += 2) {
            if (i > whereArg + 1 || !call.args().is(i, "COUNT") || i + 1 >= call.count()) {
                throw CommandException.syntax();
            }
            count = call.integer(i + 1, 1, Long.MAX_VALUE, "count should be greater than 0");
        }
        long timeout = numberArg == 1 ? -1 : call.timeout(1);
        List<Integer> keys = new ArrayList<>();
        for (int i = numberArg + 1; i < whereArg; i++) {
            Entry entry = !call.considers(i) ? null : call.write(i, ValueType.SORTED_SET);
            if (entry != null) {
                List<Member> taken = take(call, entry, i, lowest, count);
                call.out().array(2);
                call.out().bulk(call.bytes(i));
                call.out().array(taken.size());
                for (Member member : taken) {
                    call.out().array(2);
                    call.out().bulk(member.name());
                    call.out().number(Doubles.text(member.score()));
                }
                return;
            }
            keys.add(i);
        }
        if (timeout < 0) {
            call.out().nullArray();
        } else {
            call.block(keys, ValueType.SORTED_SET, timeout, true, call.args());
        }
    }

    private static void random(Call call) {
        if (call.count() == 2) {
            Entry entry = call.read(1, ValueType.SORTED_SET);
            if (entry == null) {
                call.out().nullBulk();
            } else {
                call.out()
                        .bulk(at(
                                        entry.sortedSet(),
                                        entry.sortedSet().random(call.node().random()))
                                .name());
            }
            return;
        }
        long count = call.integer(2);
        if (count == Long.MIN_VALUE) {
            throw new CommandException(
                    "ERR value is out of range, value must between " + -Long.MAX_VALUE + " and " + Long.MAX_VALUE);
        }
        boolean scores = call.count() == 4 && call.args().is(3, "WITHSCORES");
        if (call.count() > 4 || (call.count() == 4 && !scores)) {
            throw CommandException.syntax();
        }
        if (scores && (count < -Long.MAX_VALUE / 2 || count > Long.MAX_VALUE / 2)) {
            throw new CommandException("ERR value is out of range");
        }
        Entry entry = call.read(1, ValueType.SORTED_SET);
        if (entry == null || count == 0) {
            call.out().array(0);
            return;
        }
        write(call, entry.sortedSet(), count, scores);
    }

    private static void write(Call call, SortedSetValue set, long count, boolean scores) {
        RandomGenerator random = call.node().random();
        if (count >= 0) {
            SortedSetRanges.write(call.out(), distinct(set, (int) Math.min(count, set.size()), random), scores);
            return;
        }
        boolean nested = scores && call.out().protocol() == 3;
        call.out().array(scores && !nested ? -2 * count : -count);
        for (long i = 0; i < -count; i++) {
            Member member = at(set, set.random(random));
            if (nested) {
                call.out().array(2);
            }
            call.out().bulk(member.name());
            if (scores) {
                call.out().number(Doubles.text(member.score()));
            }
        }
    }

    private static List<Member> distinct(SortedSetValue set, int count, RandomGenerator random) {
        List<Member> chosen = new ArrayList<>();
        if (count > set.size() / 3) {
            long[] left = {set.size()};
            set.forEach((member, score) -> {
                if (random.nextLong(left[0]) < count - chosen.size()) {
                    chosen.add(new Member(member, score));
                }
                left[0]--;
            });
            return chosen;
        }
        Set<Integer> ranks = new HashSet<>();
        while (chosen.size() < count) {
            int rank = set.random(random);
            if (ranks.add(rank)) {
                chosen.add(at(set, rank));
            }
        }
        return chosen;
    }

    private static Member at(SortedSetValue set, int rank) {
        Member[] found = new Member[1];
        set.range(rank, 1, false, (member, score) -> found[0] = new Member(member, score));
        return found[0];
    }

    private static void scan(Call call) {
        long cursor = ScanOptions.cursor(call, 2);
        Entry entry = call.read(1, ValueType.SORTED_SET);
        if (entry == null) {
            ScanOptions.empty(call);
            return;
        }
        ScanOptions options = ScanOptions.parse(call, 3, false);
        List<byte[]> found = new ArrayList<>();
        int[] visited = new int[1];
        long budget = Math.max(options.count(), Math.min(options.count(), Long.MAX_VALUE / 16) * BUCKETS_PER_COUNT);
        do {
            cursor = entry.sortedSet().scan(cursor & 0xffff_ffffL, (member, score) -> {
                visited[0]++;
                if (options.match() == null || options.match().matches(member)) {
                    found.add(member);
                    found.add(Doubles.bytes(score));
                }
            });
        } while (cursor != 0 && visited[0] < options.count() && --budget > 0);
        call.out().array(2);
        call.out().bulkLong(cursor);
        call.out().array(found.size());
        found.forEach(call.out()::bulk);
    }
}
