package io.plinth.geodns.place;

import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Members are regions of the stack, in the order in which they serve a country. Immutable. */
public record RegionRanking(Regions regions, List<String> members, String first) implements Ranking {
    @Override
    public List<Integer> order(Place place) {
        return place.country() == null ? unknown() : numbers(regions.order(place.country()));
    }

    @Override
    public List<Integer> unknown() {
        return numbers(regions.orderFrom(first));
    }

    private List<Integer> numbers(List<String> order) {
        return order.stream()
                .map(members::indexOf)
                .filter(number -> number >= 0)
                .toList();
    }

    @Override
    public String explain(@Nullable Place place, @Nullable Long system) {
        String country = place == null ? null : place.country();
        if (country == null) {
            return "default";
        }
        String best = members.get(
                order(new Place(null, country, List.of(), null, null)).getFirst());
        return regions.rule(best, country).name().toLowerCase(Locale.ROOT);
    }
}
