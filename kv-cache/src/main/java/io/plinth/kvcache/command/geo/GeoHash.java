package io.plinth.kvcache.command.geo;

/**
 * A cell of the grid that halves longitude and latitude in turn: {@code step} bits of each, interleaved, latitude in the lower bit.
 * With 26 steps it is the score of a member.
 */
record GeoHash(long bits, int step) {
    static final int MAX_STEP = 26;
    static final double LONGITUDE = 180;
    /** Web Mercator (EPSG:3857) ends here. */
    static final double LATITUDE = 85.05112878;

    private static final long LONGITUDE_BITS = 0xaaaaaaaaaaaaaaaaL;
    private static final long LATITUDE_BITS = 0x5555555555555555L;
    private static final double EARTH_RADIUS = 6372797.560856;
    private static final double MERCATOR_END = 20037726.37;
    private static final double RADIAN = Math.PI / 180.0;
    private static final String ALPHABET = "0123456789bcdefghjkmnpqrstuvwxyz";
    private static final int LETTERS = 11;

    /** A place: degrees. */
    record Point(double longitude, double latitude) {
        /** Metres by the haversine formula, to the last bit as Redis on the same machine has them. */
        double metresTo(Point other) {
            double first = radians(latitude);
            double second = radians(other.latitude);
            double v = Libm.sin((radians(other.longitude) - radians(longitude)) / 2);
            if (v == 0) {
                // On one meridian Redis takes the angle as it is, which the formula has otherwise in the last bits.
                return EARTH_RADIUS * Math.abs(second - first);
            }
            double u = Libm.sin((second - first) / 2);
            return 2.0 * EARTH_RADIUS * Libm.asin(Math.sqrt(u * u + Libm.cos(first) * Libm.cos(second) * v * v));
        }
    }

    /** What a cell covers: degrees. */
    record Area(double west, double east, double south, double north) {}

    static double radians(double degrees) {
        return degrees * RADIAN;
    }

    /** The angle of so many metres on a great circle, in degrees; {@code shrink} is the cosine of the latitude. */
    static double degrees(double metres, double shrink) {
        return metres / EARTH_RADIUS / shrink / RADIAN;
    }

    static GeoHash of(Point point, int step) {
        return of(point, step, LATITUDE);
    }

    private static GeoHash of(Point point, int step, double latitudes) {
        double north = (point.latitude + latitudes) / (2 * latitudes) * (1L << step);
        double east = (point.longitude + LONGITUDE) / (2 * LONGITUDE) * (1L << step);
        return new GeoHash(spread((long) north) | spread((long) east) << 1, step);
    }

    /** The cell a score names. */
    static GeoHash ofScore(double score) {
        return new GeoHash((long) score, MAX_STEP);
    }

    /** The least score within; that of the next cell is the least one after it. */
    double score() {
        return (double) (bits << (2 * (MAX_STEP - step)));
    }

    GeoHash next() {
        return new GeoHash(bits + 1, step);
    }

    Area area() {
        double cells = 1L << step;
        long north = gather(bits);
        long east = gather(bits >>> 1);
        return new Area(
                -LONGITUDE + east / cells * (2 * LONGITUDE),
                -LONGITUDE + (east + 1) / cells * (2 * LONGITUDE),
                -LATITUDE + north / cells * (2 * LATITUDE),
                -LATITUDE + (north + 1) / cells * (2 * LATITUDE));
    }

    Point centre() {
        Area area = area();
        return new Point(
                Math.clamp((area.west + area.east) / 2, -LONGITUDE, LONGITUDE),
                Math.clamp((area.south + area.north) / 2, -LATITUDE, LATITUDE));
    }

    /** The cell so many steps east and north, round the earth. */
    GeoHash neighbour(int east, int north) {
        int unused = Long.SIZE - 2 * step;
        long x = moved(bits & LONGITUDE_BITS, LATITUDE_BITS >>> unused, east) & LONGITUDE_BITS >>> unused;
        long y = moved(bits & LATITUDE_BITS, LONGITUDE_BITS >>> unused, north) & LATITUDE_BITS >>> unused;
        return new GeoHash(x | y, step);
    }

    /** Adds or takes away one in every other bit; the bits between are filled so that a carry passes them. */
    private static long moved(long part, long between, int by) {
        if (by == 0) {
            return part;
        }
        return by > 0 ? part + (between + 1) : (part | between) - (between + 1);
    }

    /** How fine a grid is of which nine cells cover so many metres around a latitude. */
    static int stepFor(double metres, double latitude) {
        if (metres == 0) {
            return MAX_STEP;
        }
        int step = 1;
        for (double range = metres; range < MERCATOR_END; range *= 2) {
            step++;
        }
        step -= 2;
        if (Math.abs(latitude) > 66) {
            step -= Math.abs(latitude) > 80 ? 2 : 1;
        }
        return Math.clamp(step, 1, MAX_STEP);
    }

    /** The eleven letters of geohash.org, where latitudes reach to 90 degrees; of the last there are no bits. */
    static String letters(Point point) {
        GeoHash standard = of(point, MAX_STEP, 90);
        StringBuilder text = new StringBuilder(LETTERS);
        for (int i = 0; i < LETTERS; i++) {
            int shift = 2 * MAX_STEP - (i + 1) * 5;
            text.append(ALPHABET.charAt(shift < 0 ? 0 : (int) (standard.bits >> shift) & 0x1f));
        }
        return text.toString();
    }

    private static long spread(long value) {
        return Long.expand(value, LATITUDE_BITS);
    }

    private static long gather(long interleaved) {
        return Long.compress(interleaved, LATITUDE_BITS);
    }
}
