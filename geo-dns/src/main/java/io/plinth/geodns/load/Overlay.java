package io.plinth.geodns.load;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What the API changed, over what the file says. Immutable.
 *
 * @param zones texts by the zone's name in lower case, with its final dot
 * @param targets addresses by policy and member
 * @param latency measurements by policy, as lines of a networks file
 */
public record Overlay(
        Map<String, String> zones, Map<String, Map<String, List<String>>> targets, Map<String, String> latency) {
    /** Nothing. */
    public static final Overlay NONE = new Overlay(Map.of(), Map.of(), Map.of());

    @Nullable
    List<String> targets(String policy, String member) {
        return targets.getOrDefault(policy, Map.of()).get(member);
    }
}
