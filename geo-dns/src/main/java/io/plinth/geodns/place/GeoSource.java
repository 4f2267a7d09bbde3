package io.plinth.geodns.place;

import org.jspecify.annotations.Nullable;

/**
 * What places clients.
 *
 * @param places null where there is none; then every policy answers as for a client from nobody knows where
 * @param systems the database of autonomous systems, or null
 * @param state one line for people: which databases, or why none
 */
public record GeoSource(
        @Nullable PlaceDatabase places, @Nullable PlaceDatabase systems, String state) {
    /** No databases. */
    public static GeoSource none(String why) {
        return new GeoSource(null, null, why);
    }
}
