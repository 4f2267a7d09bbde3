package io.plinth.kvcache.client;

import static org.assertj.core.api.Assertions.assertThat;

import io.plinth.kvcache.persist.journal.SmallDisk;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The journal's disk is full, has room again, and is full while the node recovers. */
@Timeout(180)
class FullDiskIT {
    private static final String MISCONF = "-MISCONF Errors writing to the AOF file: No space left on device\r\n";
    private static final int PASSING = 6_000;
    private static final int SLOWLY = 1_500;
    private static final String BODY = "x".repeat(20_000);

    @TempDir
    Path folder;

    private NodeProcess node(String journal, String more) throws IOException {
        return new NodeProcess(folder, "memory: 64MiB, persist: { journal: " + journal + more + " }");
    }

    /**
     * Writes numbers, one behind the other, until one is refused or the connection is cut; answers how many were answered. Past what the
     * smallest disk has it writes slowly: with everysec nothing else keeps it from filling the memory first, and having the list evicted.
     */
    private static int write(RawClient client, int from) throws Exception {
        int next = from;
        try {
            while (client.call("RPUSH", "all", next + ":" + BODY).equals(":" + (next + 1) + "\r\n")) {
                next++;
                if (next > SLOWLY) {
                    Thread.sleep(5);
                }
            }
        } catch (IOException e) {
            // Of a write whose sync failed nobody is told anything.
        }
        return next;
    }

    private static String info(RawClient client) throws IOException {
        return client.call("INFO", "persistence");
    }

    private static void refuses(RawClient client) throws Exception {
        Await.until("refused", () -> client.call("SET", "other", "1").equals(MISCONF));
        assertThat(client.call("INCR", "n")).isEqualTo(MISCONF);
        assertThat(client.call("EXISTS", "all")).isEqualTo(":1\r\n");
        assertThat(client.call("EVAL", "return redis.call('EXISTS', KEYS[1])", "1", "all"))
                .isEqualTo(":1\r\n");
        assertThat(client.call("EVAL", "return redis.call('INCR', KEYS[1])", "1", "n"))
                .contains(MISCONF.substring(1).strip());
        client.call("MULTI");
        client.call("EXISTS", "all");
        assertThat(client.call("EXEC")).isEqualTo("*1\r\n:1\r\n");
        asksWhetherItIsWell(client);
        assertThat(info(client)).contains("aof_last_write_status:err");
    }

    private static void asksWhetherItIsWell(RawClient client) throws Exception {
        assertThat(client.call("PING")).isEqualTo(MISCONF);
        assertThat(client.call("EVAL", "return redis.call('PING')", "0")).isEqualTo("+PONG\r\n");
        assertThat(client.call("EVAL", "#!lua\nreturn 1", "0")).isEqualTo(MISCONF);
        assertThat(client.call("EVAL_RO", "#!lua\nreturn 1", "0")).isEqualTo(MISCONF);
        assertThat(client.call("EVAL", "#!lua flags=no-writes\nreturn 1", "0")).isEqualTo(":1\r\n");
        client.call("MULTI");
        assertThat(client.call("PING")).isEqualTo(MISCONF);
        assertThat(client.call("EXEC")).startsWith("-EXECABORT");
    }

    private static void taken(RawClient client) throws Exception {
        Await.until("taken again", () -> client.call("SET", "other", "2").equals("+OK\r\n"));
        assertThat(info(client)).contains("aof_last_write_status:ok", "journal_state:writing");
    }

    /** Every number is there once, in order; answers how many there are. */
    private static int all(RawClient client) throws IOException {
        String length = client.call("LLEN", "all");
        int count = Integer.parseInt(length.substring(1).strip());
        for (int i = 0; i < count; i++) {
            assertThat(client.call("LINDEX", "all", "" + i)).endsWith("\r\n" + i + ":" + BODY + "\r\n");
        }
        return count;
    }

    @ParameterizedTest
    @ValueSource(strings = {"always", "everysec"})
    void writesAreTakenAgainOnceThereIsRoom(String journal) throws Exception {
        try (SmallDisk disk = SmallDisk.mount(folder.resolve("state"), "24m");
                NodeProcess node = node(journal, "")) {
            node.start();
            int written;
            try (RawClient writer = node.connect();
                    RawClient client = node.connect()) {
                client.call("PFADD", "crowd", "a", "b", "c");
                written = write(writer, 0);
                assertThat(written).isGreaterThan(300);
                refuses(client);
                assertThat(client.call("PFCOUNT", "crowd")).as("a read").isEqualTo(":3\r\n");
                assertThat(info(client)).contains("journal_state:no-room").doesNotContain("aof_buffer_length:0");
                disk.resize("64m");
                taken(client);
                int there = all(client);
                assertThat(there).isBetween(written, written + 1);
                written = there + 50;
                for (int i = there; i < written; i++) {
                    assertThat(client.call("RPUSH", "all", i + ":" + BODY)).startsWith(":");
                }
                synced(client, journal);
            }
            node.kill();
            node.start();
            try (RawClient client = node.connect()) {
                assertThat(all(client)).isEqualTo(written);
                assertThat(client.call("GET", "other")).isEqualTo("$1\r\n2\r\n");
            }
            node.stop();
            assertThat(node.log())
                    .contains("writes are refused until there is room", "there is room again")
                    .doesNotContain("damaged");
        }
    }

