package io.plinth.kit.hashing;

import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.ToIntFunction;

/** Whole shares of a total by weight: every share is within one of its exact value and they sum to the total. */
final class Quotas {
    private Quotas() {}

    /**
     * Shares by the largest remainder.
     *
     * @param held what a name has already; among equal remainders the one that has more is rounded up, so that nothing
     *     moves for rounding's sake
     */
    static SortedMap<String, Integer> of(int total, Map<String, Integer> weights, ToIntFunction<String> held) {
        long sum = 0;
        for (Map.Entry<String, Integer> weight : weights.entrySet()) {
            if (weight.getValue() < 1) {
                throw new IllegalArgumentException(
                        "weight of " + weight.getKey() + ": " + weight.getValue() + " (expected: >= 1)");
            }
            sum += weight.getValue();
        }
        SortedMap<String, Integer> quotas = new TreeMap<>();
        Map<String, Long> remainders = new TreeMap<>();
        int given = 0;
        for (Map.Entry<String, Integer> weight : weights.entrySet()) {
            long share = (long) total * weight.getValue();
            quotas.put(weight.getKey(), (int) (share / sum));
            remainders.put(weight.getKey(), share % sum);
            given += (int) (share / sum);
        }
        List<String> order = remainders.entrySet().stream()
                .sorted(Comparator.<Map.Entry<String, Long>>comparingLong(Map.Entry::getValue)
                        .thenComparingInt(entry -> held.applyAsInt(entry.getKey()))
                        .reversed()
                        .thenComparing(Map.Entry::getKey))
                .map(Map.Entry::getKey)
                .toList();
        for (int i = 0; i < total - given; i++) {
            quotas.merge(order.get(i), 1, Integer::sum);
        }
        return quotas;
    }
}
