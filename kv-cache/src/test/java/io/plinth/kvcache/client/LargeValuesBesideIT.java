package io.plinth.kvcache.client;

import static io.plinth.kvcache.client.LargeValuesIT.receive;
import static io.plinth.kvcache.client.LargeValuesIT.send;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Long strings beside what else a node does: full of other keys, in a cluster, with rules for users, while it saves. */
@Timeout(85)
class LargeValuesBesideIT {
    private static final int MIB = 1 << 20;

    /** A cache is full most of the time: what a command makes has others evicted, as what it brings. */
    @Test
    void whatACommandMakesFindsRoomOnAFullNode(@TempDir Path folder) throws Exception {
        try (Cluster node = Cluster.start(folder, "memory: 64MiB, eviction: volatile-lru", 1);
                RawClient client = new RawClient(node.port(0))) {
            for (String key : List.of("a", "b")) {
                send(client, 2 * MIB, "SET", key);
                assertThat(client.reply()).isEqualTo("+OK\r\n");
            }
            for (int i = 0; i < 1_500; i++) {
                assertThat(client.call("SETEX", "k" + i, "1000", "v".repeat(50_000)))
                        .isEqualTo("+OK\r\n");
            }
            assertThat(client.call("BITOP", "AND", "both", "a", "b")).isEqualTo(":" + 2 * MIB + "\r\n");
            send(client, 8 * MIB, "APPEND", "a");
            assertThat(client.reply()).isEqualTo(":" + 10 * MIB + "\r\n");
            assertThat(client.call("COPY", "a", "copy")).isEqualTo(":1\r\n");
            assertThat(client.call("MULTI")).isEqualTo("+OK\r\n");
            client.call("SETRANGE", "b", Integer.toString(6 * MIB), "x");
            client.call("BITOP", "OR", "both", "a");
            assertThat(client.call("EXEC")).isEqualTo("*2\r\n:" + (6 * MIB + 1) + "\r\n:" + 10 * MIB + "\r\n");
            assertThat(client.call("SETBIT", "bits", Integer.toString(20 * MIB * 8), "1"))
                    .isEqualTo(":0\r\n");
        }
    }

    /** Applications have users with rules: what these may write is as long as anybody's. */
    @Test
    void whoMayWriteTheKeyMayWriteALongString(@TempDir Path folder) throws Exception {
        try (Cluster node = Cluster.start(folder, "memory: 256MiB, limits: { client-memory: 16MiB }", 1);
                RawClient client = new RawClient(node.port(0))) {
            client.call("ACL", "SETUSER", "app", "on", "nopass", "~app:*", "+@all");
            client.call("AUTH", "app", "x");
            send(client, 40 * MIB, "SET", "app:big");
            assertThat(client.reply()).isEqualTo("+OK\r\n");
            send(client, 2 * MIB, "SET", "others");
            assertThat(client.reply()).startsWith("-NOPERM ");
            send(client, 2 * MIB, "MSET", "app:a", "b", "others");
            assertThat(client.reply()).startsWith("-NOPERM ");
        }
    }

    /** As in Redis, `timeout` is for who does nothing. */
    @Test
    void whoSendsOrTakesALongStringSlowlyIsNotIdle(@TempDir Path folder) throws Exception {
        int length = 48 * MIB;
        try (Cluster node = Cluster.start(folder, "memory: 256MiB, limits: { timeout: 3s }", 1);
                RawClient client = new RawClient(node.port(0))) {
            send(client, length, "SET", "big");
            assertThat(client.reply()).isEqualTo("+OK\r\n");
            client.send("GET big\r\n");
            try (RawClient sends = new RawClient(node.port(0))) {
                sends.send("*3\r\n$3\r\nSET\r\n$4\r\nsent\r\n$" + length + "\r\n");
                for (int i = 0; i < length / MIB; i++) {
                    sends.send("x".repeat(MIB));
                    assertThat(client.stream().readNBytes(MIB)).hasSize(MIB);
                    Thread.sleep(150);
                }
                sends.send("\r\n");
                assertThat(sends.reply()).isEqualTo("+OK\r\n");
            }
        }
    }

