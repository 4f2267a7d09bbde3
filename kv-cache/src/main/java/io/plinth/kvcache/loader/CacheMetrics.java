package io.plinth.kvcache.loader;

import io.plinth.kit.metrics.Metrics;
import io.plinth.kvcache.command.cache.CachePatterns;
import io.plinth.kvcache.loader.behind.BehindQueue;
import io.plinth.kvcache.pattern.PatternCounts;
import io.plinth.kvcache.pattern.PatternRule;
import io.prometheus.metrics.core.metrics.GaugeWithCallback;
import java.util.function.ToDoubleFunction;

/** What /metrics shows of patterns, loaders and writes for later; read when scraped. */
public final class CacheMetrics {
    private final Metrics metrics;
    private final CachePatterns patterns;
    private final Loaders loaders;

    private CacheMetrics(Metrics metrics, CachePatterns patterns, Loaders loaders) {
        this.metrics = metrics;
        this.patterns = patterns;
        this.loaders = loaders;
    }

    /** Registers all of them. */
    public static void register(Metrics metrics, CachePatterns patterns, Loaders loaders) {
        CacheMetrics our = new CacheMetrics(metrics, patterns, loaders);
        our.patterns();
        our.loaders();
        BehindQueue behind = loaders.behind();
        if (behind != null) {
            our.behind(behind);
        }
    }

    private void patterns() {
        metrics.gauge(
                "kvcache_cache_marks",
                "Keys with a lease, a soft deadline, tags, or remembered as absent.",
                () -> patterns.marks().size());
        pattern("leases", "Rights to fill that clients got, since the start.", c -> c.leases.sum());
        pattern("lease_waits", "Readers that waited for a fill, since the start.", c -> c.leaseWaits.sum());
        pattern("stale_served", "Stale values given out, since the start.", c -> c.stale.sum());
        pattern("negative_hits", "Reads answered by a remembered absence, since the start.", c -> c.negative.sum());
        pattern("quota_evicted", "Keys evicted for the pattern's quota, since the start.", c -> c.quotaEvicted.sum());
        pattern("quota_refused", "Writes refused for it, since the start.", c -> c.quotaRefused.sum());
        pattern("quota_bytes", "What its keys take, where it has a quota.", PatternCounts::bytes);
        pattern("quota_keys", "How many keys it has, where it has a quota.", PatternCounts::keys);
        pattern("loads", "Questions to the loader, since the start.", c -> c.loads.sum());
        pattern("loads_coalesced", "Readers that shared another's question, since the start.", c -> c.coalesced.sum());
        pattern("load_failures", "Questions that failed, since the start.", c -> c.loadFailures.sum());
        pattern("stores", "Values written through, since the start.", c -> c.stores.sum());
        pattern("store_failures", "Writes that were refused or failed, since the start.", c -> c.storeFailures.sum());
    }

    private void pattern(String name, String help, ToDoubleFunction<PatternCounts> value) {
        GaugeWithCallback.builder()
                .name("kvcache_pattern_" + name)
                .help(help)
                .labelNames("pattern")
                .callback(callback -> {
                    for (PatternRule rule : patterns.patterns().rules()) {
                        callback.call(value.applyAsDouble(rule.counts()), rule.name());
                    }
                    callback.call(value.applyAsDouble(patterns.others()), "");
                })
                .register(metrics.registry());
    }

    private void loaders() {
        loader("busy", "Questions under way.", LoaderPool::busy);
        loader("waiting", "Questions that wait for their turn.", LoaderPool::waiting);
        loader("open", "1 while it is left alone after failures.", pool -> pool.open() ? 1 : 0);
    }

    private void loader(String name, String help, ToDoubleFunction<LoaderPool> value) {
        GaugeWithCallback.builder()
                .name("kvcache_loader_" + name)
                .help(help)
                .labelNames("loader")
                .callback(callback ->
                        loaders.pools().forEach((key, pool) -> callback.call(value.applyAsDouble(pool), key)))
                .register(metrics.registry());
    }

    private void behind(BehindQueue queue) {
        metrics.gauge("kvcache_behind_keys", "Keys whose write waits to be handed on.", queue::size);
        metrics.gauge("kvcache_behind_bytes", "What these writes take.", queue::bytes);
        metrics.gauge(
                "kvcache_behind_age_seconds", "How long the first of them has waited.", () -> queue.ageMillis() / 1e3);
        metrics.gauge(
                "kvcache_behind_handed_on", "Writes that loaders got, since the start.", queue.counts()::handedOn);
        metrics.gauge("kvcache_behind_failures", "Attempts that failed, since the start.", queue.counts()::failures);
        metrics.gauge(
                "kvcache_behind_coalesced",
                "Writes whose key had one waiting, since the start.",
                queue.counts()::coalesced);
        metrics.gauge(
                "kvcache_behind_set_aside",
                "Writes that loaders refused for good, in behind-refused.jsonl, since the start.",
                queue.counts()::setAside);
        metrics.gauge(
                "kvcache_behind_dropped",
                "Such writes without room in that file, since the start.",
                queue.counts()::dropped);
        metrics.gauge(
                "kvcache_behind_refused",
                "Writes without room in the queue, since the start.",
                queue.counts()::refused);
    }
}
