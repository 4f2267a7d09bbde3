package io.plinth.kvcache.command.zset;

import io.plinth.kvcache.command.Call;
import io.plinth.kvcache.command.CommandException;
import io.plinth.kvcache.command.CommandTable;
import io.plinth.kvcache.command.zset.SortedSetRanges.Member;
import io.plinth.kvcache.keyspace.Entry;
import io.plinth.kvcache.keyspace.KeyRef;
import io.plinth.kvcache.keyspace.value.Packing;
import io.plinth.kvcache.keyspace.value.SetValue;
import io.plinth.kvcache.keyspace.value.SortedSetValue;
import io.plinth.kvcache.keyspace.value.Value;
import io.plinth.kvcache.keyspace.value.ValueType;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Unions, intersections and differences of sorted sets and sets. */
final class SortedSetAlgebra {
    private SortedSetAlgebra() {}

    private enum Kind {
        UNION,
        INTER,
        DIFF
    }

    private enum Aggregate {
        SUM,
        MIN,
        MAX;

        /** {@code b} may be no number, as Redis has it where an infinite score of ZINTER has the weight 0. */
        double of(double a, double b) {
            return switch (this) {
                case SUM -> Double.isNaN(a + b) ? 0 : a + b;
                case MIN -> b < a ? b : a;
                case MAX -> b > a ? b : a;
            };
        }
    }

    /** One key's content and weight. */
    private record Source(@Nullable Value value, double weight) {
        long size() {
            return value == null ? 0 : value.size();
        }

        /** The score of a member without its weight, NaN where there is none. */
        double score(byte[] member) {
            if (value instanceof SetValue set) {
                return set.contains(member) ? 1 : Double.NaN;
            }
            return value instanceof SortedSetValue sorted ? sorted.score(member) : Double.NaN;
        }

        private double weighted(double score) {
            double product = weight * score;
            return Double.isNaN(product) ? 0 : product;
        }

        void forEach(SortedSetValue.Visitor visitor) {
            if (value instanceof SetValue set) {
                set.forEach(member -> visitor.visit(member, weighted(1)));
            } else if (value instanceof SortedSetValue sorted) {
                sorted.forEach((member, score) -> visitor.visit(member, weighted(score)));
            }
        }
    }

    private record Options(Aggregate aggregate, boolean scores, long limit) {}

    static void register(CommandTable.Builder to) {
        to.add("zunion", "Returns the members any has.", call -> run(call, Kind.UNION, false));
        to.add("zinter", "Returns the members all have.", call -> run(call, Kind.INTER, false));
        to.add("zdiff", "Returns what only the first has.", call -> run(call, Kind.DIFF, false));
        to.add("zunionstore", "Stores the members any has.", call -> run(call, Kind.UNION, true));
        to.add("zinterstore", "Stores the members all have.", call -> run(call, Kind.INTER, true));
        to.add("zdiffstore", "Stores what only the first has.", call -> run(call, Kind.DIFF, true));
        to.add("zintercard", "Counts the members all have.", SortedSetAlgebra::count);
    }

    private static void run(Call call, Kind kind, boolean store) {
        int numberArg = store ? 2 : 1;
        List<Source> sources = sources(call, numberArg);
        Options options = options(call, numberArg + 1 + sources.size(), kind, store, false, sources);
        List<Member> members = combine(call, kind, sources, options.aggregate);
        if (store) {
            SortedSetRanges.store(call, 1, members, call.command().name());
        } else {
            SortedSetRanges.write(call.out(), members, options.scores);
        }
    }

    private static void count(Call call) {
        List<Source> sources = sources(call, 1);
        Options options = options(call, 2 + sources.size(), Kind.INTER, false, true, sources);
        long size = combine(call, Kind.INTER, sources, Aggregate.SUM).size();
        call.out().integer(options.limit > 0 ? Math.min(size, options.limit) : size);
    }

