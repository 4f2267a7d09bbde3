package io.plinth.kvcache.client;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A node with an HTTP server behind some of its keys. */
@Timeout(120)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@TestMethodOrder(MethodOrderer.MethodName.class)
class LoadersIT {
    private final Origin origin = new Origin();
    private final Cluster cluster;

    LoadersIT(@TempDir Path folder) throws Exception {
        String text = "memory: 32MiB,"
                + " behind: { delay: 1ms, retry: 100ms, refusals: 2 },"
                + " loaders: { web: { http: \"" + origin.url() + "\", timeout: 30s, failures: 10000 },"
                + " down: { http: \"http://127.0.0.1:1/{key}\", timeout: 30s, failures: 2, open: 1h } },"
                + " patterns: { web: { prefix: \"web:\", ttl: 1h, loader: web, write: through },"
                + " soft: { prefix: \"soft:\", ttl: 10ms, stale: 1h, loader: web },"
                + " late: { prefix: \"late:\", ttl: 1h, loader: web, write: behind },"
                + " down: { prefix: \"down:\", loader: down, write: through },"
                + " nil: { prefix: \"nil:\", loader: down, on-error: nil } }";
        cluster = Cluster.start(folder, text, 1);
    }

    @AfterAll
    void stop() {
        cluster.close();
        origin.close();
    }

    @BeforeEach
    void begin() {
        origin.status = 0;
        origin.requests.clear();
    }

    private RawClient client() throws Exception {
        return new RawClient(cluster.port(0));
    }

    private String admin(String path) throws Exception {
        URI uri = URI.create("http://127.0.0.1:" + cluster.node(0).admin().getPort() + path);
        try (HttpClient client = HttpClient.newHttpClient()) {
            return client.send(HttpRequest.newBuilder(uri).build(), HttpResponse.BodyHandlers.ofString())
                    .body();
        }
    }

    @Test
    void manyReadersOfAMissingKeyAskTheLoaderOnce() throws Exception {
        origin.values.put("one", "first");
        origin.gate = new CountDownLatch(1);
        List<RawClient> readers = new ArrayList<>();
        try (RawClient other = client()) {
            for (int i = 0; i < 20; i++) {
                RawClient reader = client();
                readers.add(reader);
                reader.send(RawClient.request(List.of("GET", "web:one")) + RawClient.request(List.of("PING")));
            }
            // Its loops serve others meanwhile.
            for (int i = 0; i < 4; i++) {
                try (RawClient each = client()) {
                    assertThat(each.call("SET", "other", "v")).isEqualTo("+OK\r\n");
                }
            }
            Await.until("all wait", () -> other.call("INFO", "clients").contains("blocked_clients:20"));
            origin.gate.countDown();
            for (RawClient reader : readers) {
                assertThat(reader.reply() + reader.reply()).isEqualTo("$5\r\nfirst\r\n+PONG\r\n");
            }
            assertThat(origin.asked("GET one")).isEqualTo(1);
            assertThat(other.call("TTL", "web:one")).matches(":(3600|35\\d\\d)\r\n");
            assertThat(other.call("MGET", "web:one", "web:two", "other"))
                    .isEqualTo("*3\r\n$5\r\nfirst\r\n$-1\r\n$1\r\nv\r\n");
            assertThat(other.call("GET", "web:two")).isEqualTo("$-1\r\n");
            assertThat(origin.asked("GET two")).isEqualTo(1);
            assertThat(other.call("CACHE.GET", "web:two")).contains("absent");
            assertThat(admin("/explain?key=web:one")).contains("\"pattern\":\"web\"", "read through, write through");
            assertThat(admin("/metrics"))
                    .contains("kvcache_pattern_loads_total{pattern=\"web\"} 2.0")
                    .contains("kvcache_pattern_loads_coalesced_total{pattern=\"web\"} 19.0");
        } finally {
            for (RawClient reader : readers) {
                reader.close();
            }
        }
    }

