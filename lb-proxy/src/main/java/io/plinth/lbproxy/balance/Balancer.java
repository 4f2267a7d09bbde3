package io.plinth.lbproxy.balance;

/** Picks the next server. One per event loop and pool, owned by that loop. */
public interface Balancer {
    /** What {@link #pick} returns when no candidate is available. */
    int NONE = -1;

    /** The position of an available candidate, or {@link #NONE}. */
    int pick(Candidates candidates);
}
