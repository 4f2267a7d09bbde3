package io.plinth.kvcache.client;

import static org.assertj.core.api.Assertions.assertThat;

import io.plinth.testkit.FreePort;
import io.plinth.testkit.RequiresPeer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What SWAPDB did outlives the process, is heard from a primary, and moves what is counted by database. */
@Timeout(90)
class SwapDbKeptIT {
    @TempDir
    Path folder;

    private static void call(RawClient client, String... lines) throws IOException {
        for (String line : lines) {
            assertThat(client.call(line.split(" ", -1))).as(line).doesNotStartWith("-");
        }
    }

    private static String seen(RawClient client) throws IOException {
        StringBuilder all = new StringBuilder();
        for (String db : new String[] {"0", "1", "2"}) {
            client.call("SELECT", db);
            all.append(client.call("GET", "k").replace("\r\n", " "));
        }
        return all.toString();
    }

    @Test
    void aKilledNodeHasDatabasesWhereTheyWere() throws Exception {
        try (NodeProcess node = new NodeProcess(folder, "memory: 64MiB, persist: { journal: always }")) {
            node.start();
            try (RawClient client = node.connect()) {
                call(client, "SET k zero", "SELECT 1", "SET k one", "SWAPDB 0 1", "SET k zero2");
                node.kill();
            }
            node.start();
            try (RawClient client = node.connect()) {
                assertThat(seen(client)).isEqualTo("$3 one $5 zero2 $-1 ");
                // In a transaction, and once more in a snapshot that the journal goes on from.
                call(
                        client,
                        "MULTI",
                        "SELECT 1",
                        "SWAPDB 1 2",
                        "SET k new",
                        "EXEC",
                        "SAVE",
                        "SWAPDB 0 2",
                        "SET k newer");
                node.kill();
            }
            node.start();
            try (RawClient client = node.connect()) {
                assertThat(seen(client)).isEqualTo("$5 zero2 $5 newer $3 one ");
                node.kill();
            }
            node.start();
            try (RawClient client = node.connect()) {
                assertThat(seen(client)).isEqualTo("$5 zero2 $5 newer $3 one ");
            }
            node.stop();
            assertThat(node.log()).doesNotContain("damaged");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"memory: 64MiB", "memory: 64MiB, persist: { snapshot-every: 10m }"})
    void aSnapshotKnowsThemAlone(String section) throws Exception {
        try (Cluster cluster = Cluster.start(folder, section, 1)) {
            try (RawClient client = new RawClient(cluster.port(0))) {
                call(client, "SET k zero", "SELECT 1", "SET k one", "SWAPDB 0 1", "SWAPDB 1 2");
            }
            cluster.restart(1);
            try (RawClient client = new RawClient(cluster.port(0))) {
                assertThat(seen(client)).isEqualTo("$3 one $-1 $4 zero ");
                assertThat(client.call("FLUSHALL")).isEqualTo("+OK\r\n");
            }
        }
    }

    @Test
    @RequiresPeer("redis-server")
    void aPrimarysIsDoneHere() throws Exception {
        RedisPeer peer =
                RedisPeer.start(Files.createDirectory(folder.resolve("redis")), "--enable-debug-command", "local");
        try (Cluster node = Cluster.start(folder, "memory: 64MiB, debug-command: local", 1);
                RawClient redis = new RawClient(peer.port());
                RawClient ours = new RawClient(node.port(0))) {
            call(ours, "SET k mine", "SWAPDB 0 5", "SWAPDB 1 2");
            call(redis, "SET k zero", "SELECT 1", "SET k one");
            call(ours, "REPLICAOF 127.0.0.1 " + peer.port());
            Await.until("the file is here", () -> seen(ours).equals("$4 zero $3 one $-1 "));
            Await.until("the link is up", () -> ours.call("INFO", "replication").contains("master_link_status:up"));
            assertThat(ours.call("SWAPDB", "0", "1"))
                    .isEqualTo("-READONLY You can't write against a read only replica.\r\n");
            call(redis, "SWAPDB 0 1", "SET k both", "MULTI", "SWAPDB 1 2", "SET k again", "EXEC");
            call(redis, "EVAL return(redis.call('swapdb',0,1)) 0");
            Await.until("the last is here", () -> seen(ours).equals(seen(redis)));
            assertThat(seen(redis)).isEqualTo("$5 again $3 one $4 both ");
            assertThat(ours.call("DEBUG", "DIGEST")).isEqualTo(redis.call("DEBUG", "DIGEST"));
        } finally {
            peer.close();
        }
    }

