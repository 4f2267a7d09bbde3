package io.plinth.kvcache.loader;

import io.plinth.kit.metrics.Metrics;
import io.plinth.kvcache.command.cache.CachePatterns;
import io.plinth.kvcache.loader.behind.BehindQueue;
import io.plinth.kvcache.pattern.PatternCounts;
import io.plinth.kvcache.pattern.PatternRule;
import io.prometheus.metrics.core.metrics.CounterWithCallback;
import io.prometheus.metrics.core.metrics.GaugeWithCallback;
import java.util.function.ObjDoubleConsumer;
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
        counted("leases", "Rights to fill that clients got.", c -> c.leases.sum());
        counted("lease_waits", "Readers that waited for a fill.", c -> c.leaseWaits.sum());
        counted("stale_served", "Stale values given out.", c -> c.stale.sum());
        counted("negative_hits", "Reads answered by a remembered absence.", c -> c.negative.sum());
        counted("quota_evicted", "Keys evicted for the pattern's quota.", c -> c.quotaEvicted.sum());
        counted("quota_refused", "Writes refused for it.", c -> c.quotaRefused.sum());
        pattern("quota_bytes", "What its keys take, where it has a quota.", PatternCounts::bytes);
        pattern("quota_keys", "How many keys it has, where it has a quota.", PatternCounts::keys);
        counted("loads", "Questions to the loader.", c -> c.loads.sum());
        counted("loads_coalesced", "Readers that shared another's question.", c -> c.coalesced.sum());
        counted("load_failures", "Questions that failed.", c -> c.loadFailures.sum());
        counted("stores", "Values written through.", c -> c.stores.sum());
        counted("store_failures", "Writes that were refused or failed.", c -> c.storeFailures.sum());
    }

    private void counted(String name, String help, ToDoubleFunction<PatternCounts> value) {
        CounterWithCallback.builder()
                .name("kvcache_pattern_" + name + "_total")
                .help(help)
                .labelNames("pattern")
                .callback(callback -> each(value, (pattern, number) -> callback.call(number, pattern)))
                .register(metrics.registry());
    }

    private void pattern(String name, String help, ToDoubleFunction<PatternCounts> value) {
        GaugeWithCallback.builder()
                .name("kvcache_pattern_" + name)
                .help(help)
                .labelNames("pattern")
                .callback(callback -> each(value, (pattern, number) -> callback.call(number, pattern)))
                .register(metrics.registry());
    }

    private void each(ToDoubleFunction<PatternCounts> value, ObjDoubleConsumer<String> into) {
        for (PatternRule rule : patterns.patterns().rules()) {
            into.accept(rule.name(), value.applyAsDouble(rule.counts()));
        }
        into.accept("", value.applyAsDouble(patterns.others()));
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
        metrics.counter("kvcache_behind_handed_on_total", "Writes that loaders got.", queue.counts()::handedOn);
        metrics.counter("kvcache_behind_failures_total", "Attempts that failed.", queue.counts()::failures);
        metrics.counter(
                "kvcache_behind_coalesced_total", "Writes whose key had one waiting.", queue.counts()::coalesced);
        metrics.counter(
                "kvcache_behind_set_aside_total",
                "Writes that loaders refused for good, in behind-refused.jsonl.",
                queue.counts()::setAside);
        metrics.counter(
                "kvcache_behind_dropped_total", "Such writes without room in that file.", queue.counts()::dropped);
        metrics.counter("kvcache_behind_refused_total", "Writes without room in the queue.", queue.counts()::refused);
    }
}
