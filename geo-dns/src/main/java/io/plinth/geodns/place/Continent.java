package io.plinth.geodns.place;

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

    private final double latitude;
    private final double longitude;

    Continent(double latitude, double longitude) {
        this.latitude = latitude;
        this.longitude = longitude;
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

    /** Where its people are. */
    Point point() {
        return new Point(latitude, longitude);
    }

    /** Great-circle distance between the points of two continents, in whole kilometres. */
    int distance(Continent other) {
        return point().distance(other.point());
    }
}
