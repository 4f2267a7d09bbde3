package io.plinth.kvcache.persist.copy;

/**
 * What a file is to have.
 *
 * @param keys whether all keys are in it
 * @param functions whether the libraries of functions are
 */
public record CopyWish(boolean keys, boolean functions) {
    /** Everything. */
    public static final CopyWish ALL = new CopyWish(true, true);
}
