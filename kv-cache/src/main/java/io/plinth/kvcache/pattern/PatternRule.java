package io.plinth.kvcache.pattern;

import io.plinth.kvcache.keyspace.Entry;
import io.plinth.kvcache.pattern.PatternConfig.FailureMode;
import io.plinth.kvcache.pattern.PatternConfig.QuotaConfig;
import io.plinth.kvcache.pattern.PatternConfig.QuotaMode;
import io.plinth.kvcache.pattern.PatternConfig.WriteMode;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.function.IntUnaryOperator;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/** Immutable: how keys with one prefix are cached. Times in milliseconds. */
public final class PatternRule {
    private final String name;
    private final PatternConfig config;
    private final byte[] prefix;
    private final long ttl;
    private final long stale;
    private final long quotaBytes;
    private final long quotaKeys;
    private final boolean refuses;
    private final PatternCounts counts;
    private final IntUnaryOperator stored;

    PatternRule(String name, PatternConfig config, PatternCounts counts, IntUnaryOperator stored) {
        this.stored = stored;
        this.name = name;
        this.config = config;
        this.counts = counts;
        this.prefix = config.prefix().getBytes(StandardCharsets.UTF_8);
        Duration given = config.ttl();
        this.ttl = given == null ? 0 : given.toMillis();
        this.stale = config.stale().toMillis();
        QuotaConfig quota = config.quota();
        this.quotaBytes = quota == null || quota.bytes() == null
                ? Long.MAX_VALUE
                : quota.bytes().bytes();
        this.quotaKeys = quota == null || quota.keys() == null ? Long.MAX_VALUE : quota.keys();
        this.refuses = quota != null && quota.over() == QuotaMode.REFUSE;
    }

    public String name() {
        return name;
    }

    /** The database of its keys, by its number in records: another one after SWAPDB. */
    public int db() {
        return stored.applyAsInt(config.database());
    }

    /** The database of its keys. */
    int database() {
        return config.database();
    }

    /** What was counted for it. */
    public PatternCounts counts() {
        return counts;
    }

    int prefixLength() {
        return prefix.length;
    }

    /** What its keys begin with. */
    public byte[] prefix() {
        return prefix;
    }

    /** Whether a key is one of its. */
    public boolean fits(int db, byte[] buffer, int offset, int length) {
        return db == db()
                && length >= prefix.length
                && Arrays.equals(prefix, 0, prefix.length, buffer, offset, offset + prefix.length);
    }

    /** When a string goes that is set with this expiry or none: what is stale is kept a while. */
    public long expireAt(long given, long now, RandomGenerator random) {
        if (given != Entry.NEVER) {
            return given > Entry.NEVER - 1 - stale ? given : given + stale;
        }
        if (ttl == 0) {
            return Entry.NEVER;
        }
        long off = config.jitter() == 0 ? 0 : random.nextLong(ttl / 100 * config.jitter() + 1);
        return now + ttl - off + stale;
    }

    /** How long it is fresh that nothing is there. */
    public long negative() {
        return config.negativeTtl().toMillis();
    }

    /** How long values are kept after they are fresh. */
    public long stale() {
        return stale;
    }

    /** From when on a value is stale that goes at a time; {@link Entry#NEVER} where it never is. */
    public long softDeadline(long expireAt) {
        return stale == 0 || expireAt == Entry.NEVER ? Entry.NEVER : expireAt - stale;
    }

    /** Whether its keys may have tags. */
    public boolean tags() {
        return config.tags();
    }

    public boolean hasQuota() {
        return config.quota() != null;
    }

    long quotaBytes() {
        return quotaBytes;
    }

    long quotaKeys() {
        return quotaKeys;
    }

    /** Whether writes over the quota are refused; else keys are evicted. */
    public boolean refuses() {
        return refuses;
    }

    /** The loader's name; null where there is none. */
    public @Nullable String loader() {
        return config.loader();
    }

    /** Whether reads that find nothing ask the loader. */
    public boolean readThrough() {
        return config.loader() != null && config.read();
    }

    /** What becomes of writes. */
    public WriteMode write() {
        return config.loader() == null ? WriteMode.NONE : config.write();
    }

    /** Whether a reader is told that a load failed. */
    public boolean tellsErrors() {
        return config.onError() == FailureMode.ERROR;
    }
}
