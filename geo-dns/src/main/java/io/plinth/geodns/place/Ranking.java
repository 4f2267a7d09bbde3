package io.plinth.geodns.place;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** In which order a policy's members, by their numbers, serve whom. Immutable; equal ones are compiled once. */
public interface Ranking {
    /** For clients at a place. */
    List<Integer> order(Place place);

    /** For clients of an autonomous system; null where that decides nothing. */
    default @Nullable List<Integer> order(long system) {
        return null;
    }

    /** For clients from who knows where. */
    List<Integer> unknown();

    /** Whether places matter at all. */
    default boolean needsPlaces() {
        return true;
    }

    /** Whether autonomous systems matter. */
    default boolean needsSystems() {
        return false;
    }

    /** Why clients at a place are served in their order, for people. */
    String explain(@Nullable Place place, @Nullable Long system);

    /** One order for all. */
    record Fixed(List<Integer> unknown) implements Ranking {
        @Override
        public List<Integer> order(Place place) {
            return unknown;
        }

        @Override
        public boolean needsPlaces() {
            return false;
        }

        @Override
        public String explain(@Nullable Place place, @Nullable Long system) {
            return "order";
        }
    }
}
