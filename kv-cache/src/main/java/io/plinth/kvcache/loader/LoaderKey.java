package io.plinth.kvcache.loader;

import java.nio.charset.StandardCharsets;

/**
 * A key as a loader names it.
 *
 * @param bytes the whole key
 * @param prefix how much of it is the pattern's
 */
public record LoaderKey(byte[] bytes, int prefix) {
    /** The whole key as text. */
    public String name() {
        return new String(bytes, StandardCharsets.UTF_8);
    }

    /** What follows the pattern's prefix. */
    public String key() {
        return new String(bytes, prefix, bytes.length - prefix, StandardCharsets.UTF_8);
    }
}
