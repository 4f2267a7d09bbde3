package io.plinth.kvcache.client;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ExplainIT {
    private final Cluster cluster;

    ExplainIT(@TempDir Path folder) throws Exception {
        cluster = Cluster.start(folder, "memory: 32MiB", 2);
    }

    @AfterAll
    void stop() {
        cluster.close();
    }

    /** Half of the slots are the second node's, which answers with MOVED what the first one serves. */
    @Test
    void saysWhereAKeyLiesAndWhatItIsAsTheCommandsDo() throws Exception {
        for (String key : new String[] {"a", "b", "c", "d", "e", "f"}) {
            try (RawClient first = new RawClient(cluster.port(0));
                    RawClient second = new RawClient(cluster.port(1))) {
                boolean moved = first.call("HSET", key, "field", "value").startsWith("-MOVED");
                RawClient owner = moved ? second : first;
                owner.call("HSET", key, "field", "value");
                owner.call("PEXPIRE", key, "100000");
                String here = explain(moved ? 1 : 0, "key=" + key).body();
                String slot = first.call("CLUSTER", "KEYSLOT", key).substring(1).strip();
                assertThat(here)
                        .contains("\"here\":\"yes\"", "\"type\":\"hash\"", "\"slot\":" + slot, "\"ttl_ms\":")
                        .contains("\"encoding\":\"listpack\"", "\"node\":\"kv-" + (moved ? 1 : 0));
                assertThat(explain(moved ? 0 : 1, "key=" + key).body())
                        .contains("MOVED", "\"node\":\"kv-" + (moved ? 1 : 0));
            }
        }
        assertThat(explain(0, "key=nothing%20here").body()
                        + explain(1, "key=nothing%20here").body())
                .contains("absent");
    }

    /** The sketch sees every 32nd use of a key, so that many are needed; all nodes are asked, as any may own the keys. */
    @Test
    void showsHotKeysAndWhatKeysTakeByTypeAndPrefix() throws Exception {
        StringBuilder metrics = new StringBuilder();
        StringBuilder hot = new StringBuilder();
        StringBuilder explained = new StringBuilder();
        for (int node = 0; node < 2; node++) {
            try (RawClient client = new RawClient(cluster.port(node))) {
                for (int i = 0; i < 40; i++) {
                    client.call("SET", "user:" + i, "value");
                    client.call("ZADD", "rank:" + i, "1", "member");
                }
                for (int i = 0; i < 2_000; i++) {
                    client.call("GET", "hot key");
                }
                client.call("SET", "hot key", "1");
                explained.append(client.call("OBJECT", "FREQ", "hot key"));
            }
            hot.append(get(node, "/hotkeys").body());
            metrics.append(get(node, "/metrics").body());
        }
        assertThat(hot.toString()).contains("{\"key\":\"hot key\",\"database\":0,\"uses_per_second\":");
        assertThat(explained.toString()).containsPattern(":(1[0-9]|2[0-9])\r\n");
        assertThat(metrics.toString())
                .contains("kvcache_hot_key_uses_per_second{database=\"0\",key=\"hot key\"}")
                .contains(
                        "kvcache_memory_prefix_bytes{prefix=\"user\"}", "kvcache_memory_prefix_bytes{prefix=\"rank\"}")
                .contains("kvcache_memory_prefix_bytes{prefix=\"(none)\"}")
                .contains(
                        "kvcache_memory_type_bytes{type=\"string\"}", "kvcache_memory_type_bytes{type=\"stream\"} 0.0");
    }

    @Test
    void refusesAQuestionThatNamesNoKeyOrNoDatabase() throws Exception {
        assertThat(explain(0, "db=1").statusCode()).isEqualTo(400);
        assertThat(explain(0, "key=a&db=16").body()).contains("db: 16 (expected: 0 to 15)");
        assertThat(explain(0, "key=a&db=-1").statusCode()).isEqualTo(400);
    }

    private HttpResponse<String> explain(int node, String query) throws Exception {
        return get(node, "/explain?" + query);
    }

    private HttpResponse<String> get(int node, String path) throws Exception {
        InetSocketAddress admin = cluster.node(node).admin();
        URI uri = URI.create("http://127.0.0.1:" + admin.getPort() + path);
        try (HttpClient client = HttpClient.newHttpClient()) {
            return client.send(HttpRequest.newBuilder(uri).build(), HttpResponse.BodyHandlers.ofString());
        }
    }
}
