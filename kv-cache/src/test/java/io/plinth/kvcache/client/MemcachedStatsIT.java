package io.plinth.kvcache.client;

import static org.assertj.core.api.Assertions.assertThat;

import io.plinth.testkit.FreePort;
import io.plinth.testkit.Peer;
import io.plinth.testkit.RequiresPeer;
import java.io.File;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What memcached's stats say, beside those of Debian's memcached after the same commands; and a flush that was put off. */
@Timeout(60)
class MemcachedStatsIT {
    private static final String COMMANDS = "set a 5 1000 3\r\n"
            + "abc\r\n"
            + "set b 0 0 1\r\n"
            + "1\r\n"
            + "add a 0 0 1\r\n"
            + "x\r\n"
            + "get a\r\n"
            + "get a none\r\n"
            + "incr b 1\r\n"
            + "decr b 1\r\n"
            + "incr none 1\r\n"
            + "decr none 1\r\n"
            + "delete none\r\n"
            + "cas none 0 0 1 1\r\n"
            + "x\r\n"
            + "cas a 0 0 1 0\r\n"
            + "y\r\n"
            + "touch a 100\r\n"
            + "touch none 1\r\n"
            + "set c 0 0 1\r\n"
            + "x\r\n"
            + "delete c\r\n"
            + "mn\r\n"
            + "mg a v\r\n"
            + "ms d 1\r\n"
            + "x\r\n"
            + "md d\r\n"
            + "ma b\r\n";
    /** What does not depend on the server's insides; cmd_meta stays 0 in memcached 1.6.18 whatever comes, here it counts. */
    private static final List<String> COUNTED = List.of(
            "cmd_get",
            "cmd_set",
            "cmd_flush",
            "cmd_touch",
            "get_hits",
            "get_misses",
            "delete_misses",
            "delete_hits",
            "incr_misses",
            "incr_hits",
            "decr_misses",
            "decr_hits",
            "cas_misses",
            "cas_hits",
            "cas_badval",
            "touch_hits",
            "touch_misses",
            "bytes_read",
            "curr_items",
            "evictions",
            "curr_connections");

    @TempDir
    Path folder;

    @Test
    @RequiresPeer("memcached")
    void countsWhatMemcachedCountsByItsNames() throws Exception {
        int other = FreePort.find();
        int port = FreePort.find();
        Process process = new ProcessBuilder(
                        Peer.path("memcached").toString(),
                        "-l",
                        "127.0.0.1",
                        "-p",
                        "" + other,
                        "-U",
                        "0",
                        "-u",
                        "nobody")
                .redirectErrorStream(true)
                .redirectOutput(new File(folder.toFile(), "memcached.log"))
                .start();
        try (Cluster cluster = Cluster.start(folder, "memory: 64MiB, memcached-port: " + port, 1)) {
            assertThat(cluster.port(0)).isPositive();
            Await.until("memcached answers", () -> {
                try (RawClient client = new RawClient(other)) {
                    client.send("mn\r\n");
                    return client.reply().equals("MN\r\n");
                } catch (IOException e) {
                    return false;
                }
            });
            try (RawClient ours = new RawClient(port);
                    RawClient theirs = new RawClient(other)) {
                Await.until(
                        "who asked whether it answers has left",
                        () -> "1".equals(stats(theirs, "stats").get("curr_connections")));
                for (RawClient client : List.of(ours, theirs)) {
                    client.send("stats reset\r\n");
                    assertThat(client.reply()).isEqualTo("RESET\r\n");
                    client.send(COMMANDS + "version\r\n");
                    for (String line = client.reply(); !line.startsWith("VERSION"); line = client.reply()) {
                        assertThat(line).doesNotStartWith("CLIENT_ERROR").doesNotStartWith("SERVER_ERROR");
                    }
                }
                Map<String, String> mine = stats(ours, "stats");
                Map<String, String> peers = stats(theirs, "stats");
                assertThat(mine.keySet()).containsExactlyElementsOf(peers.keySet());
                for (String name : COUNTED) {
                    assertThat(mine.get(name)).as(name).isEqualTo(peers.get(name));
                }
                assertThat(stats(ours, "stats items").keySet())
                        .containsExactlyElementsOf(stats(theirs, "stats items").keySet());
                assertThat(stats(theirs, "stats settings").keySet())
                        .containsAll(stats(ours, "stats settings").keySet());
                assertThat(mine.get("threads"))
                        .isEqualTo(stats(ours, "stats settings").get("num_threads"))
                        .isNotEqualTo("0");
                assertThat(stats(ours, "stats sizes")).isEqualTo(stats(theirs, "stats sizes"));
                assertThat(stats(ours, "stats conns").values()).contains("conn_parse_cmd");
            }
        } finally {
            process.destroy();
            process.waitFor(10, TimeUnit.SECONDS);
        }
    }

    @Test
    void aFlushThatIsPutOffComesAndKeysAreDumped() throws Exception {
        int port = FreePort.find();
        try (Cluster cluster = Cluster.start(folder, "memory: 64MiB, memcached-port: " + port, 1);
                RawClient client = new RawClient(port);
                RawClient redis = new RawClient(cluster.port(0))) {
            for (String key : List.of("", "a b", "a\r\nEND", "a\u007f", "\0", "a".repeat(251))) {
                assertThat(redis.call("SET", key, "abc")).isEqualTo("+OK\r\n");
            }
            client.send("set a 0 0 3\r\nabc\r\nset b 0 0 3\r\nabc\r\nstats cachedump 1 0\r\n");
            assertThat(client.reply() + client.reply()).isEqualTo("STORED\r\nSTORED\r\n");
            assertThat(List.of(client.reply(), client.reply()))
                    .containsExactlyInAnyOrder("ITEM a [3 b; 0 s]\r\n", "ITEM b [3 b; 0 s]\r\n");
            assertThat(client.reply()).isEqualTo("END\r\n");
            client.send("stats cachedump 1 1\r\nstats cachedump 2 1\r\nstats cachedump 1\r\n");
            assertThat(client.reply()).startsWith("ITEM ");
            assertThat(client.reply() + client.reply() + client.reply())
                    .isEqualTo("END\r\nEND\r\nCLIENT_ERROR bad command line format\r\n");
            client.send("flush_all 1\r\n");
            assertThat(client.reply()).isEqualTo("OK\r\n");
            while (!redis.call("DBSIZE").equals(":0\r\n")) {
                TimeUnit.MILLISECONDS.sleep(20);
            }
        }
    }

    private static Map<String, String> stats(RawClient client, String command) throws IOException {
        client.send(command + "\r\n");
        Map<String, String> found = new LinkedHashMap<>();
        for (String line = client.reply(); !line.equals("END\r\n"); line = client.reply()) {
            String[] words = line.strip().split(" ", 3);
            assertThat(words[0]).isEqualTo("STAT");
            found.put(words[1], words.length > 2 ? words[2] : "");
        }
        return found;
    }
}
