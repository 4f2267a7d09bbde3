package io.plinth.geodns.place;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Where a network is, as far as a database knows. Immutable.
 *
 * @param continent upper case; null where it is not known
 * @param country an ISO 3166-1 code in upper case
 * @param subdivisions from the largest to the smallest, upper case
 * @param city upper case
 * @param point null without coordinates
 */
public record Place(
        @Nullable String continent,
        @Nullable String country,
        List<String> subdivisions,
        @Nullable String city,
        @Nullable Point point) {
    public Place {
        subdivisions = List.copyOf(subdivisions);
    }

    /** Of a country alone, whose continent and middle are known. */
    public static Place of(String country) {
        Continent continent = Countries.continent(country);
        return new Place(continent == null ? null : continent.name(), country, List.of(), null, Centroids.of(country));
    }

    /** The way down to it: continent, country, subdivisions, city; ends where it is not known. */
    List<String> path() {
        List<String> path = new ArrayList<>();
        if (continent == null) {
            return path;
        }
        path.add(continent);
        if (country == null) {
            return path;
        }
        path.add(country);
        path.addAll(subdivisions);
        if (city != null) {
            path.add(city);
        }
        return path;
    }
}
