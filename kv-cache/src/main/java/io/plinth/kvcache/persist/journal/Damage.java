package io.plinth.kvcache.persist.journal;

/**
 * Bytes that are not what was written.
 *
 * @param file where
 * @param offset from which byte on
 * @param what was lost, in words
 */
public record Damage(String file, long offset, String what) {
    @Override
    public String toString() {
        return file + " at byte " + offset + ": " + what;
    }
}