    /** With everysec, until what was answered is synced. */
    private static void synced(RawClient client, String journal) throws Exception {
        if (journal.equals("everysec")) {
            long now = syncs(client);
            Await.until("two syncs", () -> {
                client.call("INCR", "tick");
                return syncs(client) >= now + 2;
            });
        }
    }

    private static long syncs(RawClient client) throws IOException {
        return number(client, "journal_syncs:");
    }

    private static long number(RawClient client, String field) throws IOException {
        String info = info(client);
        int at = info.indexOf(field) + field.length();
        return Long.parseLong(info.substring(at, info.indexOf('\r', at)));
    }

    @ParameterizedTest
    @ValueSource(strings = {"always", "everysec"})
    void aNodeThatIsKilledWhileItRefusesIsBackWithWhatItToldClients(String journal) throws Exception {
        try (SmallDisk disk = SmallDisk.mount(folder.resolve("state"), "24m");
                NodeProcess node = node(journal, "")) {
            node.start();
            int written;
            long waiting;
            try (RawClient writer = node.connect();
                    RawClient client = node.connect()) {
                written = write(writer, 0);
                synced(client, "always");
                refuses(client);
                waiting = number(client, "aof_buffer_length:") / BODY.length();
            }
            node.kill();
            node.start();
            int back;
            try (RawClient client = node.connect()) {
                back = all(client);
                // With everysec but for what waited for room.
                assertThat((long) back).isGreaterThanOrEqualTo(journal.equals("always") ? written : written - waiting);
                disk.resize("64m");
                taken(client);
                assertThat(client.call("RPUSH", "all", back + ":" + BODY)).isEqualTo(":" + (back + 1) + "\r\n");
                synced(client, journal);
            }
            node.kill();
            node.start();
            try (RawClient client = node.connect()) {
                assertThat(all(client)).isEqualTo(back + 1);
            }
        }
    }

    /**
     * Keys that are over while there is no room are more than the buffer keeps; so the journal lacks them, and only a snapshot helps, for
     * which there is no room either at first.
     */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aSnapshotTakesThePlaceOfAJournalThatLacksSomething(boolean killedBefore) throws Exception {
        try (SmallDisk disk = SmallDisk.mount(folder.resolve("state"), "48m");
                NodeProcess node = node("always", ", journal-buffer: 1MiB")) {
            node.start();
            int written;
            try (RawClient client = node.connect()) {
                written = lacksSomething(disk, node, client);
                // A snapshot has 12 MB.
                disk.resize("54m");
                // Both of one moment: the next one may have begun already.
                Await.until("a snapshot that fails", () -> {
                    String info = info(client);
                    return info.contains("rdb_last_bgsave_status:err") && info.contains("journal_state:broken");
                });
                refuses(client);
                if (!killedBefore) {
                    disk.resize("128m");
                    taken(client);
                    int there = all(client);
                    assertThat(there).isBetween(written, written + 1);
                    for (written = there; written < there + 50; written++) {
                        assertThat(client.call("RPUSH", "all", written + ":" + BODY))
                                .startsWith(":");
                    }
                }
            }
            node.kill();
            node.start();
            try (RawClient client = node.connect()) {
                assertThat(all(client)).isBetween(written, killedBefore ? written + 1 : written);
            }
            node.stop();
            assertThat(node.log())
                    .contains("more was changed meanwhile than journal-buffer keeps")
                    .doesNotContain("damaged");
        }
    }

    private static int lacksSomething(SmallDisk disk, NodeProcess node, RawClient client) throws Exception {
        int written = 600;
        for (int i = 0; i < written; i++) {
            assertThat(client.call("RPUSH", "all", i + ":" + BODY)).isEqualTo(":" + (i + 1) + "\r\n");
        }
        StringBuilder passing = new StringBuilder();
        for (int i = 0; i < PASSING; i++) {
            passing.append(RawClient.request(List.of("SET", "k".repeat(250) + i, "v", "PX", "10000")));
        }
        client.send(passing.toString());
        for (int i = 0; i < PASSING; i++) {
            assertThat(client.reply()).isEqualTo("+OK\r\n");
        }
        disk.fill(0);
        try (RawClient writer = node.connect()) {
            written = write(writer, written);
        }
        refuses(client);
        Await.until("more than is kept", () -> info(client).contains("journal_state:broken"));
        refuses(client);
        return written;
    }
}
