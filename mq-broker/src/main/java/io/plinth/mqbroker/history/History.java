package io.plinth.mqbroker.history;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Guarded by itself. The numbers of the last hour: as they were sampled for ten minutes, one a minute before. What did not change takes
 * nothing more; where the rest takes too much, the oldest goes, and what is new has no history before there is room.
 */
public final class History {
    /** Under this the numbers of the whole broker are kept. */
    public static final Object WHOLE = new Object();
    /** Under this those of the node are. */
    public static final Object NODE = new Object();

    private static final long FINE_MILLIS = 605_000;
    private static final long MINUTE_MILLIS = 60_000;
    private static final long MOST_MILLIS = 3_660_000;
    /** How far it is cut at most. */
    private static final long LEAST_MILLIS = 15_000;
    /** What a point takes beside its numbers, and what a track does. */
    private static final int POINT_BYTES = 64;

    private static final int TRACK_BYTES = 256;

    /** Named numbers of one thing. */
    public record Values(List<String> names, long[] numbers) {}

    /** What the numbers were from a time on, epoch milliseconds. */
    record Point(long at, long[] numbers) {}

    /**
     * The numbers of one thing.
     *
     * @param first when the history begins, and {@code last} when the last sample was taken
     */
    record Track(List<String> names, List<Point> points, long first, long last) {}

    private record Kept(List<String> names, Deque<Point> points) {
        long bytes() {
            return TRACK_BYTES + points.size() * (POINT_BYTES + (long) names.size() * Long.BYTES);
        }
    }

    private final long most;
    private final Map<Object, Kept> tracks = new HashMap<>();
    private long first;
    private long last;
    private long thinned;

    /**
     * An empty one.
     *
     * @param most octets it may take
     */
    public History(long most) {
        this.most = most;
    }

    public synchronized boolean isEmpty() {
        return last == 0;
    }

    /** Forgets everything. */
    public synchronized void clear() {
        tracks.clear();
        first = 0;
        last = 0;
        thinned = 0;
    }

    /** Adds a sample of everything there is; what is not among it is forgotten. */
    public synchronized void sample(long now, Map<Object, Values> all) {
        if (most == 0 || now <= last) {
            return;
        }
        first = first == 0 ? now : first;
        last = now;
        tracks.keySet().retainAll(all.keySet());
        long bytes = bytes();
        for (Map.Entry<Object, Values> entry : all.entrySet()) {
            bytes += add(now, entry.getKey(), entry.getValue(), bytes);
        }
        if (now - thinned >= MINUTE_MILLIS) {
            thinned = now;
            thin(now);
            cut(now - MOST_MILLIS);
            bytes = bytes();
        }
        while (bytes > most && now - first > LEAST_MILLIS) {
            cut(first + Math.max(LEAST_MILLIS / 3, (now - first) / 4));
            bytes = bytes();
        }
    }

    private long bytes() {
        return tracks.values().stream().mapToLong(Kept::bytes).sum();
    }

    /** Returns how much it takes. */
    private long add(long now, Object key, Values values, long bytes) {
        long point = POINT_BYTES + (long) values.numbers().length * Long.BYTES;
        Kept kept = tracks.get(key);
        if (kept == null) {
            boolean nothing = Arrays.stream(values.numbers()).allMatch(number -> number == 0);
            if (nothing || bytes + TRACK_BYTES + point > most) {
                return 0;
            }
            kept = new Kept(values.names(), new ArrayDeque<>());
            tracks.put(key, kept);
            kept.points().addLast(new Point(now, values.numbers()));
            return TRACK_BYTES + point;
        }
        Point newest = kept.points().peekLast();
        if (newest != null && Arrays.equals(newest.numbers(), values.numbers())) {
            return 0;
        }
        kept.points().addLast(new Point(now, values.numbers()));
        return point;
    }

    /** Of what is older than ten minutes one a minute stays, the last of it. */
    private void thin(long now) {
        for (Kept kept : tracks.values()) {
            long next = Long.MAX_VALUE;
            Iterator<Point> backwards = kept.points().descendingIterator();
            while (backwards.hasNext()) {
                long minute = Math.floorDiv(backwards.next().at(), MINUTE_MILLIS);
                if (minute == next && (minute + 1) * MINUTE_MILLIS < now - FINE_MILLIS) {
                    backwards.remove();
                }
                next = minute;
            }
        }
    }

    /** Forgets what was before a time; what the numbers were then stays. */
    private void cut(long before) {
        if (before <= first) {
            return;
        }
        first = before;
        for (Kept kept : tracks.values()) {
            Point base = null;
            while (!kept.points().isEmpty() && kept.points().getFirst().at() <= before) {
                base = kept.points().removeFirst();
            }
            if (base != null) {
                kept.points().addFirst(new Point(before, base.numbers()));
            }
        }
    }

    /** What is known of a thing, or null. */
    synchronized @Nullable Track track(Object key) {
        Kept kept = tracks.get(key);
        return kept == null ? null : new Track(kept.names(), new ArrayList<>(kept.points()), first, last);
    }

    /** What is known of a thing of which there was nothing to keep, or null. */
    synchronized @Nullable Track nothing() {
        return last == 0 ? null : new Track(List.of(), List.of(), first, last);
    }
}
