package io.plinth.lbproxy.balance;

/** The servers of a pool as a balancer sees them, by position. */
public interface Candidates {
    int size();

    /** Whether the server may be picked now. */
    boolean available(int index);

    /** At least 1; only its relation to the others counts. */
    int weight(int index);

    /** What a further request there would cost; lower is better. */
    double cost(int index);

    /** Requests under way there. */
    int load(int index);

    /** The hash of what the request is to be told apart by. */
    long key();
}
