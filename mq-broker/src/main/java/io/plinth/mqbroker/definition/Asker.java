package io.plinth.mqbroker.definition;

/** Owned by the definitions' loop. Whose commands stand behind each other: behind one that was refused none of its others is done. */
public final class Asker {
    private long asked;
    private long firstRefused = Long.MAX_VALUE;

    /** The number of its next command. */
    long next() {
        return ++asked;
    }

    /** Whether a command before the one of the number was refused. */
    boolean refusedBefore(long number) {
        return firstRefused < number;
    }

    void refused(long number) {
        firstRefused = Math.min(firstRefused, number);
    }
}
