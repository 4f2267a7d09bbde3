package io.plinth.kvcache.client;

import static org.assertj.core.api.Assertions.assertThat;

import io.plinth.testkit.RequiresPeer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Snapshots by command while one is being written, beside Debian's redis-server: what is refused, and what is put off until then. */
@Timeout(120)
@RequiresPeer("redis-server")
class SaveDifferentialIT {
    /** Holds a segment, so that a snapshot waits for it. */
    private static final String ENDLESS = "while true do end";

    private static final String BUSY_LATE = "memory: 64MiB, limits: { script-busy: 60s }";

    private static final List<String> WHILE_ONE_IS_SAVED = List.of(
            "BGSAVE",
            "BGSAVE",
            "BGSAVE SCHEDULE",
            "SAVE",
            "BGREWRITEAOF",
            "BGREWRITEAOF",
            "MULTI",
            "BGSAVE",
            "BGREWRITEAOF",
            "EXEC",
            "BGSAVE NOW",
            "LASTSAVE x");
    private static final List<String> WHILE_ONE_IS_REWRITTEN = List.of(
            "BGREWRITEAOF",
            "BGREWRITEAOF",
            "BGSAVE",
            "BGSAVE SCHEDULE",
            "BGSAVE SCHEDULE",
            "MULTI",
            "BGSAVE",
            "BGREWRITEAOF",
            "EXEC");

    private static List<String> said(RawClient client, List<String> lines) throws IOException {
        List<String> said = new ArrayList<>();
        for (String line : lines) {
            said.add(line + " -> " + client.call(line.split(" ", -1)));
        }
        said.add(field(client, "rdb_bgsave_in_progress"));
        said.add(field(client, "aof_rewrite_in_progress"));
        said.add(field(client, "aof_rewrite_scheduled"));
        return said;
    }

    private static String field(RawClient client, String name) throws IOException {
        String info = client.call("INFO", "persistence");
        Matcher found = Pattern.compile(name + ":-?\\d+").matcher(info);
        assertThat(found.find()).as("%s in %s", name, info).isTrue();
        return found.group();
    }

    private static void quiet(RawClient client) throws Exception {
        Await.until(
                "nothing is written or to be written",
                // Of one moment: between two the one that waits may begin.
                () -> {
                    String info = client.call("INFO", "persistence");
                    return Stream.of("rdb_bgsave_in_progress", "aof_rewrite_in_progress", "aof_rewrite_scheduled")
                            .allMatch(field -> info.contains(field + ":0"));
                });
    }

    private static long written(RawClient client) throws IOException {
        String field = field(client, "rdb_saves");
        return Long.parseLong(field.substring(field.indexOf(':') + 1));
    }

    /** Has Redis take its time for each key, and a node wait for a segment. */
    private static List<String> redis(RawClient theirs, List<String> lines) throws Exception {
        theirs.call("CONFIG", "SET", "rdb-key-save-delay", "100000");
        List<String> said = said(theirs, lines);
        theirs.call("CONFIG", "SET", "rdb-key-save-delay", "0");
        quiet(theirs);
        return said;
    }

    private static List<String> node(int port, RawClient ours, List<String> lines) throws Exception {
        try (RawClient endless = new RawClient(port)) {
            endless.send(RawClient.request(List.of("EVAL", ENDLESS, "1", "key0")));
            Await.until(
                    "the script goes on elsewhere",
                    () -> ours.call("GET", "key1").equals("$1\r\nv\r\n"));
            List<String> said;
            try {
                said = said(ours, lines);
            } finally {
                // Before that nobody may kill it.
                ours.call("CONFIG", "SET", "busy-reply-threshold", "1");
                Await.until("it is killed", () -> ours.call("SCRIPT", "KILL").equals("+OK\r\n"));
            }
            // It ends a moment after that, and until then clients are told that it runs.
            assertThat(endless.reply()).startsWith("-ERR ");
            Await.until(
                    "others are served",
                    () -> ours.call("CONFIG", "SET", "busy-reply-threshold", "60000")
                            .equals("+OK\r\n"));
            quiet(ours);
            return said;
        }
    }

    @Test
    void whatIsAskedForMeanwhileComesAfterwards(@TempDir Path folder) throws Exception {
        RedisPeer peer = RedisPeer.start(folder);
        try (Cluster node = Cluster.start(folder, BUSY_LATE + ", persist: { journal: everysec }", 1);
                RawClient ours = new RawClient(node.port(0));
                RawClient theirs = new RawClient(peer.port())) {
            for (int i = 0; i < 20; i++) {
                ours.call("SET", "key" + i, "v");
                theirs.call("SET", "key" + i, "v");
            }
            long before = written(ours);
            assertThat(node(node.port(0), ours, WHILE_ONE_IS_SAVED)).isEqualTo(redis(theirs, WHILE_ONE_IS_SAVED));
            Await.until("the snapshot, and the one that was scheduled", () -> written(ours) == before + 2);
            quiet(ours);
            assertThat(node(node.port(0), ours, WHILE_ONE_IS_REWRITTEN))
                    .isEqualTo(redis(theirs, WHILE_ONE_IS_REWRITTEN));
            Await.until(
                    "the one for the journal, and of what was scheduled one of each kind",
                    () -> written(ours) == before + 4);
        } finally {
            peer.close();
        }
    }

    @Test
    void inATransactionTheyComeBehindIt(@TempDir Path folder) throws Exception {
        RedisPeer peer = RedisPeer.start(folder);
        try (Cluster node = Cluster.start(folder, "memory: 64MiB", 1);
                RawClient ours = new RawClient(node.port(0));
                RawClient theirs = new RawClient(peer.port())) {
            for (String command : List.of("BGSAVE", "BGREWRITEAOF")) {
                for (String line : List.of("MULTI", command, "EXEC")) {
                    assertThat(ours.call(line)).as(line).isEqualTo(theirs.call(line));
                }
                Await.until("Redis has saved", () -> written(theirs) == 1);
                quiet(ours);
                quiet(theirs);
            }
            Await.until("both were written", () -> written(ours) == 2);
        } finally {
            peer.close();
        }
    }
}
