package io.plinth.kvcache.client;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A node is killed while it is written to, and is back with what it told its clients. */
@Timeout(120)
class KillIT {
    @TempDir
    Path folder;

    @ParameterizedTest
    @ValueSource(strings = {"always", "everysec"})
    void whatWasAnsweredBeforeTheLossWindowIsBack(String journal) throws Exception {
        AtomicInteger answered = new AtomicInteger(-1);
        int kept;
        try (NodeProcess node = new NodeProcess(folder, "memory: 64MiB, persist: { journal: " + journal + " }")) {
            node.start();
            try (RawClient client = node.connect()) {
                CompletableFuture<Void> killed = new CompletableFuture<>();
                Thread writer = Thread.ofPlatform().start(() -> {
                    try {
                        for (int i = 0; ; i++) {
                            client.call("MULTI");
                            client.call("SET", "n", "" + i);
                            client.call("RPUSH", "all", "" + i);
                            String reply = client.call("EXEC");
                            if (!reply.startsWith("*2")) {
                                throw new IOException(reply);
                            }
                            answered.set(i);
                        }
                    } catch (IOException e) {
                        killed.complete(null);
                    }
                });
                Await.until("a hundred answers", () -> answered.get() >= 100);
                kept = answered.get();
                if (journal.equals("everysec")) {
                    // The first sync from now on may have begun before; what was answered is in the second.
                    try (RawClient operator = node.connect()) {
                        long syncs = syncs(operator);
                        Await.until("two syncs", () -> syncs(operator) >= syncs + 2);
                    }
                }
                node.kill();
                killed.get(20, TimeUnit.SECONDS);
                writer.join();
                if (journal.equals("always")) {
                    kept = answered.get();
                }
            }
            node.start();
            try (RawClient client = node.connect()) {
                int last = Integer.parseInt(client.call("GET", "n").split("\r\n", -1)[1]);
                assertThat(last).isGreaterThanOrEqualTo(kept);
                assertThat(client.call("LLEN", "all")).isEqualTo(":" + (last + 1) + "\r\n");
                assertThat(client.call("LINDEX", "all", "-1")).endsWith("\r\n" + last + "\r\n");
                assertThat(client.call("INFO", "persistence")).contains("aof_enabled:1", "journal_mode:" + journal);
            }
            node.stop();
            assertThat(node.log()).doesNotContain("damaged");
        }
    }

    private static long syncs(RawClient client) throws IOException {
        String info = client.call("INFO", "persistence");
        String line = info.lines()
                .filter(each -> each.startsWith("journal_syncs:"))
                .findFirst()
                .orElseThrow(() -> new IOException("no journal_syncs in: " + info));
        return Long.parseLong(line.substring(line.indexOf(':') + 1));
    }

    @Test
    void aNodeThatIsStoppedStartsWarmAndOneThatIsKilledStartsEmpty() throws Exception {
        try (NodeProcess node = new NodeProcess(folder, "memory: 64MiB")) {
            node.start();
            try (RawClient client = node.connect()) {
                client.call("SET", "k", "v");
                client.call("HSET", "h", "f", "1");
            }
            node.stop();
            node.start();
            try (RawClient client = node.connect()) {
                assertThat(client.call("GET", "k")).isEqualTo("$1\r\nv\r\n");
                assertThat(client.call("HGET", "h", "f")).isEqualTo("$1\r\n1\r\n");
            }
            node.kill();
            node.start();
            try (RawClient client = node.connect()) {
                assertThat(client.call("DBSIZE")).isEqualTo(":0\r\n");
            }
        }
    }
}
