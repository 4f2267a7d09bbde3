package io.plinth.lbproxy.admin;

/** A latency histogram that one event loop adds to and any thread may read. */
public final class LatencyTally {
    private static final long[] BOUNDS_MICROS = {
        250,
        500,
        1_000,
        2_500,
        5_000,
        10_000,
        25_000,
        50_000,
        100_000,
        250_000,
        500_000,
        1_000_000,
        2_500_000,
        10_000_000
    };

    private final Tally counts = new Tally(BOUNDS_MICROS.length + 2);

    /** Adds one latency; on the owning loop only. */
    public void add(long nanos) {
        long micros = nanos / 1_000;
        int bucket = 0;
        while (bucket < BOUNDS_MICROS.length && micros > BOUNDS_MICROS[bucket]) {
            bucket++;
        }
        counts.add(bucket, 1);
        counts.add(BOUNDS_MICROS.length + 1, nanos);
    }

    static double[] boundsSeconds() {
        double[] bounds = new double[BOUNDS_MICROS.length + 1];
        for (int i = 0; i < BOUNDS_MICROS.length; i++) {
            bounds[i] = BOUNDS_MICROS[i] / 1e6;
        }
        bounds[BOUNDS_MICROS.length] = Double.POSITIVE_INFINITY;
        return bounds;
    }

    long count(int bucket) {
        return counts.get(bucket);
    }

    double sumSeconds() {
        return counts.get(BOUNDS_MICROS.length + 1) / 1e9;
    }
}