    @Test
    void aWriteIsAnsweredOnceTheLoaderAcceptedIt() throws Exception {
        try (RawClient client = client();
                RawClient other = client()) {
            assertThat(client.call("SET", "web:w", "v1", "EX", "100")).isEqualTo("+OK\r\n");
            assertThat(origin.values).containsEntry("w", "v1");
            assertThat(client.call("MSET", "web:w", "v2", "web:x y", "v3")).isEqualTo("+OK\r\n");
            assertThat(origin.values).containsEntry("w", "v2").containsEntry("x y", "v3");
            origin.status = 422;
            assertThat(client.call("SET", "web:w", "bad")).isEqualTo("-ERR loader web: PUT answered 422\r\n");
            assertThat(other.call("GET", "web:w")).isEqualTo("$2\r\nv2\r\n");
            origin.status = 500;
            // Whether it has it is not known: the cache does not claim to know.
            assertThat(client.call("SET", "web:w", "bad")).isEqualTo("-ERR loader web: PUT answered 500\r\n");
            assertThat(other.call("EXISTS", "web:w")).isEqualTo(":0\r\n");
            origin.status = 0;
            assertThat(client.call("DEL", "web:w", "web:x y")).isEqualTo(":1\r\n");
            assertThat(origin.values).doesNotContainKeys("w", "x y");
            assertThat(client.call("SET", "web:w", "v", "NX")).startsWith("-ERR SET with NX");
            assertThat(client.call("INCR", "web:w")).startsWith("-ERR writes of pattern 'web' go to a loader");
            assertThat(client.call("MSET", "web:w", "v", "other", "v")).startsWith("-ERR keys of pattern 'web'");
            assertThat(client.call("EVAL", "return redis.call('SET', KEYS[1], 'v')", "1", "web:w"))
                    .contains("none in transactions and scripts");
            assertThat(client.call("EXPIRE", "web:x y", "5")).isEqualTo(":0\r\n");
        }
    }

    /** Clients on several loops write one key: the cache ends with what the loader has. */
    @Test
    void writesOfOneKeyAreDoneOneAfterTheOther() throws Exception {
        List<RawClient> writers = new ArrayList<>();
        try (RawClient reader = client()) {
            for (int i = 0; i < 8; i++) {
                writers.add(client());
            }
            for (int round = 0; round < 20; round++) {
                for (int i = 0; i < writers.size(); i++) {
                    writers.get(i).send(RawClient.request(List.of("SET", "web:race", round + "-" + i)));
                }
                for (RawClient writer : writers) {
                    assertThat(writer.reply()).isEqualTo("+OK\r\n");
                }
                assertThat(reader.call("GET", "web:race")).contains(String.valueOf(origin.values.get("race")));
            }
        } finally {
            for (RawClient writer : writers) {
                writer.close();
            }
        }
    }

    @Test
    void aStaleValueIsServedWhileTheLoaderIsAskedOrDown() throws Exception {
        origin.values.put("s", "old");
        try (RawClient client = client()) {
            assertThat(client.call("GET", "soft:s")).isEqualTo("$3\r\nold\r\n");
            origin.values.put("s", "new");
            Await.until("refreshed", () -> client.call("GET", "soft:s").contains("new"));
            origin.status = 500;
            for (int i = 0; i < 20; i++) {
                assertThat(client.call("GET", "soft:s")).isEqualTo("$3\r\nnew\r\n");
            }
            Await.until("asked in vain", () -> {
                client.call("GET", "soft:s");
                return !admin("/metrics").contains("kvcache_pattern_load_failures_total{pattern=\"soft\"} 0.0");
            });
            assertThat(admin("/explain?key=soft:s")).contains("\"soft_ttl\":\"stale\"");
        }
    }

