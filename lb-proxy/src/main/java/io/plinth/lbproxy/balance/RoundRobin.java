package io.plinth.lbproxy.balance;

import java.util.Arrays;

/**
 * Servers in turn by weight, evenly mixed: each turn every available server gains its weight, the richest is picked
 * and pays the sum. Owned by one event loop.
 */
public final class RoundRobin implements Balancer {
    private long[] credit = new long[0];

    @Override
    public int pick(Candidates candidates) {
        return choose(candidates, true);
    }

    @Override
    public int peek(Candidates candidates) {
        return choose(candidates, false);
    }

    private int choose(Candidates candidates, boolean takeTurn) {
        int size = candidates.size();
        if (credit.length != size) {
            credit = Arrays.copyOf(credit, size);
        }
        int best = NONE;
        long richest = 0;
        long sum = 0;
        for (int i = 0; i < size; i++) {
            if (candidates.available(i)) {
                int weight = candidates.weight(i);
                long own = credit[i] + weight;
                credit[i] = takeTurn ? own : credit[i];
                sum += weight;
                if (best == NONE || own > richest) {
                    best = i;
                    richest = own;
                }
            }
        }
        if (best != NONE && takeTurn) {
            credit[best] -= sum;
        }
        return best;
    }
}
