package io.plinth.geodns.load;

import java.util.List;
import java.util.Map;

/**
 * What the API changed, over what the file says. Immutable.
 *
 * @param zones texts by the zone's name
 * @param targets addresses by policy and member
 * @param latency measurements by policy, as lines of a networks file
 */
public record Overlay(
        Map<String, String> zones, Map<String, Map<String, List<String>>> targets, Map<String, String> latency) {}
