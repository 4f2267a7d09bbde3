package io.plinth.lbproxy.route;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.random.RandomGenerator;

/** One of several things by its share, as pools of a canary. Immutable. */
public final class Shares<T> {
    private final List<T> things;
    private final long[] upTo;
    private final long sum;

    /** Things by name; shares of 0 are never drawn. */
    public Shares(Map<String, T> byName, Map<String, Integer> shares) {
        List<T> kept = new ArrayList<>();
        List<Long> bounds = new ArrayList<>();
        long total = 0;
        for (Map.Entry<String, T> entry : new TreeMap<>(byName).entrySet()) {
            int share = shares.getOrDefault(entry.getKey(), 0);
            if (share > 0) {
                total += share;
                kept.add(entry.getValue());
                bounds.add(total);
            }
        }
        things = List.copyOf(kept);
        upTo = bounds.stream().mapToLong(Long::longValue).toArray();
        sum = total;
    }

    /** A single thing, always drawn. */
    public static <T> Shares<T> only(T thing) {
        return new Shares<>(Map.of("", thing), Map.of("", 1));
    }

    /** Everything that may be drawn. */
    public List<T> all() {
        return things;
    }

    /** Draws one. */
    public T draw(RandomGenerator random) {
        if (upTo.length == 1) {
            return things.getFirst();
        }
        long at = random.nextLong(sum);
        int index = 0;
        while (upTo[index] <= at) {
            index++;
        }
        return things.get(index);
    }

    /** A thing's share of the whole, as text for people. */
    public String share(T thing) {
        int index = things.indexOf(thing);
        long own = index < 0 ? 0 : index == 0 ? upTo[0] : upTo[index] - upTo[index - 1];
        return own + " of " + sum;
    }
}
