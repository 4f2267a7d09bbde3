package io.plinth.geodns.policy;

import org.jspecify.annotations.Nullable;

/**
 * What places clients.
 *
 * @param regions the stack's regions and what they serve
 * @param database null where there is none; then every policy answers as for a client from an unknown country
 * @param index compiled from the two
 * @param state one line for people: which database, or why none
 */
public record GeoSource(Regions regions, @Nullable CountryDatabase database, GeoIndex index, String state) {}
