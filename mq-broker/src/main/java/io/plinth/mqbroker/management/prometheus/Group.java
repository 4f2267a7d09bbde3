package io.plinth.mqbroker.management.prometheus;

import io.plinth.mqbroker.management.survey.Snapshot;
import io.prometheus.metrics.model.snapshots.CounterSnapshot;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot;
import io.prometheus.metrics.model.snapshots.InfoSnapshot;
import io.prometheus.metrics.model.snapshots.Labels;
import io.prometheus.metrics.model.snapshots.MetricSnapshot;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;
import java.util.stream.Stream;

/**
 * Families of one kind of thing, under the name by which {@code /metrics/detailed} is asked for them.
 *
 * @param labels what tells one such thing from another, and {@code values} those of one
 * @param families all of the same things
 */
record Group<T>(
        String name,
        List<String> labels,
        Function<T, List<String>> values,
        Function<View, Stream<T>> things,
        List<Family<T>> families) {
    /** One number for all things of each family; those that make no sense together are left out. */
    List<MetricSnapshot> together(String prefix, View view) {
        List<T> all = things.apply(view).toList();
        List<MetricSnapshot> shown = new ArrayList<>();
        for (Family<T> family : families) {
            ToDoubleFunction<Snapshot> whole = family.whole();
            double value = whole == null
                    ? all.stream().mapToDouble(family.value()).sum()
                    : whole.applyAsDouble(view.snapshot());
            if (!Double.isNaN(value)) {
                shown.add(snapshot(prefix, family, List.of(new Point(Labels.EMPTY, value))));
            }
        }
        return shown;
    }

    /** A number for each thing, of {@code most} things at most. */
    List<MetricSnapshot> apart(String prefix, View view, int most) {
        List<T> all = things.apply(view).limit(most).toList();
        List<Labels> named = all.stream()
                .map(thing -> Labels.of(labels, values.apply(thing)))
                .toList();
        List<MetricSnapshot> shown = new ArrayList<>();
        for (Family<T> family : families) {
            List<Point> points = new ArrayList<>(all.size());
            for (int i = 0; i < all.size(); i++) {
                points.add(new Point(named.get(i), family.value().applyAsDouble(all.get(i))));
            }
            if (!points.isEmpty()) {
                shown.add(snapshot(prefix, family, points));
            }
        }
        return shown;
    }

    /** How many things there are beyond those that are shown. */
    long leftOut(View view, int most) {
        return Math.max(0, things.apply(view).count() - most);
    }

    private record Point(Labels labels, double value) {}

    private static MetricSnapshot snapshot(String prefix, Family<?> family, List<Point> points) {
        if (family.counter()) {
            CounterSnapshot.Builder counter =
                    CounterSnapshot.builder().name(prefix + family.bare()).help(family.help());
            points.forEach(point -> counter.dataPoint(CounterSnapshot.CounterDataPointSnapshot.builder()
                    .labels(point.labels())
                    .value(point.value())
                    .build()));
            return counter.build();
        }
        if (family.info()) {
            InfoSnapshot.Builder info =
                    InfoSnapshot.builder().name(prefix + family.bare()).help(family.help());
            points.forEach(point -> info.dataPoint(InfoSnapshot.InfoDataPointSnapshot.builder()
                    .labels(point.labels())
                    .build()));
            return info.build();
        }
        GaugeSnapshot.Builder gauge =
                GaugeSnapshot.builder().name(prefix + family.bare()).help(family.help());
        points.forEach(point -> gauge.dataPoint(GaugeSnapshot.GaugeDataPointSnapshot.builder()
                .labels(point.labels())
                .value(point.value())
                .build()));
        return gauge.build();
    }
}
