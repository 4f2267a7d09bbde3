package io.plinth.kvcache.admin.keys;

import io.plinth.kit.metrics.Metrics;
import io.plinth.kvcache.command.NodeState;
import io.plinth.kvcache.command.stats.HotList;
import io.plinth.kvcache.command.stats.HotList.Hot;
import io.plinth.kvcache.keyspace.Keyspace;
import io.plinth.kvcache.keyspace.store.Databases;
import io.plinth.kvcache.keyspace.value.ValueType;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot.GaugeDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.Labels;
import java.util.Random;

/** What /metrics shows of keys; looked up when scraped. */
public final class KeyMetrics {
    /** Hot keys that are shown at a time. */
    private static final int HOT = 10;

    private KeyMetrics() {}

    /** Registers them. */
    public static void register(Metrics metrics, NodeState node) {
        Prefixes prefixes =
                new Prefixes(node.keyspace(), new Random(node.random().nextLong()));
        metrics.registry()
                .register(() -> hot(node.stats().hotKeys(), node.keyspace().databases()));
        metrics.registry().register(() -> types(node.keyspace()));
        metrics.registry().register(() -> prefixes(prefixes));
    }

    private static GaugeSnapshot hot(HotList keys, Databases databases) {
        GaugeSnapshot.Builder gauge = GaugeSnapshot.builder()
                .name("kvcache_hot_key_uses_per_second")
                .help("How often the keys are used that are used most, of late; from every 32nd use.");
        for (Hot hot : keys.top(HOT)) {
            gauge.dataPoint(GaugeDataPointSnapshot.builder()
                    .labels(Labels.of(
                            "key", KeyText.of(hot.key()), "database", Integer.toString(databases.named(hot.db()))))
                    .value(Math.rint(hot.perSecond()))
                    .build());
        }
        return gauge.build();
    }

    private static GaugeSnapshot types(Keyspace keyspace) {
        GaugeSnapshot.Builder gauge =
                GaugeSnapshot.builder().name("kvcache_memory_type_bytes").help("What keys take, by the type of value.");
        for (ValueType type : ValueType.values()) {
            long bytes = 0;
            for (int i = 0; i < Keyspace.SEGMENTS; i++) {
                bytes += keyspace.at(i).taken().bytes(type);
            }
            gauge.dataPoint(GaugeDataPointSnapshot.builder()
                    .labels(Labels.of("type", type.label()))
                    .value((double) bytes)
                    .build());
        }
        return gauge.build();
    }

    private static synchronized GaugeSnapshot prefixes(Prefixes prefixes) {
        GaugeSnapshot.Builder gauge = GaugeSnapshot.builder()
                .name("kvcache_memory_prefix_bytes")
                .help("What keys take by what stands before their first colon, from a sample.");
        prefixes.bytes()
                .forEach((prefix, bytes) -> gauge.dataPoint(GaugeDataPointSnapshot.builder()
                        .labels(Labels.of("prefix", prefix))
                        .value(Math.rint(bytes))
                        .build()));
        return gauge.build();
    }
}
