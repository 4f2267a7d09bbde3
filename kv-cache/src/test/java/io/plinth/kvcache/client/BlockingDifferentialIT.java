package io.plinth.kvcache.client;

import static org.assertj.core.api.Assertions.assertThat;

import io.plinth.testkit.RequiresPeer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Clients that wait, and one that gives them something to do: who gets what is the same in Redis and here. */
@Timeout(90)
@RequiresPeer("redis-server")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class BlockingDifferentialIT {
    private static final int ROUNDS = 60;
    private static final int WAITING = 4;
    private static final String[] WAITS = {
        "BLPOP a 0",
        "BRPOP a b 0",
        "BLPOP b a 0",
        "BLMOVE a b LEFT RIGHT 0",
        "BRPOPLPUSH b a 0",
        "BLMOVE a c RIGHT LEFT 0",
        "BLMPOP 0 2 a b LEFT COUNT 2",
        "BZPOPMIN z 0",
        "BZPOPMAX z y 0",
        "BZMPOP 0 2 y z MAX COUNT 2",
        "BLPOP c 0",
    };
    private static final String[] GIVES = {
        "RPUSH a 1", "LPUSH a 1 2 3", "RPUSH b 4 5", "RPUSH c 6", "ZADD z 1 m 2 n", "ZADD y 3 o", "SET a x", "DEL a",
                "SADD b x",
        "MULTI", "EXEC", "RENAME c a", "LPOP a", "ZADD z 5 m", "DEL b", "RPUSH d 1 2", "RENAME d b", "COPY d a",
        "ZUNIONSTORE z 1 y", "LMOVE d a LEFT LEFT", "FLUSHALL"
    };

    private final Cluster node;
    private final RedisPeer peer;

    BlockingDifferentialIT(@TempDir Path folder) throws Exception {
        node = Cluster.start(folder, "memory: 64MiB", 1);
        peer = RedisPeer.start(folder);
    }

    @AfterAll
    void stop() throws Exception {
        node.close();
        peer.close();
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void theSameWaitersGetTheSameElements(long seed) throws Exception {
        SplittableRandom random = new SplittableRandom(seed);
        for (int round = 0; round < ROUNDS; round++) {
            List<String> waits = pick(random, WAITS, 1 + random.nextInt(WAITING));
            List<String> gives = pick(random, GIVES, 1 + random.nextInt(8));
            List<String> wanted = play(peer.port(), waits, gives);
            assertThat(play(node.port(0), waits, gives))
                    .as("seed %d: %s, then %s", seed, waits, gives)
                    .isEqualTo(wanted);
        }
    }

    private static List<String> pick(SplittableRandom random, String[] from, int count) {
        List<String> picked = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            picked.add(from[random.nextInt(from.length)]);
        }
        return picked;
    }

    /** What each client got, in the order of the clients; the giver first. */
    private static List<String> play(int port, List<String> waits, List<String> gives) throws Exception {
        List<RawClient> waiting = new ArrayList<>();
        List<String> ids = new ArrayList<>();
        List<String> got = new ArrayList<>();
        try (RawClient giver = new RawClient(port)) {
            giver.call("FLUSHALL");
            for (String wait : waits) {
                RawClient client = new RawClient(port);
                waiting.add(client);
                ids.add(client.call("CLIENT", "ID").substring(1).trim());
                int blocked = waiting.size();
                client.send(RawClient.request(List.of(wait.split(" "))));
                Await.until(wait + " waits", () -> {
                    try {
                        return giver.call("INFO", "clients").contains("blocked_clients:" + blocked);
                    } catch (IOException e) {
                        return false;
                    }
                });
            }
            for (String give : gives) {
                String reply = giver.call(give.split(" "));
                got.add(reply);
            }
            if (gives.contains("MULTI")) {
                giver.call("DISCARD");
            }
            for (int i = 0; i < waiting.size(); i++) {
                giver.call("CLIENT", "UNBLOCK", ids.get(i), i % 2 == 0 ? "TIMEOUT" : "ERROR");
                String reply = waiting.get(i).reply();
                got.add(reply);
            }
            return got;
        } finally {
            for (RawClient client : waiting) {
                client.close();
            }
        }
    }

    @Test
    void aWaitEndsWithItsTimeAndWhatCameAfterItIsDone() throws Exception {
        try (RawClient client = new RawClient(node.port(0))) {
            client.send(RawClient.request(List.of("BLPOP", "nothing", "0.05")) + RawClient.request(List.of("PING")));
            assertThat(client.reply()).isEqualTo("*-1\r\n");
            assertThat(client.reply()).isEqualTo("+PONG\r\n");
        }
    }

    @Test
    void aClientThatLeavesTakesNothing() throws Exception {
        try (RawClient giver = new RawClient(node.port(0))) {
            RawClient gone = new RawClient(node.port(0));
            gone.send(RawClient.request(List.of("BLPOP", "left", "0")));
            Await.until("waits", () -> blocked(giver) == 1);
            gone.close();
            Await.until("is gone", () -> blocked(giver) == 0);
            assertThat(giver.call("RPUSH", "left", "x")).isEqualTo(":1\r\n");
            assertThat(giver.call("LLEN", "left")).isEqualTo(":1\r\n");
        }
    }

    private static int blocked(RawClient client) {
        try {
            String info = client.call("INFO", "clients");
            int at = info.indexOf("blocked_clients:") + 16;
            return Integer.parseInt(info.substring(at, info.indexOf('\r', at)));
        } catch (IOException e) {
            return -1;
        }
    }
}