    private static List<Source> sources(Call call, int numberArg) {
        long number = call.integer(numberArg);
        if (number < 1) {
            throw new CommandException(
                    "ERR at least 1 input key is needed for '" + call.command().name() + "' command");
        }
        if (number > call.count() - numberArg - 1) {
            throw CommandException.syntax();
        }
        List<Source> sources = new ArrayList<>();
        for (int i = 0; i < number; i++) {
            KeyRef key = call.key(numberArg + 1 + i);
            Entry entry = call.segment(key).read(key, call.now());
            if (entry != null && entry.type() != ValueType.SET && entry.type() != ValueType.SORTED_SET) {
                throw CommandException.wrongType();
            }
            sources.add(new Source(entry == null ? null : entry.value(), 1));
        }
        return sources;
    }

    private static Options options(
            Call call, int from, Kind kind, boolean store, boolean counting, List<Source> sources) {
        Aggregate aggregate = Aggregate.SUM;
        boolean scores = false;
        long limit = 0;
        boolean weighted = kind != Kind.DIFF && !counting;
        for (int i = from; i < call.count(); i++) {
            int left = call.count() - i;
            if (weighted && left > sources.size() && call.args().is(i, "WEIGHTS")) {
                for (int k = 0; k < sources.size(); k++) {
                    double weight = call.number(++i, "weight value is not a float");
                    sources.set(k, new Source(sources.get(k).value, weight));
                }
            } else if (weighted && left >= 2 && call.args().is(i, "AGGREGATE")) {
                aggregate = aggregate(call, ++i);
            } else if (!store && !counting && call.args().is(i, "WITHSCORES")) {
                scores = true;
            } else if (counting && left >= 2 && call.args().is(i, "LIMIT")) {
                limit = call.integer(++i, 0, Long.MAX_VALUE, "LIMIT can't be negative");
            } else {
                throw CommandException.syntax();
            }
        }
        return new Options(aggregate, scores, limit);
    }

    private static Aggregate aggregate(Call call, int arg) {
        for (Aggregate aggregate : AGGREGATES) {
            if (call.args().is(arg, aggregate.name())) {
                return aggregate;
            }
        }
        throw CommandException.syntax();
    }

    private static final int ENTRIES = Packing.NAMES.indexOf("zset-max-listpack-entries");

    private static final Aggregate[] AGGREGATES = Aggregate.values();

    private static List<Member> combine(Call call, Kind kind, List<Source> given, Aggregate aggregate) {
        List<Source> sources = new ArrayList<>(given);
        if (kind != Kind.DIFF) {
            sources.sort(Comparator.comparingLong(Source::size));
        }
        SortedSetValue result = new SortedSetValue(call.keyspace().hasher());
        // Not packed: there a zero has a sign, which the result shows where it is not stored.
        Packing packing = call.keyspace().packing().with(ENTRIES, 0);
        Source first = sources.getFirst();
        switch (kind) {
            case UNION -> {
                for (Source source : sources) {
                    source.forEach((member, score) -> {
                        double old = result.score(member);
                        double next = Double.isNaN(old) ? score : aggregate.of(old, score);
                        if (next == 0 && old == 0) {
                            // Equal, perhaps but for its sign.
                            result.remove(member, 0, member.length);
                        }
                        result.put(member, next, packing);
                    });
                }
            }
            case INTER ->
                first.forEach((member, score) -> {
                    double sum = score;
                    for (int i = 1; i < sources.size(); i++) {
                        double other = sources.get(i).score(member);
                        if (Double.isNaN(other)) {
                            return;
                        }
                        sum = aggregate.of(sum, sources.get(i).weight * other);
                    }
                    result.put(member, sum, packing);
                });
            case DIFF ->
                first.forEach((member, score) -> {
                    if (sources.stream().skip(1).allMatch(source -> Double.isNaN(source.score(member)))) {
                        result.put(member, score, packing);
                    }
                });
        }
        List<Member> members = new ArrayList<>();
        result.forEach((member, score) -> members.add(new Member(member, score)));
        return members;
    }
}
