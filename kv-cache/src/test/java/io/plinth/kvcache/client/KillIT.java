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
import org.junit.jupiter.params.provider.CsvSource;

/** A node is killed while it is written to, and is back with what it told its clients. */
@Timeout(120)
class KillIT {
    @TempDir
    Path folder;

    @ParameterizedTest
    @CsvSource({"always, 0", "everysec, " + 1_500_000_000L})
    void whatWasAnsweredBeforeTheLossWindowIsBack(String journal, long window) throws Exception {
        AtomicInteger answered = new AtomicInteger(-1);
        int beforeWindow = -1;
        try (NodeProcess node = new NodeProcess(folder, "memory: 64MiB, persist: { journal: " + journal + " }")) {
            node.start();
            try (RawClient client = node.connect()) {
                CompletableFuture<Void> killed = new CompletableFuture<>();
                long[] when = new long[1 << 20];
                Thread writer = Thread.ofPlatform().start(() -> {
                    try {
                        for (int i = 0; i < when.length; i++) {
                            client.call("MULTI");
                            client.call("SET", "n", "" + i);
                            client.call("RPUSH", "all", "" + i);
                            String reply = client.call("EXEC");
                            if (!reply.startsWith("*2")) {
                                throw new IOException(reply);
                            }
                            when[i] = System.nanoTime();
                            answered.set(i);
                        }
                    } catch (IOException e) {
                        killed.complete(null);
                    }
                });
                long deadline = System.nanoTime() + window + TimeUnit.MILLISECONDS.toNanos(700);
                while (System.nanoTime() < deadline
                        || ((answered.get() < 100 || System.nanoTime() - when[1] < window) && writer.isAlive())) {
                    TimeUnit.MILLISECONDS.sleep(10);
                }
                long now = System.nanoTime();
                node.kill();
                killed.get(20, TimeUnit.SECONDS);
                writer.join();
                for (int i = 0; i <= answered.get() && now - when[i] >= window; i++) {
                    beforeWindow = i;
                }
            }
            assertThat(beforeWindow).isPositive();
            node.start();
            try (RawClient client = node.connect()) {
                int last = Integer.parseInt(client.call("GET", "n").split("\r\n", -1)[1]);
                assertThat(last).isGreaterThanOrEqualTo(window == 0 ? answered.get() : beforeWindow);
                assertThat(client.call("LLEN", "all")).isEqualTo(":" + (last + 1) + "\r\n");
                assertThat(client.call("LINDEX", "all", "-1")).endsWith("\r\n" + last + "\r\n");
                assertThat(client.call("INFO", "persistence")).contains("aof_enabled:1", "journal_mode:" + journal);
            }
            node.stop();
            assertThat(node.log()).doesNotContain("damaged");
        }
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
