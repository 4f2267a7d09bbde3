package io.plinth.dbproxy.shard;

import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** How the rows of a table are spread over shards. Immutable, but for what a directory says. */
public sealed interface Scheme {
    /** The bucket of PostgreSQL's partition hash; shards have runs of buckets. */
    record Hash() implements Scheme {}

    /** The same buckets, laid out over the shards as a consistent-hash ring says, so that few move with a new shard. */
    record Ring() implements Scheme {}

    /** Ranges in order, none over another. */
    record Ranges(List<Range> all) implements Scheme {
        public Ranges {
            all = List.copyOf(all);
        }

        @Nullable
        String shard(KeyType type, Object value) {
            int low = 0;
            int high = all.size() - 1;
            while (low <= high) {
                int middle = (low + high) >>> 1;
                Range range = all.get(middle);
                if (range.from() != null && type.compare(value, range.from()) < 0) {
                    high = middle - 1;
                } else if (range.to() != null && type.compare(value, range.to()) >= 0) {
                    low = middle + 1;
                } else {
                    return range.shard();
                }
            }
            return null;
        }
    }

    /**
     * From a value, included, to another, not included.
     *
     * @param from null for no bound
     * @param to null for no bound
     * @param text the two bounds
     */
    record Range(@Nullable Object from, @Nullable Object to, String shard, String text) {}

    /**
     * Values one by one.
     *
     * @param shards by the value's text
     * @param places whether values are names of countries, in any case
     * @param rest the shard of all other values, or null when there must be none
     */
    record Listed(
            Map<String, String> shards,
            boolean places,
            @Nullable String rest) implements Scheme {
        public Listed {
            shards = Collections.unmodifiableMap(new TreeMap<>(shards));
        }

        @Nullable
        String shard(KeyType type, Object value) {
            String text = type.text(value);
            return shards.getOrDefault(places ? text.strip().toUpperCase(Locale.ROOT) : text, rest);
        }
    }

    /**
     * What a lookup table says.
     *
     * @param rest the shard of all values that it does not have, or null when there must be none
     */
    record Looked(
            String name, Directory directory, @Nullable String rest) implements Scheme {
        @Nullable
        String shard(KeyType type, Object value) {
            String found = directory.shard(type.text(value));
            return found == null ? rest : found;
        }
    }

    /** A reference table: every shard has all of its rows. */
    record Copied() implements Scheme {}

    /** The whole table is on one shard. */
    record Whole(String shard) implements Scheme {}

    /** Whether a key decides on a row's shard. */
    default boolean keyed() {
        return !(this instanceof Copied || this instanceof Whole);
    }

    /** Whether rows with the same key are on the same shard by both. */
    default boolean agrees(Scheme other) {
        return switch (this) {
            case Hash _, Ring _, Copied _, Listed _, Whole _ -> equals(other);
            case Ranges ranges ->
                other instanceof Ranges others && ranges.rules().equals(others.rules());
            case Looked looked ->
                other instanceof Looked others && looked.name().equals(others.name());
        };
    }

    /** What of it is stored: a shard for each part of the keys. */
    default Map<String, String> rules() {
        return switch (this) {
            case Ranges ranges -> ranges.all().stream().collect(Collectors.toMap(Range::text, Range::shard));
            case Listed listed -> withRest(listed.shards(), listed.rest());
            case Looked looked -> withRest(Map.of(), looked.rest());
            case Whole whole -> Map.of("", whole.shard());
            case Hash _, Ring _, Copied _ -> Map.of();
        };
    }

    private static Map<String, String> withRest(Map<String, String> shards, @Nullable String rest) {
        Map<String, String> all = new TreeMap<>();
        shards.forEach((value, shard) -> all.put("=" + value, shard));
        if (rest != null) {
            all.put(REST, rest);
        }
        return all;
    }

    /** The rule of all values without one. */
    String REST = "*";

    /** Its name, as the file has it. */
    default String title() {
        return switch (this) {
            case Hash _ -> "hash";
            case Ring _ -> "ring";
            case Ranges _ -> "range";
            case Listed listed -> listed.places() ? "geography" : "list";
            case Looked _ -> "directory";
            case Copied _ -> "reference";
            case Whole _ -> "domain";
        };
    }
}
