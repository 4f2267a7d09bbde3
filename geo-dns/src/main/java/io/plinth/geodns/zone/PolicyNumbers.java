package io.plinth.geodns.zone;

import io.plinth.geodns.wire.Name;
import java.util.Map;
import java.util.Set;

/**
 * The policies a zone may refer to. Immutable.
 *
 * @param byName every policy's number, by its name, for POLICY records
 * @param at the numbers of policies whose own entry lists a name
 * @param naming the numbers of policies that may answer aliases
 */
public record PolicyNumbers(Map<String, Integer> byName, Map<Name, Integer> at, Set<Integer> naming) {
    /** No policies. */
    public static final PolicyNumbers NONE = new PolicyNumbers(Map.of(), Map.of());

    /** Policies that answer addresses alone. */
    public PolicyNumbers(Map<String, Integer> byName, Map<Name, Integer> at) {
        this(byName, at, Set.of());
    }
}
