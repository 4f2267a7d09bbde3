package io.plinth.kvcache.keyspace;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Which keys may go when memory is needed. Redis's policy names map onto these; the order of leaving is always S3-FIFO. */
public enum Eviction {
    /** Nothing leaves; writes that need memory are refused. */
    NONE,
    /** Any key may leave. */
    ALL_KEYS,
    /** Only keys with an expiry may leave. */
    VOLATILE;

    /** The policy a name stands for, or null. */
    public static @Nullable Eviction of(String name) {
        return switch (name.toLowerCase(Locale.ROOT)) {
            case "noeviction" -> NONE;
            case "s3-fifo", "allkeys-lru", "allkeys-lfu", "allkeys-random" -> ALL_KEYS;
            case "volatile-lru", "volatile-lfu", "volatile-random", "volatile-ttl" -> VOLATILE;
            default -> null;
        };
    }
}
