package io.plinth.geodns.policy;

/** What is known of targets now. */
public interface Health {
    /** Everything is well and stays so. */
    Health GOOD = target -> true;

    /** Whether a target may be answered. */
    boolean healthy(Target target);

    /** In how many seconds that may be otherwise at the earliest. */
    default int secondsToChange(Target target) {
        return Integer.MAX_VALUE;
    }

    /** How loaded a policy's member says it is, in percent; 0 where it says nothing. */
    default int load(String policy, String member) {
        return 0;
    }
}
