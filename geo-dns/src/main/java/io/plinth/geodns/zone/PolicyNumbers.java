package io.plinth.geodns.zone;

import io.plinth.geodns.wire.Name;
import java.util.Map;

/**
 * The policies a zone may refer to. Immutable.
 *
 * @param byName every policy's number, by its name, for POLICY records
 * @param at the numbers of policies whose own entry lists a name
 */
public record PolicyNumbers(Map<String, Integer> byName, Map<Name, Integer> at) {
    /** No policies. */
    public static final PolicyNumbers NONE = new PolicyNumbers(Map.of(), Map.of());
}
