package io.plinth.kit.health;

/**
 * When results become a verdict. Owned by whoever reports; plain logic.
 *
 * <p>The first result is believed at once. From then on it takes {@code fall} failures in a row to go down and {@code rise}
 * successes in a row to come up.
 */
public final class RiseFall {
    /** What is known of a server. */
    public enum Verdict {
        /** Not probed yet. */
        UNKNOWN,
        /** Takes traffic. */
        UP,
        /** Takes none. */
        DOWN
    }

    private final int rise;
    private final int fall;
    private Verdict verdict = Verdict.UNKNOWN;
    private int against;

    public RiseFall(int rise, int fall) {
        if (rise < 1 || fall < 1) {
            throw new IllegalArgumentException("rise, fall: " + rise + ", " + fall + " (expected: at least 1)");
        }
        this.rise = rise;
        this.fall = fall;
    }

    /** What the results so far say. */
    public Verdict verdict() {
        return verdict;
    }

    /** Counts a result; true when the verdict changed. */
    public boolean report(boolean success) {
        Verdict said = success ? Verdict.UP : Verdict.DOWN;
        if (said == verdict) {
            against = 0;
            return false;
        }
        against++;
        int needed = verdict == Verdict.UNKNOWN ? 1 : success ? rise : fall;
        if (against < needed) {
            return false;
        }
        return become(said);
    }

    /** How many results in a row could change the verdict at the earliest. */
    public int resultsToChange() {
        return switch (verdict) {
            case UNKNOWN -> 1;
            case UP -> fall - against;
            case DOWN -> rise - against;
        };
    }

    /** Down at once, on better evidence than a probe's; true when the verdict changed. It comes up again by probes. */
    public boolean eject() {
        against = 0;
        return verdict != Verdict.DOWN && become(Verdict.DOWN);
    }

    private boolean become(Verdict next) {
        verdict = next;
        against = 0;
        return true;
    }
}
