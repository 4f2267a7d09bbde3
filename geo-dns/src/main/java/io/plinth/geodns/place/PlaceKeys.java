package io.plinth.geodns.place;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Where a record of a database has what: flat keys such as {@code country_code}, or steps through nested maps and lists
 * such as {@code country.iso_code} and {@code subdivisions.*.iso_code}. Immutable.
 *
 * <p>Several keys are several places to look, the first that has something counts: so the common databases are read
 * without a word in the configuration.
 */
public record PlaceKeys(
        List<String> continent,
        List<String> country,
        List<String> subdivisions,
        List<String> city,
        List<String> latitude,
        List<String> longitude,
        List<String> system) {
    /** Those of GeoLite2, DB-IP and the flat databases. */
    public static final PlaceKeys USUAL = new PlaceKeys(
            List.of("continent.code", "continent_code"),
            List.of("country.iso_code", "country_code", "country"),
            List.of("subdivisions.*.iso_code", "state1", "region"),
            List.of("city.names.en", "city"),
            List.of("location.latitude", "latitude"),
            List.of("location.longitude", "longitude"),
            List.of("autonomous_system_number", "asn"));

    /** These keys first, by the names of this record's components. */
    public PlaceKeys with(Map<String, String> own) {
        return new PlaceKeys(
                first(own.get("continent"), continent),
                first(own.get("country"), country),
                first(own.get("subdivisions"), subdivisions),
                first(own.get("city"), city),
                first(own.get("latitude"), latitude),
                first(own.get("longitude"), longitude),
                first(own.get("asn"), system));
    }

    private static List<String> first(@Nullable String own, List<String> usual) {
        if (own == null) {
            return usual;
        }
        List<String> all = new ArrayList<>(List.of(own));
        all.addAll(usual);
        return List.copyOf(all);
    }

    /** The place a record tells of; null where it does not even know the continent. */
    @Nullable
    Place place(@Nullable Object record) {
        String countryCode = upper(text(record, country));
        Continent home = countryCode == null ? null : Countries.continent(countryCode);
        String continentCode = upper(text(record, continent));
        if (continentCode == null && home != null) {
            continentCode = home.name();
        }
        if (continentCode == null) {
            return null;
        }
        Object north = find(record, latitude);
        Object east = find(record, longitude);
        Point point = north instanceof Number y && east instanceof Number x
                ? new Point(y.doubleValue(), x.doubleValue())
                : countryCode == null ? null : Centroids.of(countryCode);
        List<String> divisions = new ArrayList<>();
        Object found = find(record, subdivisions);
        if (found instanceof List<?> list) {
            list.forEach(one -> divisions.add(String.valueOf(one).toUpperCase(Locale.ROOT)));
        } else if (found instanceof String one && !one.isEmpty()) {
            divisions.add(one.toUpperCase(Locale.ROOT));
        }
        return new Place(continentCode, home == null ? null : countryCode, divisions, upper(text(record, city)), point);
    }

    /** The autonomous system a record tells of, or null. */
    @Nullable
    Long system(@Nullable Object record) {
        Object found = find(record, system);
        if (found instanceof Number number) {
            return number.longValue();
        }
        return found instanceof String text && text.matches("(?i)(AS)?\\d{1,10}")
                ? Long.valueOf(text.replaceFirst("(?i)AS", ""))
                : null;
    }

    private static @Nullable String upper(@Nullable String text) {
        return text == null ? null : text.toUpperCase(Locale.ROOT);
    }

    private static @Nullable String text(@Nullable Object record, List<String> keys) {
        Object found = find(record, keys);
        Object first = found instanceof List<?> list ? list.getFirst() : found;
        return first instanceof String text && !text.isEmpty() ? text : null;
    }

    private static @Nullable Object find(@Nullable Object record, List<String> keys) {
        for (String key : keys) {
            Object found = step(record, key);
            if (found != null) {
                return found;
            }
        }
        return null;
    }

    private static @Nullable Object step(@Nullable Object at, String path) {
        int dot = path.indexOf('.');
        String head = dot < 0 ? path : path.substring(0, dot);
        String rest = dot < 0 ? "" : path.substring(dot + 1);
        if (at instanceof List<?> list && head.equals("*")) {
            List<Object> all = new ArrayList<>();
            for (Object each : list) {
                Object found = rest.isEmpty() ? each : step(each, rest);
                if (found != null) {
                    all.add(found);
                }
            }
            return all.isEmpty() ? null : all;
        }
        Object next = at instanceof Map<?, ?> map ? map.get(head) : null;
        return next == null || rest.isEmpty() ? next : step(next, rest);
    }
}