    /** A pattern names a database as clients do: what it counts, evicts and tags are the keys that are there then. */
    @Test
    void quotasAndTagsFollowTheNames() throws Exception {
        String section =
                "memory: 64MiB, patterns: { p: { prefix: \"p:\", tags: true, quota: { keys: 3, over: refuse } } }";
        try (Cluster cluster = Cluster.start(folder, section, 1);
                RawClient client = new RawClient(cluster.port(0))) {
            call(client, "CACHE.SET p:1 a TAGS t", "SET p:2 b", "SET p:3 c", "SELECT 1");
            for (int i = 0; i < 6; i++) {
                call(client, "SET p:" + i + " x");
            }
            call(client, "SELECT 0");
            assertThat(client.call("SET", "p:4", "d")).startsWith("-OOM quota");
            call(client, "SWAPDB 0 2", "SET p:1 e", "SET p:2 e", "SET p:3 e");
            assertThat(client.call("SET", "p:4", "d")).startsWith("-OOM quota");
            assertThat(client.call("CACHE.INVALIDATE", "t")).isEqualTo(":0\r\n");
            call(client, "SWAPDB 2 0");
            assertThat(client.call("CACHE.INVALIDATE", "t")).isEqualTo(":1\r\n");
            call(client, "SET p:4 d", "SWAPDB 0 1");
            assertThat(client.call("SET", "p:9", "d")).startsWith("-OOM quota");
            call(client, "DEL p:0 p:1 p:2 p:3");
            call(client, "SET p:9 d");
        }
    }

    /** What memcached's clients know of a key goes with it. */
    @Test
    void memcachedsClientsSeeDatabaseZero() throws Exception {
        int port = FreePort.find();
        String section = "memory: 64MiB, memcached-port: " + port + ", persist: { journal: always }";
        try (Cluster cluster = Cluster.start(folder, section, 1)) {
            try (RawClient client = new RawClient(cluster.port(0));
                    RawClient text = new RawClient(port)) {
                text.send("set m 7 0 3\r\nabc\r\n");
                assertThat(text.reply()).isEqualTo("STORED\r\n");
                call(client, "SELECT 1", "SET m d", "SWAPDB 0 1");
                text.send("mg m v f\r\n");
                assertThat(text.reply()).isEqualTo("VA 1 f0\r\n");
                assertThat(text.reply()).isEqualTo("d\r\n");
                text.send("set n 9 0 1\r\nx\r\n");
                assertThat(text.reply()).isEqualTo("STORED\r\n");
                assertThat(client.call("GET", "m")).isEqualTo("$3\r\nabc\r\n");
                call(client, "SWAPDB 0 1");
                text.send("mg m f\r\n");
                assertThat(text.reply()).isEqualTo("HD f7\r\n");
                call(client, "SWAPDB 0 1");
            }
            cluster.restart(1);
            try (RawClient client = new RawClient(cluster.port(0));
                    RawClient text = new RawClient(port)) {
                text.send("mg n f\r\n");
                assertThat(text.reply()).isEqualTo("HD f9\r\n");
                call(client, "SWAPDB 1 0");
                text.send("mg m f\r\n");
                assertThat(text.reply()).isEqualTo("HD f7\r\n");
            }
        }
    }
}
