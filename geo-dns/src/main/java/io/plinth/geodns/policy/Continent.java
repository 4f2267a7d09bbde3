package io.plinth.geodns.policy;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** The seven continents under the codes GeoIP databases use, each with a point its people live around. */
public enum Continent {
    AF(5, 20),
    AN(-80, 0),
    AS(28, 95),
    EU(50, 12),
    NA(38, -92),
    OC(-28, 145),
    SA(-15, -58);

    private static final double EARTH_KM = 6_371;

    private final double latitude;
    private final double longitude;

    Continent(double latitude, double longitude) {
        this.latitude = Math.toRadians(latitude);
        this.longitude = Math.toRadians(longitude);
    }

    /** The continent of a code, or null. */
    public static @Nullable Continent of(String code) {
        for (Continent continent : values()) {
            if (continent.name().equals(code.toUpperCase(Locale.ROOT))) {
                return continent;
            }
        }
        return null;
    }

    /** Great-circle distance between the points of two continents, in whole kilometres. */
    int distance(Continent other) {
        double cosine = Math.sin(latitude) * Math.sin(other.latitude)
                + Math.cos(latitude) * Math.cos(other.latitude) * Math.cos(longitude - other.longitude);
        return (int) Math.round(EARTH_KM * Math.acos(Math.clamp(cosine, -1, 1)));
    }
}
