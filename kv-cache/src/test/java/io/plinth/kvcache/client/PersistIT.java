package io.plinth.kvcache.client;

import static org.assertj.core.api.Assertions.assertThat;

import io.plinth.testkit.FreePort;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Journal and snapshots as clients see them. */
@Timeout(60)
class PersistIT {
    @TempDir
    Path folder;

    @Test
    void everyKindOfWriteIsAnsweredOnceItIsSyncedAndIsThereAfterARestart() throws Exception {
        int memcached = FreePort.find();
        String section = "memory: 64MiB, memcached-port: " + memcached + ", persist: { journal: always }";
        try (Cluster cluster = Cluster.start(folder, section, 1)) {
            try (RawClient client = new RawClient(cluster.port(0));
                    RawClient waiting = new RawClient(cluster.port(0));
                    RawClient text = new RawClient(memcached)) {
                StringBuilder piped = new StringBuilder();
                for (int i = 0; i < 3_000; i++) {
                    piped.append(RawClient.request(List.of("SET", "p" + i, "v".repeat(i % 50))));
                    piped.append(RawClient.request(List.of("GET", "p" + i)));
                }
                client.send(piped.toString());
                for (int i = 0; i < 3_000; i++) {
                    assertThat(client.reply()).isEqualTo("+OK\r\n");
                    assertThat(client.reply()).isEqualTo("$" + i % 50 + "\r\n" + "v".repeat(i % 50) + "\r\n");
                }
                waiting.send(RawClient.request(List.of("BLPOP", "list", "20")));
                assertThat(client.call("EVAL", "return redis.call('SET', KEYS[1], 'lua')", "1", "s"))
                        .isEqualTo("+OK\r\n");
                while (!client.call("INFO", "clients").contains("blocked_clients:1")) {
                    TimeUnit.MILLISECONDS.sleep(5);
                }
                assertThat(client.call("RPUSH", "list", "a", "b")).isEqualTo(":2\r\n");
                assertThat(waiting.reply()).contains("a");
                assertThat(client.call(
                                "FUNCTION",
                                "LOAD",
                                "#!lua name=lib\nredis.register_function('answer', function() return 42 end)"))
                        .isEqualTo("$3\r\nlib\r\n");
                text.send("set m 7 0 3\r\nabc\r\n");
                assertThat(text.reply()).isEqualTo("STORED\r\n");
                text.send("ms out 2 F9\r\nde\r\nmd out I\r\n");
                assertThat(text.reply() + text.reply()).isEqualTo("HD\r\nHD\r\n");
                assertThat(client.call("INFO", "persistence")).contains("aof_enabled:1", "journal_mode:always");
                assertThat(client.call("CONFIG", "GET", "appendfsync")).contains("always");
            }
            cluster.restart(1);
            try (RawClient client = new RawClient(cluster.port(0));
                    RawClient text = new RawClient(memcached)) {
                assertThat(client.call("DBSIZE")).isEqualTo(":3004\r\n");
                text.send("mg m f\r\nmg out f\r\n");
                assertThat(text.reply() + text.reply()).isEqualTo("HD f7\r\nHD f9 X W\r\n");
                assertThat(client.call("GET", "p2999")).isEqualTo("$49\r\n" + "v".repeat(49) + "\r\n");
                assertThat(client.call("GET", "s")).isEqualTo("$3\r\nlua\r\n");
                assertThat(client.call("LRANGE", "list", "0", "-1")).isEqualTo("*1\r\n$1\r\nb\r\n");
                assertThat(client.call("GET", "m")).isEqualTo("$3\r\nabc\r\n");
                assertThat(client.call("FCALL", "answer", "0")).isEqualTo(":42\r\n");
            }
        }
    }

    @Test
    void snapshotsAreMadeByCommandAndByTime() throws Exception {
        String section = "memory: 64MiB, persist: { snapshot-every: 1s, snapshot-on-stop: false }";
        try (Cluster cluster = Cluster.start(folder, section, 1)) {
            try (RawClient client = new RawClient(cluster.port(0))) {
                assertThat(client.call("INFO", "persistence")).contains("aof_enabled:0", "rdb_last_bgsave_time_sec:-1");
                client.call("SET", "a", "1");
                String save = client.call("SAVE");
                while (save.startsWith("-ERR Background save already")) {
                    save = client.call("SAVE");
                }
                assertThat(save).isEqualTo("+OK\r\n");
                assertThat(client.call("LASTSAVE")).matches(":\\d{10}\r\n");
                assertThat(client.call("INFO", "persistence")).contains("rdb_changes_since_last_save:0");
                assertThat(client.call("MULTI")).isEqualTo("+OK\r\n");
                assertThat(client.call("SAVE")).isEqualTo("-ERR Command not allowed inside a transaction\r\n");
                client.call("DISCARD");
                client.call("SET", "b", "2");
                while (!client.call("INFO", "persistence").contains("rdb_changes_since_last_save:0")) {
                    TimeUnit.MILLISECONDS.sleep(50);
                }
                client.call("SET", "c", "3");
                String begun = client.call("BGSAVE");
                assertThat(begun)
                        .matches("\\+Background saving started\r\n|-ERR Background save already in progress\r\n");
                while (!client.call("INFO", "persistence").contains("rdb_changes_since_last_save:0")) {
                    TimeUnit.MILLISECONDS.sleep(50);
                }
                assertThat(client.call("BGSAVE", "NOW")).isEqualTo("-ERR syntax error\r\n");
            }
            cluster.restart(1);
            try (RawClient client = new RawClient(cluster.port(0))) {
                assertThat(client.call("MGET", "a", "b", "c")).isEqualTo("*3\r\n$1\r\n1\r\n$1\r\n2\r\n$1\r\n3\r\n");
            }
        }
    }

    /** What a hole in the journal takes is said in the log and in INFO. */
    @Test
    void aHoleInTheJournalIsTold() throws Exception {
        try (NodeProcess node = new NodeProcess(folder, "memory: 64MiB, persist: { journal: always }")) {
            node.start();
            try (RawClient client = node.connect()) {
                for (int i = 0; i < 500; i++) {
                    assertThat(client.call("SET", "key" + i, "v".repeat(100))).isEqualTo("+OK\r\n");
                }
            }
            node.kill();
            Path file;
            try (Stream<Path> files = Files.walk(folder.resolve("state"))) {
                file = files.filter(path -> path.toString().endsWith(".cq4"))
                        .findFirst()
                        .orElseThrow();
            }
            byte[] bytes = Files.readAllBytes(file);
            int at = new String(bytes, StandardCharsets.ISO_8859_1).indexOf("key250");
            Arrays.fill(bytes, at - 32, at + 32, (byte) 0);
            Files.write(file, bytes);
            node.start();
            try (RawClient client = node.connect()) {
                assertThat(client.call("EXISTS", "key249", "key250", "key251")).isEqualTo(":2\r\n");
                assertThat(client.call("INFO", "persistence"))
                        .contains("recovery_damages:1\r\n", "recovery_torn:0\r\n");
            }
            assertThat(node.log())
                    .contains("damaged: ")
                    .contains(file.getFileName().toString());
        }
    }
}
