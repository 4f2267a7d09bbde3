package io.plinth.geodns.place;

import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Members by how far they are, nearer by their bias in kilometres. Immutable.
 *
 * @param points of each member
 * @param bias kilometres taken off each member's distance
 * @param nearest how many of the nearest are told apart: fewer make wider scopes
 * @param strict whether the rest does not follow in the default order
 */
public record DistanceRanking(
        List<Point> points, List<Integer> bias, int nearest, List<Integer> unknown, boolean strict) implements Ranking {
    @Override
    public List<Integer> order(Place place) {
        Point point = place.point();
        if (point == null) {
            return unknown;
        }
        List<Integer> near = IntStream.range(0, points.size())
                .boxed()
                .sorted(Comparator.comparingInt(number -> distance(number, point)))
                .limit(nearest)
                .toList();
        return strict
                ? near
                : IntStream.concat(
                                near.stream().mapToInt(Integer::intValue),
                                unknown.stream().mapToInt(Integer::intValue).filter(number -> !near.contains(number)))
                        .boxed()
                        .toList();
    }

    private int distance(int member, Point point) {
        return points.get(member).distance(point) - bias.get(member);
    }

    @Override
    public String explain(@Nullable Place place, @Nullable Long system) {
        Point point = place == null ? null : place.point();
        return place == null || point == null
                ? "default"
                : "nearest at " + distance(order(place).getFirst(), point) + " km";
    }
}
