package io.plinth.kvcache.client;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What an operator's Prometheus reads of a node. */
@Timeout(60)
class MetricsIT {
    @TempDir
    Path folder;

    @Test
    void whatOnlyGrowsIsACounterAndTheRestAGauge() throws Exception {
        try (Cluster cluster = Cluster.start(folder, "memory: 64MiB", 1);
                RawClient client = new RawClient(cluster.port(0))) {
            assertThat(metrics(cluster)).contains("\nkvcache_hit_ratio NaN\n");
            client.call("SET", "user:1", "value");
            client.call("GET", "user:1");
            client.call("GET", "user:1");
            client.call("GET", "user:1");
            client.call("GET", "none");
            client.call("NO-SUCH");
            assertThat(metrics(cluster))
                    .contains(
                            "# TYPE kvcache_hits_total counter\nkvcache_hits_total 3.0\n",
                            "# TYPE kvcache_misses_total counter\nkvcache_misses_total 1.0\n",
                            "# TYPE kvcache_hit_ratio gauge\nkvcache_hit_ratio 0.75\n",
                            "# TYPE kvcache_evicted_total counter\nkvcache_evicted_total 0.0\n",
                            "# TYPE kvcache_expired_total counter\n",
                            "# TYPE kvcache_commands_total counter\n",
                            "# TYPE kvcache_errors_total counter\nkvcache_errors_total 1.0\n",
                            "# TYPE kvcache_clients_accepted_total counter\n",
                            "# TYPE kvcache_pattern_loads_total counter\n",
                            "# TYPE kvcache_pattern_quota_bytes gauge\n",
                            "# TYPE kvcache_keys gauge\nkvcache_keys 1.0\n",
                            "# TYPE kvcache_expiry_lag_seconds histogram\n",
                            "# TYPE kvcache_command_latency_seconds summary\n",
                            "kvcache_memory_prefix_bytes{prefix=\"user\"}",
                            "kvcache_memory_type_bytes{type=\"string\"}");
        }
    }

    private static String metrics(Cluster cluster) throws Exception {
        URI uri = URI.create("http://127.0.0.1:" + cluster.node(0).admin().getPort() + "/metrics");
        try (HttpClient http = HttpClient.newHttpClient()) {
            return http.send(HttpRequest.newBuilder(uri).build(), HttpResponse.BodyHandlers.ofString())
                    .body();
        }
    }
}
