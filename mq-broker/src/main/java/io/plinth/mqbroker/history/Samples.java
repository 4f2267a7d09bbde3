package io.plinth.mqbroker.history;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Owned by the request it is for. Writes samples into its answer, as RabbitMQ does, until there are too many. */
public final class Samples {
    private static final double SECOND = 1000;

    private final History history;
    private final Ranges ranges;
    private int left;
    private @Nullable Object of;
    private History.@Nullable Track track;

    /**
     * For one answer.
     *
     * @param most samples in it
     */
    public Samples(History history, Ranges ranges, int most) {
        this.history = history;
        this.ranges = ranges;
        this.left = most;
    }

    /** Adds to the details of a number what it was, newest first. */
    public void put(Map<String, @Nullable Object> details, Object about, String name, long value) {
        Ranges.Range range = about.equals(History.NODE) ? ranges.node() : ranges.of(name);
        History.Track known = range == null || left <= 0 ? null : track(about);
        if (range == null || known == null) {
            return;
        }
        int index = known.names().indexOf(name);
        if (index < 0 && value != 0) {
            return;
        }
        List<Map<String, @Nullable Object>> samples = new ArrayList<>();
        long newest = known.last() - Math.floorMod(known.last(), range.step());
        int point = known.points().size() - 1;
        double sum = 0;
        long latest = 0;
        long oldest = 0;
        // The first is the sample of the step in which the history begins.
        for (long at = newest; at >= newest - range.age() && at > known.first() - range.step() && left > 0; left--) {
            while (point > 0 && known.points().get(point).at() > at) {
                point--;
            }
            long number = index < 0 ? 0 : number(known, point, index, at);
            Map<String, @Nullable Object> sample = new LinkedHashMap<>();
            sample.put("sample", number);
            sample.put("timestamp", at);
            latest = samples.isEmpty() ? number : latest;
            oldest = number;
            sum += number;
            samples.add(sample);
            at -= range.step();
        }
        if (samples.isEmpty()) {
            return;
        }
        int steps = samples.size() - 1;
        details.put("samples", samples);
        details.put("avg_rate", steps == 0 ? 0.0 : (latest - oldest) / (steps * range.step() / SECOND));
        details.put("avg", sum / samples.size());
    }

    /** What it was before it was first seen is nothing, but for the step in which the history begins. */
    private static long number(History.Track track, int point, int index, long at) {
        History.Point found = track.points().get(point);
        return found.at() <= at || found.at() <= track.first() ? found.numbers()[index] : 0;
    }

    private History.@Nullable Track track(Object about) {
        if (!about.equals(of)) {
            of = about;
            track = history.track(about);
            if (track == null) {
                track = history.nothing();
            }
        }
        return track;
    }
}
