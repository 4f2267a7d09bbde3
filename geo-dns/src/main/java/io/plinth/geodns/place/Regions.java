package io.plinth.geodns.place;

import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * In which order the regions of a stack serve a country: those that list the country, then those that list its
 * continent, then the rest from the nearest on, ties by name. Immutable and the same on every node.
 */
public final class Regions {
    private static final String COUNTRY = "COUNTRY:";
    private static final int NOWHERE = Integer.MAX_VALUE;

    private final NavigableMap<String, Served> regions = new TreeMap<>();

    private record Served(Set<String> countries, Set<Continent> continents, Set<Continent> reach) {}

    /** Why a region stands where it does in an order. */
    public enum Rule {
        /** It lists the country. */
        COUNTRY,
        /** It lists the country's continent. */
        CONTINENT,
        /** It lists neither, and is as near as its continents are. */
        NEAREST,
        /** The client's country is not known. */
        DEFAULT
    }

    /** Regions with the continents and countries each serves; what is neither is left to {@code check} to refuse. */
    public Regions(Map<String, List<String>> serves) {
        serves.forEach((region, codes) -> {
            Set<String> countries = new HashSet<>();
            Set<Continent> continents = new HashSet<>();
            Set<Continent> reach = new HashSet<>();
            for (String code : codes) {
                String upper = code.toUpperCase(Locale.ROOT);
                Continent continent = Continent.of(upper);
                if (continent != null) {
                    continents.add(continent);
                    reach.add(continent);
                } else {
                    String country = country(upper);
                    countries.add(country);
                    Continent home = Countries.continent(country);
                    if (home != null) {
                        reach.add(home);
                    }
                }
            }
            regions.put(region, new Served(Set.copyOf(countries), Set.copyOf(continents), Set.copyOf(reach)));
        });
    }

    /** AF, AS, NA and SA are continents here; {@code country:NA} is Namibia. */
    private static String country(String upper) {
        return upper.startsWith(COUNTRY) ? upper.substring(COUNTRY.length()) : upper;
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof Regions served && regions.equals(served.regions);
    }

    @Override
    public int hashCode() {
        return regions.hashCode();
    }

    /** Whether a code of {@code serves} means anything. */
    public static boolean isKnown(String code) {
        String upper = code.toUpperCase(Locale.ROOT);
        return Continent.of(upper) != null || Countries.continent(country(upper)) != null;
    }

    public Set<String> names() {
        return regions.keySet();
    }

    /** Every region, the best for {@code country} first. */
    public List<String> order(String country) {
        Continent home = Countries.continent(country);
        return regions.keySet().stream()
                .sorted(Comparator.comparing((String region) -> rule(region, country))
                        .thenComparingInt(region -> distance(region, home))
                        .thenComparing(Comparator.naturalOrder()))
                .toList();
    }

    /** Every region, {@code first} first and the others from the nearest to it on: for clients from who knows where. */
    public List<String> orderFrom(String first) {
        Served served = regions.get(first);
        Set<Continent> reach = served == null ? Set.of() : served.reach();
        return regions.keySet().stream()
                .sorted(Comparator.comparing((String region) -> !region.equals(first))
                        .thenComparingInt(region -> reach.stream()
                                .mapToInt(continent -> distance(region, continent))
                                .min()
                                .orElse(NOWHERE))
                        .thenComparing(Comparator.naturalOrder()))
                .toList();
    }

    /** Why {@code region} stands where it does for {@code country}. */
    public Rule rule(String region, String country) {
        Served served = regions.get(region);
        Continent home = Countries.continent(country);
        if (served == null) {
            return Rule.NEAREST;
        }
        if (served.countries().contains(country)) {
            return Rule.COUNTRY;
        }
        return home != null && served.continents().contains(home) ? Rule.CONTINENT : Rule.NEAREST;
    }

    private int distance(String region, @Nullable Continent from) {
        Served served = regions.get(region);
        if (served == null || from == null) {
            return NOWHERE;
        }
        return served.reach().stream().mapToInt(from::distance).min().orElse(NOWHERE);
    }
}
