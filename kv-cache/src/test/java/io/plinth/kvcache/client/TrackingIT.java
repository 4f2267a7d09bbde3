package io.plinth.kvcache.client;

import static org.assertj.core.api.Assertions.assertThat;

import io.lettuce.core.ClientOptions;
import io.lettuce.core.TrackingArgs;
import io.lettuce.core.protocol.ProtocolVersion;
import io.lettuce.core.support.caching.CacheAccessor;
import io.lettuce.core.support.caching.CacheFrontend;
import io.lettuce.core.support.caching.ClientSideCaching;
import io.plinth.testkit.RequiresPeer;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import redis.clients.jedis.DefaultJedisClientConfig;
import redis.clients.jedis.HostAndPort;
import redis.clients.jedis.Jedis;
import redis.clients.jedis.RedisClient;
import redis.clients.jedis.RedisProtocol;
import redis.clients.jedis.csc.Cache;
import redis.clients.jedis.csc.DefaultCache;

/** Caches of clients: the same messages as Redis's, and stock clients that rely on them. */
@Timeout(60)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class TrackingIT {
    private final Cluster node;

    TrackingIT(@TempDir Path folder) throws Exception {
        node = Cluster.start(folder, "memory: 64MiB, limits: { tracked-keys: 100 }", 1);
    }

    @AfterAll
    void stop() {
        node.close();
    }

    private static final String[] DEFAULT_MODE = {
        "A: HELLO 2",
        "B: HELLO 2",
        "A: FLUSHALL",
        "A: CLIENT TRACKINGINFO",
        "A: CLIENT GETREDIR",
        "A: CLIENT CACHING YES",
        "A: CLIENT TRACKING ON REDIRECT 999999",
        "A: CLIENT TRACKING ON REDIRECT x",
        "A: CLIENT TRACKING MAYBE",
        "A: CLIENT TRACKING ON BAD",
        "A: CLIENT TRACKING ON PREFIX a",
        "A: CLIENT TRACKING ON OPTIN OPTOUT",
        "A: CLIENT TRACKING ON OPTIN BCAST",
        "A: CLIENT TRACKING",
        "A: CLIENT CACHING",
        "A: HELLO 3 SETNAME a",
        "A: CLIENT TRACKING ON",
        "A: CLIENT TRACKINGINFO",
        "A: CLIENT GETREDIR",
        "A: CLIENT TRACKING ON BCAST",
        "A: CLIENT CACHING YES",
        "A: CLIENT CACHING NO",
        "A: CLIENT CACHING MAYBE",
        "A: GET k",
        "B: SET k 1",
        "B: SET k 2",
        "A: MGET k l m",
        "B: MSET k 3 l 3",
        "B: SET other 1",
        "A: GET k",
        "A: SET k 4",
        "A: GET k",
        "A: GET k",
        "A: INCR k",
        "B: DEL k",
        "A: HGETALL h",
        "B: HSET h f v",
        "A: HGET h f",
        "B: HDEL h f",
        "A: EXISTS h",
        "B: SADD h x",
        "A: TYPE h",
        "B: RENAME h j",
        "A: LRANGE z 0 -1",
        "B: RPUSH z a",
        "A: LRANGE z 0 -1",
        "B: RPOP z",
        "A: STRLEN k",
        "B: EXPIRE k 100",
        "B: SET k 1",
        "A: GET k",
        "B: EXPIRE k 100",
        "A: GET k",
        "B: EXPIRE k -1",
        "A: GET k",
        "B: APPEND k x",
        "A: MULTI",
        "A: GET k",
        "A: GET l",
        "A: SET l 1",
        "A: EXEC",
        "B: SET k 1",
        "B: SET k 2",
        "B: SET l 2",
        "A: GET k",
        "A: EVAL return{redis.call('set','k',1)} 0",
        "A: GET k",
        "A: GET l",
        "B: FLUSHDB",
        "A: GET k",
        "A: FLUSHALL",
        "A: CLIENT TRACKING OFF",
        "A: GET k",
        "B: SET k 1",
        "A: CLIENT TRACKINGINFO",
        "A: CLIENT TRACKING ON NOLOOP",
        "A: CLIENT TRACKINGINFO",
        "A: GET k",
        "A: SET k 5",
        "B: SET k 6",
        "A: GET k",
        "B: SET k 7",
        "A: SELECT 1",
        "A: GET k",
        "B: SET k 8",
        "A: RESET",
        "A: CLIENT TRACKINGINFO",
    };

    private static final String[] CHOOSING = {
        "A: HELLO 3",
        "A: FLUSHALL",
        "B: HELLO 2",
        "A: CLIENT TRACKING ON OPTIN",
        "A: GET k",
        "B: SET k 1",
        "A: CLIENT CACHING YES",
        "A: CLIENT TRACKINGINFO",
        "A: CLIENT CACHING NO",
        "A: GET k",
        "B: SET k 2",
        "A: GET k",
        "B: SET k 3",
        "A: CLIENT CACHING YES",
        "A: MULTI",
        "A: GET k",
        "A: GET l",
        "A: EXEC",
        "B: SET k 4",
        "B: SET l 4",
        "A: CLIENT TRACKING ON OPTOUT",
        "A: CLIENT TRACKING OFF",
        "A: CLIENT TRACKING ON OPTOUT",
        "A: GET k",
        "B: SET k 5",
        "A: CLIENT CACHING NO",
        "A: CLIENT TRACKINGINFO",
        "A: GET k",
        "B: SET k 6",
        "A: GET k",
        "B: SET k 7",
        "A: CLIENT TRACKING OFF",
        "A: CLIENT TRACKING ON BCAST PREFIX a PREFIX b",
        "A: CLIENT TRACKINGINFO",
        "A: CLIENT TRACKING ON BCAST PREFIX ab",
        "A: CLIENT TRACKING ON",
        "A: CLIENT TRACKING ON BCAST PREFIX c",
        "A: CLIENT TRACKINGINFO",
        "B: SET a1 x",
        "B: MSET a1 x a2 x b x d x",
        "B: DEL a1 a2",
        "A: SET a1 y",
        "B: GET a1",
        "A: CLIENT TRACKING OFF",
        "A: CLIENT TRACKING ON BCAST PREFIX x PREFIX xy",
        "A: CLIENT TRACKING ON BCAST NOLOOP",
        "A: CLIENT TRACKINGINFO",
        "A: SET k 1",
        "B: SET k 1",
        "B: FLUSHALL",
        "B: SET k 1",
        "B: EVAL redis.call('set','p',1)redis.call('set','q',2)redis.call('set','p',3) 0",
        "A: CLIENT TRACKING OFF",
    };

    private static final String[] REDIRECTED = {
        "A: HELLO 2",
        "A: FLUSHALL",
        "R: SUBSCRIBE __redis__:invalidate",
        "A: CLIENT TRACKING ON REDIRECT ID(R)",
        "A: CLIENT TRACKINGINFO",
        "A: CLIENT GETREDIR",
        "A: CLIENT TRACKING ON REDIRECT ID(R) REDIRECT ID(R)",
        "A: GET k",
        "B: SET k 1",
        "B: SET k 2",
        "A: MGET k l",
        "B: MSET k 1 l 2",
        "A: GET k",
        "A: SET k 1",
        "B: FLUSHALL",
        "A: CLIENT TRACKING OFF",
        "A: CLIENT TRACKING ON BCAST REDIRECT ID(R)",
        "B: MSET x 1 y 2",
        "R: (closes)",
        "B: SET k 1",
        "A: PING",
        "A: CLIENT TRACKINGINFO",
        "A: HELLO 3",
        "B: SET k 1",
        "S: HELLO 3",
        "A: CLIENT TRACKING ON BCAST REDIRECT ID(S)",
        "A: CLIENT TRACKINGINFO",
        "B: SET k 2",
        "S: (closes)",
        "B: SET k 2",
    };

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2})
    @RequiresPeer("redis-server")
    void tellsWhatRedisTells(int which, @TempDir Path folder) throws Exception {
        String[] lines = List.of(DEFAULT_MODE, CHOOSING, REDIRECTED).get(which);
        RedisPeer peer = RedisPeer.start(folder);
        try (Scenario ours = new Scenario(node.port(0));
                Scenario theirs = new Scenario(peer.port())) {
            assertThat(String.join("\n", ours.run(lines))).isEqualTo(String.join("\n", theirs.run(lines)));
        } finally {
            peer.close();
        }
    }

    @Test
    void tellsOfKeysThatExpireAndOfKeysForgotten() throws Exception {
        try (RawClient reader = new RawClient(node.port(0));
                RawClient writer = new RawClient(node.port(0))) {
            reader.call("HELLO", "3");
            writer.call("SET", "short", "1", "PX", "1000");
            reader.call("CLIENT", "TRACKING", "ON");
            reader.call("GET", "short");
            assertThat(reader.reply()).isEqualTo(">2\r\n$10\r\ninvalidate\r\n*1\r\n$5\r\nshort\r\n");
            // 100 keys are remembered; who has the others is told that they changed.
            int invalidated = 0;
            for (int i = 0; i < 130; i++) {
                reader.send(RawClient.request(List.of("GET", "key" + i)));
                for (String reply = reader.reply(); reply.startsWith(">"); reply = reader.reply()) {
                    invalidated++;
                }
            }
            reader.send("PING\r\n");
            for (String reply = reader.reply(); !reply.equals("+PONG\r\n"); reply = reader.reply()) {
                invalidated++;
            }
            assertThat(invalidated).isEqualTo(30);
            assertThat(writer.call("INFO", "stats")).contains("tracking_total_keys:100\r\n");
            reader.call("CLIENT", "TRACKING", "OFF");
            assertThat(writer.call("INFO", "stats")).contains("tracking_total_keys:0\r\n");
        }
    }

    /** Redis 7.0 does not track what scripts read. */
    @Test
    void tracksWhatAScriptReads() throws Exception {
        try (RawClient reader = new RawClient(node.port(0));
                RawClient writer = new RawClient(node.port(0))) {
            reader.call("HELLO", "3");
            reader.call("CLIENT", "TRACKING", "ON");
            reader.call("EVAL", "return redis.call('get', 'in-script')", "0");
            writer.call("SET", "in-script", "1");
            assertThat(reader.reply()).isEqualTo(">2\r\n$10\r\ninvalidate\r\n*1\r\n$9\r\nin-script\r\n");
        }
    }

    @Test
    void servesTheCacheOfJedis() throws Exception {
        DefaultJedisClientConfig config =
                DefaultJedisClientConfig.builder().protocol(RedisProtocol.RESP3).build();
        // Jedis asks for Redis 7.4, or for a cache that does not mind.
        Cache cache = new DefaultCache(100) {
            @Override
            public boolean compatibilityMode() {
                return true;
            }
        };
        HostAndPort at = new HostAndPort("127.0.0.1", node.port(0));
        try (RedisClient cached = RedisClient.builder()
                        .hostAndPort(at)
                        .clientConfig(config)
                        .cache(cache)
                        .build();
                Jedis writer = new Jedis(at)) {
            writer.set("jedis", "1");
            assertThat(cached.get("jedis")).isEqualTo("1");
            assertThat(cached.get("jedis")).isEqualTo("1");
            assertThat(cache.getSize()).isEqualTo(1);
            writer.set("jedis", "2");
            Await.until("the cache is told", () -> cached.get("jedis").equals("2"));
        }
    }

    @Test
    void servesTheCacheOfLettuce() throws Exception {
        try (io.lettuce.core.RedisClient client =
                io.lettuce.core.RedisClient.create("redis://127.0.0.1:" + node.port(0))) {
            client.setOptions(ClientOptions.builder()
                    .protocolVersion(ProtocolVersion.RESP3)
                    .build());
            Map<String, String> kept = new ConcurrentHashMap<>();
            try (var cached = client.connect();
                    var writer = client.connect()) {
                CacheFrontend<String, String> frontend =
                        ClientSideCaching.enable(CacheAccessor.forMap(kept), cached, TrackingArgs.Builder.enabled());
                writer.sync().set("lettuce", "1");
                assertThat(frontend.get("lettuce")).isEqualTo("1");
                assertThat(kept).containsKey("lettuce");
                writer.sync().set("lettuce", "2");
                Await.until("the cache is told", () -> !kept.containsKey("lettuce"));
                assertThat(frontend.get("lettuce")).isEqualTo("2");
            }
        }
    }
}
