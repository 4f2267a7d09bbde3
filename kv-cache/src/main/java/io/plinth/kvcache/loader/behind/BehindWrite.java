package io.plinth.kvcache.loader.behind;

import org.jspecify.annotations.Nullable;

/**
 * A write that is handed on later.
 *
 * @param loader to whom
 * @param key the whole key
 * @param prefix how much of it is the pattern's
 * @param value null where it is removed
 */
public record BehindWrite(String loader, byte[] key, int prefix, byte @Nullable [] value) {
    long size() {
        return key.length + (value == null ? 0L : value.length);
    }
}
