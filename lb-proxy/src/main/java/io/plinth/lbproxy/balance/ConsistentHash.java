package io.plinth.lbproxy.balance;

import io.plinth.kit.hashing.Ring;

/**
 * The server a key belongs to, while it is not loaded beyond a bound above its share; then the next on the ring
 * (Mirrokni, Thorup, Zadimoghaddam 2016). Owned by one event loop.
 */
public final class ConsistentHash implements Balancer {
    private final Ring ring;
    private final int[] candidateOf;
    private final double bound;

    /**
     * Picks along a ring.
     *
     * @param candidateOf the candidate's position for each of the ring's nodes in its order
     * @param bound a server may have this much of its share, as 1.25
     */
    public ConsistentHash(Ring ring, int[] candidateOf, double bound) {
        this.ring = ring;
        this.candidateOf = candidateOf.clone();
        this.bound = bound;
    }

    @Override
    public int pick(Candidates candidates) {
        long loads = 1;
        long weights = 0;
        int any = NONE;
        for (int i = 0; i < candidates.size(); i++) {
            if (candidates.available(i)) {
                loads += candidates.load(i);
                weights += candidates.weight(i);
                any = i;
            }
        }
        if (any == NONE) {
            return NONE;
        }
        double perWeight = bound * loads / weights;
        int[] found = {NONE};
        ring.owner(candidates.key(), node -> {
            int index = candidateOf[node];
            boolean fits = candidates.available(index)
                    && candidates.load(index) < Math.ceil(perWeight * candidates.weight(index));
            found[0] = fits ? index : found[0];
            return fits;
        });
        return found[0] == NONE ? any : found[0];
    }
}
