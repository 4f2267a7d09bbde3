package io.plinth.kvcache.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.lettuce.core.KeyScanCursor;
import io.lettuce.core.ScanArgs;
import io.lettuce.core.SetArgs;
import io.lettuce.core.TransactionResult;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.api.sync.RedisCommands;
import io.lettuce.core.pubsub.RedisPubSubAdapter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import redis.clients.jedis.DefaultJedisClientConfig;
import redis.clients.jedis.HostAndPort;
import redis.clients.jedis.Jedis;
import redis.clients.jedis.JedisPubSub;
import redis.clients.jedis.Pipeline;
import redis.clients.jedis.RedisProtocol;
import redis.clients.jedis.Response;
import redis.clients.jedis.Transaction;
import redis.clients.jedis.params.SetParams;

@Timeout(60)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class StandaloneIT {
    private Cluster node;

    StandaloneIT(@TempDir Path folder) throws Exception {
        node = Cluster.start(folder, "memory: 64MiB, limits: { max-clients: 50 }", 1);
    }

    @AfterAll
    void stop() {
        node.close();
    }

    @BeforeAll
    void answers() throws Exception {
        try (RawClient raw = new RawClient(node.port(0))) {
            assertThat(raw.call("PING")).isEqualTo("+PONG\r\n");
        }
    }

    @BeforeEach
    void flush() throws Exception {
        try (RawClient raw = new RawClient(node.port(0))) {
            raw.call("FLUSHALL");
        }
    }

    private Jedis jedis(RedisProtocol protocol) {
        return new Jedis(
                new HostAndPort("127.0.0.1", node.port(0)),
                DefaultJedisClientConfig.builder()
                        .protocol(protocol)
                        .clientName("it")
                        .build());
    }

    private io.lettuce.core.RedisClient lettuce() {
        return io.lettuce.core.RedisClient.create("redis://127.0.0.1:" + node.port(0));
    }

    @ParameterizedTest
    @EnumSource(RedisProtocol.class)
    void servesJedis(RedisProtocol protocol) {
        try (Jedis jedis = jedis(protocol)) {
            assertThat(jedis.set("k", "v", SetParams.setParams().nx().ex(100))).isEqualTo("OK");
            assertThat(jedis.set("k", "w", SetParams.setParams().nx())).isNull();
            assertThat(jedis.get("k")).isEqualTo("v");
            assertThat(jedis.ttl("k")).isBetween(90L, 100L);
            assertThat(jedis.hset("h", Map.of("a", "1", "b", "2"))).isEqualTo(2);
            assertThat(jedis.hgetAll("h")).isEqualTo(Map.of("a", "1", "b", "2"));
            assertThat(jedis.incrBy("n", 5)).isEqualTo(5);
            assertThat(jedis.clientGetname()).isEqualTo("it");
            assertThat(jedis.scan("0").getResult()).containsExactlyInAnyOrder("k", "h", "n");
            assertThat(jedis.info()).contains("redis_mode:standalone");
            assertThat(jedis.configGet("maxmemory")).containsEntry("maxmemory", Long.toString(64 << 20));
            jedis.watch("k");
            Transaction transaction = jedis.multi();
            Response<Long> count = transaction.incr("n");
            assertThat(transaction.exec()).hasSize(1);
            assertThat(count.get()).isEqualTo(6);
            Pipeline pipeline = jedis.pipelined();
            List<Response<String>> replies = new ArrayList<>();
            for (int i = 0; i < 5_000; i++) {
                pipeline.set("p" + i, "v" + i);
                replies.add(pipeline.get("p" + i));
            }
            pipeline.sync();
            assertThat(replies.get(4_999).get()).isEqualTo("v4999");
        }
    }

    @Test
    void answersWhoSendsNoMore() throws Exception {
        for (int i = 0; i < 20; i++) {
            try (RawClient raw = new RawClient(node.port(0))) {
                raw.send("SET half closed\r\n*2\r\n$3\r\nGET\r\n$4\r\nhalf\r\nPING\r\n");
                raw.socket().shutdownOutput();
                assertThat(raw.rest()).isEqualTo("+OK\r\n$6\r\nclosed\r\n+PONG\r\n");
            }
            try (RawClient raw = new RawClient(node.port(0))) {
                raw.send("BLPOP nothing 0\r\n");
                raw.socket().shutdownOutput();
                assertThat(raw.rest()).isEmpty();
            }
        }
        try (RawClient admin = new RawClient(node.port(0))) {
            for (int i = 0; i < 3; i++) {
                // Also what is still to be run.
                try (RawClient raw = new RawClient(node.port(0))) {
                    admin.call("CLIENT", "PAUSE", "60000", "WRITE");
                    raw.send("SET half " + i + "\r\nSTRLEN half\r\n");
                    raw.socket().shutdownOutput();
                    for (int j = 0; j < 50; j++) {
                        admin.call("CLIENT", "LIST");
                    }
                    admin.call("CLIENT", "UNPAUSE");
                    assertThat(raw.rest()).isEqualTo("+OK\r\n:1\r\n");
                } finally {
                    admin.call("CLIENT", "UNPAUSE");
                }
            }
        }
    }

    @Test
    void whatOneReadLeavesOutWhoReadsSlowlyGetsLater() throws Exception {
        String value = "v".repeat(100_000);
        try (RawClient raw = new RawClient(node.port(0));
                RawClient other = new RawClient(node.port(0))) {
            raw.call("SET", "large", value);
            // More than the sockets' buffers take, so that replies are sent in parts.
            for (int i = 0; i < 300; i++) {
                raw.send("GET large\r\nECHO " + i + "\r\n");
            }
            assertThat(other.call("PING")).isEqualTo("+PONG\r\n");
            for (int i = 0; i < 300; i++) {
                assertThat(raw.reply()).isEqualTo("$100000\r\n" + value + "\r\n");
                assertThat(raw.reply()).endsWith("\r\n" + i + "\r\n");
            }
        }
    }

    @Test
    void answersBehindALongReplyAtOnce() throws Exception {
        String value = "v".repeat(100_000);
        try (RawClient raw = new RawClient(node.port(0))) {
            raw.call("SET", "long", value);
            for (int i = 0; i < 50; i++) {
                raw.send("GET long\r\nECHO " + i + "\r\n");
                assertThat(raw.reply()).isEqualTo("$100000\r\n" + value + "\r\n");
                assertThat(raw.reply()).endsWith("\r\n" + i + "\r\n");
            }
        }
    }

    @Test
    void runsWhatCameOnSeveralConnectionsInItsOrder() throws Exception {
        try (RawClient first = new RawClient(node.port(0));
                RawClient second = new RawClient(node.port(0));
                RawClient third = new RawClient(node.port(0))) {
            for (int i = 0; i < 200; i++) {
                first.send("MULTI\r\nINCR n\r\nINCR n\r\nEXEC\r\n");
                second.send("INCR n\r\n" + (i % 3 == 0 ? "ECHO " + "e".repeat(1_000) + "\r\n" : ""));
                third.send("*1\r\n$4\r\nPI");
                assertThat(first.reply()).isEqualTo("+OK\r\n");
                assertThat(first.reply()).isEqualTo("+QUEUED\r\n");
                assertThat(first.reply()).isEqualTo("+QUEUED\r\n");
                assertThat(first.reply()).startsWith("*2\r\n:");
                assertThat(second.reply()).startsWith(":");
                if (i % 3 == 0) {
                    assertThat(second.reply()).startsWith("$1000\r\ne");
                }
                third.send("NG\r\nGET n\r\n");
                assertThat(third.reply()).isEqualTo("+PONG\r\n");
                assertThat(third.reply()).endsWith("\r\n" + 3 * (i + 1) + "\r\n");
            }
        }
    }

    @Test
    void answersEachOfManyThatAskAtOnce() throws Exception {
        List<RawClient> clients = new ArrayList<>();
        try {
            for (int i = 0; i < 40; i++) {
                clients.add(new RawClient(node.port(0)));
            }
            for (int round = 0; round < 20; round++) {
                for (int i = 0; i < clients.size(); i++) {
                    clients.get(i)
                            .send("SET at" + i + " " + round + "\r\n*2\r\n$3\r\nGET\r\n$" + ("at" + i).length()
                                    + "\r\nat" + i + "\r\n");
                }
                for (RawClient client : clients) {
                    assertThat(client.reply()).isEqualTo("+OK\r\n");
                    assertThat(client.reply()).endsWith("\r\n" + round + "\r\n");
                }
            }
        } finally {
            for (RawClient client : clients) {
                client.close();
            }
        }
    }

    @Test
    void servesLettuce() throws Exception {
        try (io.lettuce.core.RedisClient client = lettuce();
                StatefulRedisConnection<String, String> connection = client.connect()) {
            RedisCommands<String, String> redis = connection.sync();
            assertThat(redis.set("k", "v", SetArgs.Builder.px(50_000))).isEqualTo("OK");
            assertThat(redis.pttl("k")).isBetween(1L, 50_000L);
            assertThat(redis.hset("h", Map.of("f", "v"))).isEqualTo(1);
            assertThat(redis.hgetall("h")).containsEntry("f", "v");
            redis.watch("k");
            redis.multi();
            redis.append("k", "w");
            redis.get("k");
            TransactionResult result = redis.exec();
            assertThat(result.<String>get(1)).isEqualTo("vw");
            for (int i = 0; i < 300; i++) {
                redis.set("s" + i, "v");
            }
            Set<String> found = new HashSet<>();
            KeyScanCursor<String> cursor =
                    redis.scan(ScanArgs.Builder.matches("s*").limit(50));
            found.addAll(cursor.getKeys());
            while (!cursor.isFinished()) {
                cursor = redis.scan(cursor, ScanArgs.Builder.matches("s*").limit(50));
                found.addAll(cursor.getKeys());
            }
            assertThat(found).hasSize(300);
            assertThat(redis.commandCount()).isGreaterThan(80);
            assertThat(redis.clientList()).contains("lib-name=Lettuce");
        }
    }

    @ParameterizedTest
    @EnumSource(RedisProtocol.class)
    void publishesToJedis(RedisProtocol protocol) throws Exception {
        BlockingQueue<String> heard = new LinkedBlockingQueue<>();
        JedisPubSub listener = new JedisPubSub() {
            @Override
            public void onMessage(String channel, String message) {
                heard.add(channel + "=" + message);
            }

            @Override
            public void onPMessage(String pattern, String channel, String message) {
                heard.add(pattern + ":" + channel + "=" + message);
            }
        };
        try (Jedis subscriber = jedis(protocol);
                Jedis publisher = jedis(protocol)) {
            Thread thread = Thread.ofVirtual().start(() -> subscriber.subscribe(listener, "news"));
            Await.until("subscribed", () -> publisher.publish("news", "hi") == 1);
            assertThat(heard.poll(10, TimeUnit.SECONDS)).isEqualTo("news=hi");
            listener.psubscribe("n*");
            Await.until("subscribed to the pattern", () -> publisher.pubsubNumPat() == 1);
            publisher.publish("new", "x");
            assertThat(heard.poll(10, TimeUnit.SECONDS)).isEqualTo("n*:new=x");
            listener.punsubscribe();
            listener.unsubscribe();
            thread.join();
        }
    }

    @Test
    void publishesToLettuceOverResp3() throws Exception {
        BlockingQueue<String> heard = new LinkedBlockingQueue<>();
        try (io.lettuce.core.RedisClient client = lettuce();
                var subscriber = client.connectPubSub();
                StatefulRedisConnection<String, String> publisher = client.connect()) {
            subscriber.addListener(new RedisPubSubAdapter<>() {
                @Override
                public void message(String channel, String message) {
                    heard.add(channel + "=" + message);
                }
            });
            subscriber.sync().subscribe("news");
            assertThat(publisher.sync().publish("news", "hi")).isEqualTo(1);
            assertThat(heard.poll(10, TimeUnit.SECONDS)).isEqualTo("news=hi");
            // A RESP3 connection may go on with commands while it is subscribed.
            assertThat(subscriber.sync().ping()).isEqualTo("PONG");
        }
    }

    @Test
    void removesExpiredKeysWithoutARead() throws Exception {
        try (Jedis jedis = jedis(RedisProtocol.RESP2)) {
            for (int i = 0; i < 1_000; i++) {
                jedis.set("e" + i, "v", SetParams.setParams().px(100));
            }
            Await.until("all expired", () -> jedis.dbSize() == 0);
            assertThat(jedis.info("stats")).contains("expired_keys:");
        }
    }

    @Test
    void answersAProtocolErrorAndCloses() throws Exception {
        try (RawClient raw = new RawClient(node.port(0))) {
            raw.send("*1\r\n$4\r\nPING\r\n*1\r\n!x\r\n");
            assertThat(raw.rest()).isEqualTo("+PONG\r\n-ERR Protocol error: expected '$', got '!'\r\n");
        }
        try (RawClient raw = new RawClient(node.port(0))) {
            raw.send("QUIT\r\nPING\r\n");
            assertThat(raw.rest()).isEqualTo("+OK\r\n");
        }
    }

    @Test
    void aClientThatSendsButDoesNotReadIsHeldBackAndLosesNothing() throws Exception {
        int commands = 3_000;
        String value = "v".repeat(50_000);
        try (RawClient raw = new RawClient(node.port(0))) {
            raw.call("SET", "big", value);
            Thread sender = Thread.ofVirtual().start(() -> {
                try {
                    for (int i = 0; i < commands; i++) {
                        raw.send("*2\r\n$3\r\nGET\r\n$3\r\nbig\r\n*2\r\n$4\r\nECHO\r\n$4\r\n" + (1000 + i) + "\r\n");
                    }
                } catch (java.io.IOException e) {
                    throw new java.io.UncheckedIOException(e);
                }
            });
            for (int i = 0; i < commands; i++) {
                assertThat(raw.reply().length()).isEqualTo(50_010);
                assertThat(raw.reply()).isEqualTo("$4\r\n" + (1000 + i) + "\r\n");
            }
            sender.join();
        }
    }

    @Test
    void aSubscriberThatDoesNotReadIsDisconnectedWhileTheOthersGoOn() throws Exception {
        String message = "m".repeat(1 << 20);
        try (RawClient slow = new RawClient(node.port(0));
                RawClient publisher = new RawClient(node.port(0))) {
            slow.call("SUBSCRIBE", "flood");
            // Whatever the socket's buffers take, 32 MiB may wait.
            for (int i = 0;
                    i < 200 && !publisher.call("PUBSUB", "NUMSUB", "flood").endsWith(":0\r\n");
                    i++) {
                publisher.call("PUBLISH", "flood", message);
            }
            assertThat(publisher.call("PUBSUB", "NUMSUB", "flood")).endsWith(":0\r\n");
            assertThat(publisher.call("PING")).isEqualTo("+PONG\r\n");
        }
    }

    @Test
    void refusesClientsOverTheLimit() throws Exception {
        List<RawClient> clients = new ArrayList<>();
        try {
            String last = "";
            for (int i = 0; i < 52 && last.isEmpty(); i++) {
                RawClient client = new RawClient(node.port(0));
                clients.add(client);
                client.send("PING\r\n");
                String reply = client.reply();
                last = reply.equals("+PONG\r\n") ? "" : reply;
            }
            assertThat(last).isEqualTo("-ERR max number of clients reached\r\n");
        } finally {
            for (RawClient client : clients) {
                client.close();
            }
        }
        Await.until("the others have left", () -> {
            try (RawClient raw = new RawClient(node.port(0))) {
                return raw.call("PING").equals("+PONG\r\n");
            }
        });
    }

    @Test
    void refusesReplicasAndUnknownEvictionInTheFile(@TempDir Path other) {
        assertThatThrownBy(() -> Cluster.start(other, "replicas: 1, eviction: fifo", 1))
                .hasMessageContaining("replicas: 1 (expected: 0")
                .hasMessageContaining("eviction: fifo (expected: s3-fifo");
    }
}
