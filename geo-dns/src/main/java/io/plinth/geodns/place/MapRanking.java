package io.plinth.geodns.place;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Members by a map of places: {@code EU}, {@code EU/DE}, {@code EU/DE/BY}, {@code EU/DE/BY/MUNICH}, {@code AS64500}.
 * The entry of the place itself counts, else its nearest ancestor's; an autonomous system's counts more. Members that
 * an entry does not name follow in the default order, unless it is strict. A part of the way that the map leaves out, such as a level of
 * subdivisions, may be left out in the place too: {@code EU/DE/MUNICH} is Munich in whatever subdivision. Immutable.
 */
public record MapRanking(Map<String, List<Integer>> map, List<Integer> unknown, boolean strict) implements Ranking {
    public MapRanking {
        map = Map.copyOf(map);
    }

    @Override
    public List<Integer> order(Place place) {
        String key = key(place);
        return key == null ? unknown : completed(map.getOrDefault(key, unknown));
    }

    @Override
    public @Nullable List<Integer> order(long system) {
        List<Integer> found = map.get("AS" + system);
        return found == null ? null : completed(found);
    }

    private @Nullable String key(Place place) {
        List<String> path = place.path();
        for (int end = path.size(); end > 0; end--) {
            String whole = String.join("/", path.subList(0, end));
            if (map.containsKey(whole)) {
                return whole;
            }
            // Without the subdivisions between.
            String direct = end > 3 ? path.get(0) + "/" + path.get(1) + "/" + path.get(end - 1) : whole;
            if (map.containsKey(direct)) {
                return direct;
            }
        }
        return null;
    }

    private List<Integer> completed(List<Integer> named) {
        if (strict) {
            return named;
        }
        List<Integer> all = new ArrayList<>(named);
        unknown.stream().filter(number -> !all.contains(number)).forEach(all::add);
        return all;
    }

    @Override
    public boolean needsSystems() {
        return map.keySet().stream().anyMatch(MapRanking::isSystem);
    }

    /** Whether an entry is that of an autonomous system. */
    public static boolean isSystem(String key) {
        return key.toUpperCase(Locale.ROOT).matches("AS\\d{1,10}");
    }

    @Override
    public String explain(@Nullable Place place, @Nullable Long system) {
        if (system != null && map.containsKey("AS" + system)) {
            return "AS" + system;
        }
        String key = place == null ? null : key(place);
        return key == null ? "default" : key;
    }
}
