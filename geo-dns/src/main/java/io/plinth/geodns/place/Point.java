package io.plinth.geodns.place;

/** A place on the globe, in degrees. */
public record Point(double latitude, double longitude) {
    private static final double EARTH_KM = 6_371;

    public Point {
        if (!(Math.abs(latitude) <= 90 && Math.abs(longitude) <= 180)) {
            throw new IllegalArgumentException(
                    "coordinates: " + latitude + ", " + longitude + " (expected: -90 to 90, -180 to 180)");
        }
    }

    /** {@code 50.1, 8.7}. */
    public static Point parse(String text) {
        String[] parts = text.split(",", -1);
        try {
            if (parts.length == 2) {
                return new Point(Double.parseDouble(parts[0].strip()), Double.parseDouble(parts[1].strip()));
            }
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException("coordinates: " + text + " (expected: as in `50.1, 8.7`)", e);
        }
        throw new IllegalArgumentException("coordinates: " + text + " (expected: as in `50.1, 8.7`)");
    }

    /** Great-circle distance in whole kilometres. */
    public int distance(Point other) {
        double here = Math.toRadians(latitude);
        double there = Math.toRadians(other.latitude);
        double cosine = Math.sin(here) * Math.sin(there)
                + Math.cos(here) * Math.cos(there) * Math.cos(Math.toRadians(longitude - other.longitude));
        return (int) Math.round(EARTH_KM * Math.acos(Math.clamp(cosine, -1, 1)));
    }
}
