package io.plinth.geodns.change;

import org.jspecify.annotations.Nullable;

/**
 * One change of one thing. Immutable.
 *
 * @param version from 1
 * @param millis when, since 1970
 * @param key {@code zones/shop.example.}, {@code targets/edge/eu}, {@code overrides/192.0.2.1}, {@code latency/edge}
 * @param before null where there was nothing
 * @param after null where there is nothing any more
 */
public record Change(
        long version,
        long millis,
        String key,
        @Nullable String before,
        @Nullable String after) {}