    @Test
    void aLoaderThatIsDownIsLeftAloneAndReadersAreTold() throws Exception {
        try (RawClient client = client()) {
            for (int i = 0; i < 2; i++) {
                assertThat(client.call("GET", "down:" + i)).isEqualTo("-ERR loader down: GET: no connection\r\n");
            }
            assertThat(client.call("GET", "down:x")).isEqualTo("-ERR loader down: left alone after 2 failures\r\n");
            assertThat(client.call("SET", "down:x", "v")).startsWith("-ERR loader down: left alone");
            assertThat(client.call("GET", "nil:x")).isEqualTo("$-1\r\n");
            assertThat(admin("/metrics")).contains("kvcache_loader_open{loader=\"down\"} 1.0");
        }
    }

    @Test
    void aLoadThatAWriteOvertookIsNotKept() throws Exception {
        origin.values.put("o", "old");
        origin.gate = new CountDownLatch(1);
        try (RawClient reader = client();
                RawClient writer = client()) {
            reader.send(RawClient.request(List.of("GET", "soft:o")));
            Await.until("asked", () -> origin.asked("GET o") == 1);
            assertThat(writer.call("SET", "soft:o", "new", "EX", "1000")).isEqualTo("+OK\r\n");
            origin.gate.countDown();
            assertThat(reader.reply()).isEqualTo("$3\r\nnew\r\n");
            origin.gate = new CountDownLatch(1);
            reader.send(RawClient.request(List.of("GET", "soft:p")));
            Await.until("asked", () -> origin.asked("GET p") == 1);
            assertThat(writer.call("DEL", "soft:p")).isEqualTo(":0\r\n");
            origin.values.put("p", "later");
            origin.gate.countDown();
            assertThat(reader.reply()).isEqualTo("$5\r\nlater\r\n");
            assertThat(origin.asked("GET p")).isEqualTo(2);
        }
    }

    @Test
    void aWriteForLaterThatTheLoaderRefusesForGoodIsSetAside() throws Exception {
        try (RawClient client = client()) {
            origin.status = 422;
            assertThat(client.call("SET", "late:bad", "1")).isEqualTo("+OK\r\n");
            Await.until("set aside", () -> admin("/metrics").contains("kvcache_behind_set_aside_total 1.0"));
            Await.until("out of the queue", () -> admin("/metrics").contains("kvcache_behind_keys 0.0"));
            assertThat(origin.asked("PUT bad 1")).isEqualTo(2);
            origin.status = 0;
            Await.until("out of the cache", () -> client.call("GET", "late:bad").equals("$-1\r\n"));
        }
    }

    @Test
    void writesForLaterReachTheLoaderAlsoAfterARestart() throws Exception {
        try (RawClient client = client()) {
            assertThat(client.call("SET", "late:a", "1")).isEqualTo("+OK\r\n");
            Await.until("handed on", () -> "1".equals(origin.values.get("a")));
            origin.status = 503;
            assertThat(client.call("MSET", "late:a", "2", "late:b", "3")).isEqualTo("+OK\r\n");
            assertThat(client.call("DEL", "late:c")).isEqualTo(":0\r\n");
            assertThat(client.call("FLUSHALL")).isEqualTo("+OK\r\n");
            // What the loader does not have yet is read from the queue.
            assertThat(client.call("GET", "late:a")).isEqualTo("$1\r\n2\r\n");
            assertThat(client.call("GET", "late:c")).isEqualTo("$-1\r\n");
            Await.until("counted", () -> admin("/metrics").contains("kvcache_behind_keys 3.0"));
        }
        cluster.restart(1);
        try (RawClient client = client()) {
            assertThat(client.call("FLUSHALL")).isEqualTo("+OK\r\n");
            assertThat(client.call("GET", "late:b")).isEqualTo("$1\r\n3\r\n");
            origin.status = 0;
            Await.until("handed on", () -> "2".equals(origin.values.get("a")) && "3".equals(origin.values.get("b")));
            Await.until("all", () -> admin("/metrics").contains("kvcache_behind_keys 0.0"));
            assertThat(origin.requests).contains("DELETE c");
        }
    }
}
