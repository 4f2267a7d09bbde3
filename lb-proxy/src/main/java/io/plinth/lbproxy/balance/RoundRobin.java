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
        int size = candidates.size();
        if (credit.length != size) {
            credit = Arrays.copyOf(credit, size);
        }
        int best = NONE;
        long sum = 0;
        for (int i = 0; i < size; i++) {
            if (candidates.available(i)) {
                int weight = candidates.weight(i);
                credit[i] += weight;
                sum += weight;
                if (best == NONE || credit[i] > credit[best]) {
                    best = i;
                }
            }
        }
        if (best != NONE) {
            credit[best] -= sum;
        }
        return best;
    }
}
