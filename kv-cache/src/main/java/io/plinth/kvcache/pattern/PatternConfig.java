package io.plinth.kvcache.pattern;

import io.plinth.kit.config.DataSize;
import io.plinth.kit.config.Default;
import io.plinth.kit.config.Doc;
import io.plinth.kit.config.Range;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** Keys that begin alike. */
@Doc("Keys that begin alike, and how they are cached.")
public record PatternConfig(
        @Doc("What the keys begin with; where several patterns fit, the one with the longest counts.")
        String prefix,

        @Doc("The database of the keys.") @Default("0") @Range(min = "0", max = "15")
        int database,

        @Doc("How long a string is fresh that is set without an expiry, by SET too; for ever where left out.")
        @Nullable
        @Range(min = "10ms", max = "36500d")
        Duration ttl,

        @Doc("Up to so many percent of `ttl` are taken off by chance, so that what was set together does not go"
                + " together.")
        @Default("0")
        @Range(min = "0", max = "90")
        int jitter,

        @Doc("How much longer than it is fresh a string is kept: meanwhile readers get the stale value while one of"
                + " them, or the loader, makes it anew. Comes on top of the expiries that clients give, too.")
        @Default("0s")
        @Range(min = "0s", max = "36500d")
        Duration stale,

        @Doc("How long it is remembered that there is nothing for a key, where CACHE.NEGATIVE does not say, and after a"
                + " loader said so.")
        @Default("30s")
        @Range(min = "1ms", max = "365d")
        Duration negativeTtl,

        @Doc("Whether keys may have tags.") @Default("false")
        boolean tags,

        @Doc("What all these keys together may take; without bounds where left out.") @Nullable
        QuotaConfig quota,

        @Doc("The loader behind these keys, one of `loaders`.") @Nullable
        String loader,

        @Doc("Whether reads of strings that are not there ask the loader.") @Default("true")
        boolean read,

        @Doc("What becomes of writes: `none` (the cache alone), `through` (a client is answered once the loader"
                + " accepted), or `behind` (once it is on this node's disk; the loader gets it soon).")
        @Default("none")
        WriteMode write,

        @Doc("What a reader gets where nothing is there and the loader fails: an `error`, or `nil` as if there were"
                + " nothing.")
        @Default("error")
        FailureMode onError) {

    /** What becomes of writes. */
    public enum WriteMode {
        NONE,
        THROUGH,
        BEHIND
    }

    /** What a failed load is answered with. */
    public enum FailureMode {
        ERROR,
        NIL
    }

    /** What to do where a quota is used up. */
    public enum QuotaMode {
        EVICT,
        REFUSE
    }

    /** Bounds of a pattern's keys. */
    @Doc("What all keys of a pattern may take.")
    public record QuotaConfig(
            @Doc("Bytes, counted as `memory` counts them.") @Nullable @Range(min = "1KiB")
            DataSize bytes,

            @Doc("Keys.") @Nullable @Range(min = "1") Long keys,

            @Doc("Where it is used up: `evict` keys of the pattern, or `refuse` writes that need memory.")
            @Default("evict")
            QuotaMode over) {}
}
