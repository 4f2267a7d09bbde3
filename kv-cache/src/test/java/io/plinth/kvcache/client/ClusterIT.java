package io.plinth.kvcache.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.lettuce.core.RedisURI;
import io.lettuce.core.cluster.RedisClusterClient;
import io.lettuce.core.cluster.api.StatefulRedisClusterConnection;
import io.lettuce.core.cluster.api.sync.RedisAdvancedClusterCommands;
import io.lettuce.core.pubsub.RedisPubSubAdapter;
import io.plinth.testkit.RequiresPeer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import redis.clients.jedis.DefaultJedisClientConfig;
import redis.clients.jedis.HostAndPort;
import redis.clients.jedis.RedisProtocol;
import redis.clients.jedis.params.SetParams;

@Timeout(60)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ClusterIT {
    private final Cluster cluster;

    ClusterIT(@TempDir Path folder) throws Exception {
        cluster = Cluster.start(folder, "memory: 32MiB", 3);
    }

    @AfterAll
    void stop() {
        cluster.close();
    }

    private String size(int node) throws Exception {
        try (RawClient raw = new RawClient(cluster.port(node))) {
            return raw.call("DBSIZE");
        }
    }

    @ParameterizedTest
    @EnumSource(RedisProtocol.class)
    void servesJedis(RedisProtocol protocol) throws Exception {
        try (var jedis = redis.clients.jedis.RedisClusterClient.builder()
                .nodes(Set.of(new HostAndPort("127.0.0.1", cluster.port(1))))
                .clientConfig(
                        DefaultJedisClientConfig.builder().protocol(protocol).build())
                .build()) {
            for (int i = 0; i < 300; i++) {
                jedis.set(protocol + "k" + i, "v" + i, SetParams.setParams().ex(1_000));
            }
            for (int i = 0; i < 300; i++) {
                assertThat(jedis.get(protocol + "k" + i)).isEqualTo("v" + i);
            }
            assertThat(jedis.hset("{tag}h", Map.of("f", "v"))).isBetween(0L, 1L);
            assertThat(jedis.mset("{tag}a", "1", "{tag}b", "2")).isEqualTo("OK");
            assertThat(jedis.mget("{tag}a", "{tag}b")).containsExactly("1", "2");
            assertThat(jedis.getClusterNodes()).hasSize(3);
        }
        for (int i = 0; i < 3; i++) {
            assertThat(size(i)).isNotEqualTo(":0\r\n");
        }
    }

    @Test
    void servesLettuce() throws Exception {
        try (RedisClusterClient client = RedisClusterClient.create(RedisURI.create("127.0.0.1", cluster.port(2)));
                StatefulRedisClusterConnection<String, String> connection = client.connect()) {
            RedisAdvancedClusterCommands<String, String> redis = connection.sync();
            Map<String, String> many = new HashMap<>();
            for (int i = 0; i < 300; i++) {
                many.put("l" + i, "v" + i);
            }
            assertThat(redis.mset(many)).isEqualTo("OK");
            for (int i = 0; i < 300; i++) {
                assertThat(redis.get("l" + i)).isEqualTo("v" + i);
            }
            assertThat(connection.getPartitions().size()).isEqualTo(3);
            assertThat(redis.clusterInfo()).contains("cluster_state:ok");
            assertThat(redis.keys("l*")).hasSize(300);
        }
    }

    @Test
    void redirectsAPlainClient() throws Exception {
        try (RawClient raw = new RawClient(cluster.port(0))) {
            assertThat(raw.call("SET", "foo", "v")).isEqualTo("-MOVED 12182 127.0.0.1:" + cluster.port(2) + "\r\n");
            assertThat(raw.call("CLUSTER", "SLOTS")).startsWith("*3\r\n*3\r\n:0\r\n:5461\r\n*4\r\n$9\r\n127.0.0.1\r\n");
        }
    }

    @Test
    void aMessageIsHeardOnEveryNode() throws Exception {
        BlockingQueue<String> heard = new LinkedBlockingQueue<>();
        try (RedisClusterClient client = RedisClusterClient.create(RedisURI.create("127.0.0.1", cluster.port(0)));
                var subscriber = client.connectPubSub();
                RawClient resp2 = new RawClient(cluster.port(1));
                RawClient publisher = new RawClient(cluster.port(2))) {
            subscriber.addListener(new RedisPubSubAdapter<>() {
                @Override
                public void message(String channel, String message) {
                    heard.add(channel + "=" + message);
                }
            });
            subscriber.sync().subscribe("news");
            resp2.call("SUBSCRIBE", "news");
            Await.until("the nodes are linked", () -> {
                publisher.call("PUBLISH", "news", "hi");
                return "news=hi".equals(heard.poll(100, TimeUnit.MILLISECONDS))
                        && resp2.stream().available() > 0;
            });
            assertThat(resp2.reply()).isEqualTo("*3\r\n$7\r\nmessage\r\n$4\r\nnews\r\n$2\r\nhi\r\n");
        }
    }

    @Test
    @RequiresPeer("redis-cli")
    void redisCliFollowsRedirections() throws Exception {
        for (int i = 0; i < 20; i++) {
            assertThat(cli("set", "cli" + i, "v" + i)).isEqualTo("OK");
            assertThat(cli("get", "cli" + i)).isEqualTo("v" + i);
        }
        assertThat(cli("--cluster", "check", "127.0.0.1:" + cluster.port(0))).contains("All 16384 slots covered");
    }

    private String cli(String... args) throws Exception {
        java.util.List<String> command = new java.util.ArrayList<>(
                java.util.List.of("redis-cli", "-c", "-p", Integer.toString(cluster.port(0))));
        command.addAll(java.util.List.of(args));
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        process.waitFor();
        return output.strip();
    }

    @Test
    void aNewPasswordGoesForTheLinksBetweenTheNodesToo(@TempDir Path folder) throws Exception {
        Path secret = java.nio.file.Files.writeString(folder.resolve("secret"), "one");
        try (Cluster own = Cluster.start(folder, "memory: 32MiB, password: { file: \"" + secret + "\" }", 2)) {
            java.nio.file.Files.writeString(secret, "two");
            for (int i = 0; i < 2; i++) {
                own.node(i).reload(own.file(2)).join();
            }
            try (RawClient subscriber = new RawClient(own.port(0));
                    RawClient publisher = new RawClient(own.port(1))) {
                assertThat(subscriber.call("AUTH", "two")).isEqualTo("+OK\r\n");
                assertThat(publisher.call("AUTH", "two")).isEqualTo("+OK\r\n");
                Await.until("the nodes are linked", () -> {
                    String all = subscriber.call("CLIENT", "LIST");
                    return all.contains("name=plinth-peer");
                });
                subscriber.call("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes");
                subscriber.call("SUBSCRIBE", "news");
                Await.until("the nodes are linked again", () -> {
                    publisher.call("PUBLISH", "news", "hi");
                    return subscriber.available();
                });
                assertThat(subscriber.reply()).isEqualTo("*3\r\n$7\r\nmessage\r\n$4\r\nnews\r\n$2\r\nhi\r\n");
            }
        }
    }

    @Test
    void aChangedNodeListOverAStoredTableIsRefused(@TempDir Path folder) throws Exception {
        try (Cluster own = Cluster.start(folder, "memory: 32MiB", 3)) {
            own.restart(3);
            assertThatThrownBy(() -> own.restart(2))
                    .hasMessageContaining("kv-cache nodes: kv-0, kv-1 (expected: kv-0, kv-1, kv-2, as in ")
                    .hasMessageContaining("to move,");
            own.restart(3);
            assertThatThrownBy(() -> own.node(0).reload(own.file(2)).join()).hasMessageContaining("stored slot table");
        }
    }
}