    /** As `nc -N` does: what was asked for is sent, however long it is and however slowly it is taken. */
    @Test
    void whoSendsNoMoreGetsAllThatWasAskedFor(@TempDir Path folder) throws Exception {
        int length = 40 * MIB;
        try (Cluster node = Cluster.start(folder, "memory: 256MiB", 1);
                RawClient writer = new RawClient(node.port(0))) {
            send(writer, length, "SET", "big");
            assertThat(writer.reply()).isEqualTo("+OK\r\n");
            writer.call("SET", "half", "v".repeat(500_000));
            for (String request : List.of("GET big\r\n", "GET half\r\n".repeat(80))) {
                try (RawClient client = new RawClient(node.port(0))) {
                    client.send(request);
                    client.socket().shutdownOutput();
                    Thread.sleep(300);
                    assertThat(client.rest()).hasSizeGreaterThan(40_000_000);
                }
            }
        }
    }

    /** What never fits here is still told where it belongs, and nothing is evicted for what belongs elsewhere. */
    @Test
    void aLongStringOfAnotherNodeIsSentThere(@TempDir Path folder) throws Exception {
        try (Cluster nodes = Cluster.start(folder, "memory: 64MiB", 2);
                RawClient client = new RawClient(nodes.port(0))) {
            int i = 0;
            while (!client.call("GET", "k" + i).startsWith("-MOVED ")) {
                i++;
            }
            for (int length : new int[] {2 * MIB, 60 * MIB}) {
                send(client, length, "SET", "k" + i);
                assertThat(client.reply()).startsWith("-MOVED ");
            }
            assertThat(client.call("PING")).isEqualTo("+PONG\r\n");
        }
    }

    /** It waits for what gathers changes as long as that takes, with the smallest of memory for them. */
    @Test
    void aLongStringWaitsNotLongForASnapshot(@TempDir Path folder) throws Exception {
        try (NodeProcess node = new NodeProcess(
                folder,
                "memory: 256MiB, debug-command: yes, persist: { journal-buffer: 1MiB, snapshot-on-stop: false }",
                List.of("-XX:TieredStopAtLevel=1"))) {
            node.start();
            try (RawClient client = node.connect()) {
                client.call("DEBUG", "POPULATE", "200000");
                assertThat(client.call("BGSAVE")).startsWith("+Background saving started");
                send(client, 160 * MIB, "SET", "big");
                assertThat(client.reply()).isEqualTo("+OK\r\n");
            }
        }
    }

    /** What a transaction writes of them is more than the heap that a start has. */
    @Test
    void aTransactionThatMovesLongStringsOutlivesTheProcess(@TempDir Path folder) throws Exception {
        int length = 24 * MIB;
        try (NodeProcess node = new NodeProcess(
                folder,
                "memory: 96MiB, persist: { journal: always, journal-buffer: 4MiB, snapshot-on-stop: false }",
                List.of("-XX:TieredStopAtLevel=1", "-Xmx160m", "-XX:+ExitOnOutOfMemoryError"))) {
            node.start();
            try (RawClient client = node.connect()) {
                send(client, length, "SET", "k0");
                assertThat(client.reply()).isEqualTo("+OK\r\n");
                client.call("MULTI");
                for (int i = 0; i < 10; i++) {
                    client.call("RENAME", "k" + i, "k" + (i + 1));
                }
                assertThat(client.call("EXEC")).isEqualTo("*10\r\n" + "+OK\r\n".repeat(10));
            }
            node.kill();
            node.start();
            try (RawClient client = node.connect()) {
                assertThat(client.call("DBSIZE")).isEqualTo(":1\r\n");
                client.send("GET k10\r\n");
                receive(client.stream(), length);
            }
        }
    }
}
