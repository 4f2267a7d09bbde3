package io.plinth.lbproxy.balance;

/** Picks the next server. One per event loop and pool, owned by that loop. */
public interface Balancer {
    /** What {@link #pick} returns when no candidate is available. */
    int NONE = -1;

    /** The position of an available candidate, or {@link #NONE}. */
    int pick(Candidates candidates);

    /** What {@link #pick} would return now, without its turn being taken; where chance decides, one of its results. */
    default int peek(Candidates candidates) {
        return pick(candidates);
    }
}
