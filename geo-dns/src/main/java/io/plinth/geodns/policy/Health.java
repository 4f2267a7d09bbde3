package io.plinth.geodns.policy;

/** What is known of targets now. */
public interface Health {
    /** Everything is well and stays so. */
    Health GOOD = target -> true;

    /** The weight of a target that takes its whole share. */
    int WHOLE = 100;

    /** Whether a target may be answered. */
    boolean healthy(Target target);

    /** In how many seconds that may be otherwise at the earliest. */
    default int secondsToChange(Target target) {
        return Integer.MAX_VALUE;
    }

    /** The share of its usual weight that a target wants, in percent. */
    default int weight(Target target) {
        return WHOLE;
    }

    /** How loaded a policy's member says it is, in percent; 0 where it says nothing. */
    default int load(String policy, String member) {
        return 0;
    }
}
