package io.plinth.kvcache.client;

import static org.assertj.core.api.Assertions.assertThat;

import io.plinth.testkit.RequiresPeer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** SWAPDB: what all clients see of it is the same in Redis and here. */
@Timeout(90)
@RequiresPeer("redis-server")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class SwapDbDifferentialIT {
    private static final String[] CLIENTS = {"A", "B", "C"};
    private static final String[] LINES = {
        "SWAPDB 0 1",
        "SWAPDB 1 0",
        "SWAPDB 1 2",
        "SWAPDB 0 15",
        "SWAPDB 2 2",
        "SELECT 0",
        "SELECT 1",
        "SELECT 2",
        "SET k v",
        "SET k w PX 90000",
        "GET k",
        "PTTL none",
        "DEL k",
        "SADD s a b",
        "SMEMBERS s",
        "DEL s",
        "RPUSH l 1 2",
        "LRANGE l 0 -1",
        "LPOP l",
        "WATCH k s",
        "UNWATCH",
        "MULTI",
        "EXEC",
        "DISCARD",
        "INCR n",
        "DBSIZE",
        "KEYS *",
        "SCAN 0 COUNT 1000",
        "FLUSHDB",
        "MOVE k 1",
        "MOVE s 0",
        "COPY k k DB 2",
        "COPY l l DB 0 REPLACE",
        "RENAME k m",
        "EXPIRE k -1",
        "EXPIRETIME none",
        "SORT s ALPHA",
        "DEBUG DIGEST",
        "EVAL return{redis.call('swapdb',0,1),redis.call('get','k'),redis.call('select',2),redis.call('get','k')} 0",
        "EVAL return{redis.call('set','k','lua'),redis.call('swapdb',1,2),redis.call('get','k')} 1 k",
        "EVAL return{redis.call('get','k'),redis.call('dbsize')} 0",
        "EVAL_RO return(redis.pcall('swapdb',0,1)) 0",
    };

    private static final List<String> UNORDERED = List.of("KEYS", "SCAN", "SMEMBERS", "EXEC");

    private final Cluster node;
    private final RedisPeer peer;

    SwapDbDifferentialIT(@TempDir Path folder) throws Exception {
        node = Cluster.start(folder, "memory: 64MiB, debug-command: local", 1);
        peer = RedisPeer.start(folder, "--enable-debug-command", "local");
    }

    @AfterAll
    void stop() throws Exception {
        node.close();
        peer.close();
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void clientsOfAllDatabasesSeeTheSame(long seed) throws Exception {
        SplittableRandom random = new SplittableRandom(seed);
        List<String> lines = new ArrayList<>(List.of(
                "C: FLUSHALL", "C: CONFIG SET notify-keyspace-events KEA", "E: HELLO 3", "E: PSUBSCRIBE __key*"));
        for (int i = 0; i < 150; i++) {
            lines.add(CLIENTS[random.nextInt(CLIENTS.length)] + ": " + LINES[random.nextInt(LINES.length)]);
        }
        lines.add("C: CONFIG SET notify-keyspace-events ");
        lines.add("D: INFO keyspace");
        same(lines.toArray(String[]::new));
    }

    private void same(String... lines) throws IOException {
        List<String> wanted = run(peer.port(), lines);
        assertThat(run(node.port(0), lines)).isEqualTo(wanted);
    }

    /** Sets have no order, nor have keys; how long keys have left is not compared. */
    private static List<String> run(int port, String... lines) throws IOException {
        try (Scenario scenario = new Scenario(port)) {
            List<String> seen = new ArrayList<>();
            for (String line : scenario.run(lines)) {
                boolean unordered = UNORDERED.stream().anyMatch(line::contains);
                seen.add(
                        unordered
                                ? List.of(line.split("\\|", -1)).stream()
                                        .sorted()
                                        .toList()
                                        .toString()
                                : line.replaceAll("avg_ttl=\\d+|\\$\\d+\\|# Keyspace", ""));
            }
            return seen;
        }
    }

    @Test
    void refusesWhatRedisRefuses() throws Exception {
        same(
                "A: SWAPDB",
                "A: SWAPDB 0",
                "A: SWAPDB 0 1 2",
                "A: SWAPDB x 0",
                "A: SWAPDB 0 x",
                "A: SWAPDB -1 0",
                "A: SWAPDB 0 16",
                "A: SWAPDB 16 0",
                "A: SWAPDB 9999999999 0",
                "A: SWAPDB 99999999999999999999 0",
                "A: SWAPDB 1 01",
                "A: MULTI",
                "A: SWAPDB 0 99",
                "A: SWAPDB 0",
                "A: EXEC",
                "A: EVAL_RO return(redis.call('swapdb',0,1)) 0",
                "A: COMMAND INFO swapdb",
                "A: ACL SETUSER swapper on nopass ~* +@all -swapdb",
                "B: AUTH swapper x",
                "A: ACL SETUSER swapper +swapdb resetkeys",
                "B: SWAPDB 3 4",
                "B: (closes)",
                "A: ACL DELUSER swapper");
    }

    @Test
    void watchedKeysOfBothDatabasesAreTouchedWhereTheyAreInOne() throws Exception {
        for (String present : List.of("A: SET other 1", "A: SET k 1", "B: SET k 1", "B: SET k 1 PXAT 1")) {
            for (String after : List.of("B: PING", "B: SET k 2", "A: SET k 2", "C: SET k 2", "A: SWAPDB 0 1")) {
                same(
                        "A: FLUSHALL",
                        "B: SELECT 1",
                        "C: SELECT 2",
                        present,
                        "A: WATCH k",
                        "B: WATCH k",
                        "C: WATCH k",
                        "D: SWAPDB 1 0",
                        after,
                        "A: MULTI",
                        "A: GET k",
                        "B: MULTI",
                        "B: GET k",
                        "C: MULTI",
                        "C: GET k",
                        "C: EXEC",
                        "B: EXEC",
                        "A: EXEC");
            }
        }
    }

    @Test
    void trackedKeysAndWhatIsCountedPerDatabase() throws Exception {
        same(
                "A: FLUSHALL",
                "B: SELECT 1",
                "A: SET k 0",
                "B: SET k 1",
                "B: SET j 1 EX 1000",
                "C: HELLO 3",
                "C: CLIENT TRACKING on",
                "C: GET k",
                "D: HELLO 3",
                "D: CLIENT TRACKING on BCAST",
                "A: INFO keyspace",
                "A: SWAPDB 0 1",
                "A: INFO keyspace",
                "C: GET k",
                "B: GET k",
                "B: SET k 2",
                "A: SET k 3",
                "A: EVAL return{redis.call('get','k'),redis.call('swapdb',0,1),redis.call('get','k')} 0",
                "C: CLIENT TRACKING off");
    }

    /** Whoever waits is served by what the other database brings, in the order in which they came. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "SWAPDB 0 1",
                "SWAPDB 1 0",
                "SWAPDB 0 2",
                "MULTI|SWAPDB 0 1|RPUSH l x|EXEC",
                "EVAL return(redis.call('swapdb',0,1)) 0",
                "MULTI|SWAPDB 0 1|SWAPDB 0 1|EXEC"
            })
    void blockedClientsAreServed(String swap) throws Exception {
        assertThat(blocked(node.port(0), swap)).isEqualTo(blocked(peer.port(), swap));
    }

    private static List<String> blocked(int port, String swap) throws Exception {
        String[] waits = {
            "BLPOP l 0", "BLMOVE l m LEFT RIGHT 0", "BZPOPMIN z 0", "XREAD BLOCK 0 STREAMS x 0", "BLPOP l 0"
        };
        List<RawClient> waiting = new ArrayList<>();
        List<String> got = new ArrayList<>();
        try (RawClient giver = new RawClient(port)) {
            giver.call("FLUSHALL");
            giver.call("SELECT", "1");
            giver.call("RPUSH", "l", "1", "2");
            giver.call("ZADD", "z", "1", "m");
            giver.call("XADD", "x", "1-1", "f", "v");
            for (String wait : waits) {
                RawClient client = new RawClient(port);
                waiting.add(client);
                client.send(RawClient.request(List.of(wait.split(" ", -1))));
                Await.until(
                        "it waits", () -> giver.call("INFO", "clients").contains("blocked_clients:" + waiting.size()));
            }
            for (String line : swap.split("\\|", -1)) {
                got.add(giver.call(line.split(" ", -1)));
            }
            got.add(giver.call("LRANGE", "l", "0", "-1")
                    + giver.call("SELECT", "0")
                    + giver.call("LRANGE", "m", "0", "-1"));
            // What still waits is served now: by the database as it is named.
            giver.call("RPUSH", "l", "7", "8", "9");
            giver.call("ZADD", "z", "2", "n");
            giver.call("XADD", "x", "2-2", "f", "w");
            for (RawClient client : waiting) {
                got.add(client.reply());
                client.close();
            }
            got.add(giver.call("LRANGE", "l", "0", "-1")
                    + giver.call("SELECT", "1")
                    + giver.call("LRANGE", "l", "0", "-1"));
        }
        return got;
    }

    /** Nobody's command is made in a database that was exchanged as it came. */
    @Test
    void aCommandThatComesMeanwhileIsInOneDatabaseOrTheOther() throws Exception {
        AtomicBoolean over = new AtomicBoolean();
        List<CompletableFuture<Void>> writers = new ArrayList<>();
        for (int i = 0; i < 6; i++) {
            String[] write = i % 3 == 0
                    ? new String[] {"SET", "k", "others"}
                    : i % 3 == 1
                            ? new String[] {"MSET", "k", "others", "j", "others"}
                            : new String[] {"EVAL", "return redis.call('SET', 'k', 'others')", "0"};
            CompletableFuture<Void> done = new CompletableFuture<>();
            writers.add(done);
            Thread.ofPlatform().start(() -> {
                try (RawClient writer = new RawClient(node.port(0))) {
                    writer.call("SELECT", "1");
                    while (!over.get()) {
                        writer.call(write);
                    }
                    done.complete(null);
                } catch (IOException e) {
                    done.completeExceptionally(e);
                }
            });
        }
        try (RawClient swapping = new RawClient(node.port(0))) {
            for (int i = 0; i < 2_000; i++) {
                assertThat(swapping.call("SWAPDB", "0", "1")).isEqualTo("+OK\r\n");
                assertThat(swapping.call("SET", "k", "" + i)).isEqualTo("+OK\r\n");
                assertThat(swapping.call("MSET", "k", "" + i, "j", "" + i)).isEqualTo("+OK\r\n");
                assertThat(swapping.call("GET", "k")).isEqualTo("$" + ("" + i).length() + "\r\n" + i + "\r\n");
                assertThat(swapping.call("GET", "j")).isEqualTo("$" + ("" + i).length() + "\r\n" + i + "\r\n");
            }
        } finally {
            over.set(true);
        }
        for (CompletableFuture<Void> writer : writers) {
            writer.join();
        }
    }
}
