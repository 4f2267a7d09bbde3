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

    @Test
    void refusesAQuestionThatNamesNoKeyOrNoDatabase() throws Exception {
        assertThat(explain(0, "db=1").statusCode()).isEqualTo(400);
        assertThat(explain(0, "key=a&db=16").body()).contains("db: 16 (expected: 0 to 15)");
        assertThat(explain(0, "key=a&db=-1").statusCode()).isEqualTo(400);
    }

    private HttpResponse<String> explain(int node, String query) throws Exception {
        InetSocketAddress admin = cluster.node(node).admin();
        URI uri = URI.create("http://127.0.0.1:" + admin.getPort() + "/explain?" + query);
        try (HttpClient client = HttpClient.newHttpClient()) {
            return client.send(HttpRequest.newBuilder(uri).build(), HttpResponse.BodyHandlers.ofString());
        }
    }
}
