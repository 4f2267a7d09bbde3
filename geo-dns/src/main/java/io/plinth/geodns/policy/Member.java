package io.plinth.geodns.policy;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One of the things a policy chooses from: some targets, or another policy. Immutable.
 *
 * @param number under which its answers are counted
 * @param targets empty where it is a policy
 * @param policy the other policy's name, or null
 * @param weight its share
 */
public record Member(
        String name,
        int number,
        List<Target> targets,
        @Nullable String policy,
        int weight) {
    /** Of what is no member. */
    public static final int NO_NUMBER = -1;

    public Member {
        targets = List.copyOf(targets);
    }
}
