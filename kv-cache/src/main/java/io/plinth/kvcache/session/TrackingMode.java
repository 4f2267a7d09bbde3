package io.plinth.kvcache.session;

import java.util.List;

/**
 * How a client tracks. Immutable.
 *
 * @param broadcast whether it hears of all keys of its prefixes, read or not
 * @param prefixes of keys, in order; in broadcasting mode only, and the empty one for every key
 * @param optIn whether it only tracks what it reads after CLIENT CACHING YES
 * @param optOut whether it does not track what it reads after CLIENT CACHING NO
 * @param noLoop whether it does not hear of its own changes
 * @param redirect the client that is told in its stead, 0 for none
 */
public record TrackingMode(
        boolean broadcast, List<Channel> prefixes, boolean optIn, boolean optOut, boolean noLoop, long redirect) {

    /** The mode of a client that has said nothing else. */
    public static final TrackingMode PLAIN = new TrackingMode(false, List.of(), false, false, false, 0);

    public TrackingMode {
        prefixes = List.copyOf(prefixes);
    }

    /** Whether a key it reads is remembered; {@code caching} is whether CLIENT CACHING came before. */
    boolean remembers(boolean caching) {
        return !broadcast && (optIn ? caching : !(optOut && caching));
    }
}
