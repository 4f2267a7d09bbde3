package io.plinth.kvcache.client;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** FLUSHDB while a script runs that exchanges databases. */
@Timeout(60)
class FlushBesideScriptIT {
    private static final int KEYS = 300;
    /** Some of them on another loop than the script. */
    private static final int FLUSHING = 4;

    private static final String SCRIPT = "redis.call('set', KEYS[1], '1') redis.call('publish', 'begun', '1')"
            + " for i = 1, 5000000 do end return redis.call('swapdb', 0, 1)";

    private static void fill(RawClient client, String prefix) throws Exception {
        for (int i = 0; i < KEYS; i++) {
            assertThat(client.call("SET", prefix + i, "1")).isEqualTo("+OK\r\n");
        }
    }

    /** Emptied is what has the name when it is emptied: all of that, and nothing of the other. */
    @Test
    void emptiesOneDatabaseOfTheTwoThatAScriptExchanges(@TempDir Path folder) throws Exception {
        try (Cluster node = Cluster.start(folder, "memory: 64MiB", 1);
                RawClient told = new RawClient(node.port(0));
                RawClient client = new RawClient(node.port(0))) {
            client.call("SELECT", "1");
            fill(client, "other");
            client.call("SELECT", "0");
            fill(client, "key");
            told.call("SUBSCRIBE", "begun");
            List<RawClient> flushing = new ArrayList<>();
            for (int i = 0; i < FLUSHING; i++) {
                flushing.add(new RawClient(node.port(0)));
            }
            client.send(RawClient.request(List.of("EVAL", SCRIPT, "1", "own")));
            assertThat(told.reply()).contains("begun");
            for (RawClient each : flushing) {
                each.send(RawClient.request(List.of("FLUSHDB")));
            }
            assertThat(client.reply()).isEqualTo("+OK\r\n");
            for (RawClient each : flushing) {
                assertThat(each.reply()).isEqualTo("+OK\r\n");
                each.close();
            }
            assertThat(client.call("DBSIZE")).isEqualTo(":0\r\n");
            client.call("SELECT", "1");
            assertThat(client.call("DBSIZE")).isEqualTo(":" + (KEYS + 1) + "\r\n");
        }
    }
}
