package io.plinth.lbproxy.balance;

import java.util.random.RandomGenerator;

/**
 * The cheaper of two available servers picked at random (Mitzenmacher, 2001), which avoids both the herd that "always
 * the cheapest" makes and the blindness of turns. Owned by one event loop.
 */
public final class PowerOfTwo implements Balancer {
    private final RandomGenerator random;

    public PowerOfTwo(RandomGenerator random) {
        this.random = random;
    }

    @Override
    public int pick(Candidates candidates) {
        int size = candidates.size();
        if (size == 0) {
            return NONE;
        }
        int first = availableFrom(candidates, random.nextInt(size), NONE);
        if (first == NONE || size == 1) {
            return first;
        }
        int second = availableFrom(candidates, random.nextInt(size), first);
        if (second == NONE) {
            return first;
        }
        double one = candidates.cost(first) / candidates.weight(first);
        double other = candidates.cost(second) / candidates.weight(second);
        return other < one ? second : first;
    }

    private static int availableFrom(Candidates candidates, int start, int but) {
        int size = candidates.size();
        int index = start;
        for (int i = 0; i < size; i++) {
            if (index != but && candidates.available(index)) {
                return index;
            }
            index = index + 1 == size ? 0 : index + 1;
        }
        return NONE;
    }
}
