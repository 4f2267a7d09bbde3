package io.plinth.kvcache.loader;

import org.jspecify.annotations.Nullable;

/**
 * What a loader has of a key.
 *
 * @param value null where there is nothing
 * @param ttlMillis how long that holds, by the loader's word; negative where it says nothing
 */
public record Answer(byte @Nullable [] value, long ttlMillis) {
    private static final long UNSAID = -1;

    static Answer of(byte @Nullable [] value) {
        return new Answer(value, UNSAID);
    }
}
