package io.plinth.lbproxy.balance;

/** The server with the fewest requests under way for its weight; turns among equals. Owned by one event loop. */
public final class LeastLoaded implements Balancer {
    private int turn;

    @Override
    public int pick(Candidates candidates) {
        int best = peek(candidates);
        turn = best == NONE ? turn : best + 1;
        return best;
    }

    @Override
    public int peek(Candidates candidates) {
        int size = candidates.size();
        int best = NONE;
        double least = 0;
        for (int i = 0; i < size; i++) {
            int index = (turn + i) % size;
            if (candidates.available(index)) {
                double load = (candidates.load(index) + 1.0) / candidates.weight(index);
                if (best == NONE || load < least) {
                    best = index;
                    least = load;
                }
            }
        }
        return best;
    }
}
