package io.plinth.kvcache.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.plinth.testkit.RequiresPeer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A file that Debian's Redis wrote is read at a start: every type in every encoding it has, expiries, databases and functions. */
@Timeout(60)
@RequiresPeer("redis-server")
class RdbImportIT {
    @TempDir
    Path folder;

    private static void fill(RawClient redis) throws Exception {
        SplittableRandom random = new SplittableRandom(5);
        List<List<String>> commands = new ArrayList<>();
        for (int i = 0; i < 300; i++) {
            commands.add(List.of("SET", "s" + i, i % 3 == 0 ? "" + random.nextLong() : "v".repeat(i)));
            commands.add(List.of("RPUSH", "long", "e" + i, "" + i));
            commands.add(List.of("SADD", "numbers", "" + i * 70_000L));
            commands.add(List.of("SADD", "words", "w" + i));
            commands.add(List.of("HSET", "table", "f" + i, "v" + i));
            commands.add(List.of("ZADD", "ranks", "" + i * 0.5, "m" + i));
            commands.add(List.of("XADD", "stream", (i + 1) + "-1", "f", "v" + i, "g", "" + i));
        }
        commands.addAll(List.of(
                List.of("SET", "repeated", "abc".repeat(5_000)),
                List.of("SET", "soon", "v", "PXAT", "4102444800123"),
                List.of("SET", "gone", "v", "PX", "1"),
                List.of("RPUSH", "short", "a", "1", "-70000"),
                List.of("RPUSH", "plain", "p".repeat(20_000), "q"),
                List.of("SADD", "few", "1", "2", "-30000"),
                List.of("SADD", "mixed", "a", "1"),
                List.of("HSET", "packed", "a", "1", "b", "two"),
                List.of("HSET", "wide", "a", "x".repeat(100)),
                List.of("ZADD", "small", "1", "a", "-inf", "b", "2.5", "c"),
                List.of("ZADD", "far", "inf", "y".repeat(100)),
                List.of("PFADD", "hll", "a", "b", "c"),
                List.of("XDEL", "stream", "5-1"),
                List.of("XGROUP", "CREATE", "stream", "g", "0"),
                List.of("XREADGROUP", "GROUP", "g", "c", "COUNT", "3", "STREAMS", "stream", ">"),
                List.of("XACK", "stream", "g", "2-1"),
                List.of("XGROUP", "CREATE", "empty", "g", "$", "MKSTREAM"),
                List.of(
                        "FUNCTION",
                        "LOAD",
                        "#!lua name=lib\nredis.register_function('twice', function(k, a) return a[1] .. a[1] end)"),
                List.of("SELECT", "3"),
                List.of("SET", "other", "database"),
                List.of("SELECT", "0")));
        for (List<String> command : commands) {
            redis.send(RawClient.request(command));
            assertThat(redis.reply()).as("%s", command).doesNotStartWith("-");
        }
        while (!redis.call("GET", "gone").startsWith("$-1")) {
            Thread.onSpinWait();
        }
        assertThat(redis.call("SAVE")).isEqualTo("+OK\r\n");
    }

    private static final List<List<String>> READS = List.of(
            List.of("DBSIZE"),
            List.of("GET", "repeated"),
            List.of("PEXPIRETIME", "soon"),
            List.of("LRANGE", "long", "0", "-1"),
            List.of("LRANGE", "short", "0", "-1"),
            List.of("LRANGE", "plain", "0", "-1"),
            List.of("SORT", "numbers"),
            List.of("SORT", "words", "ALPHA"),
            List.of("SORT", "few"),
            List.of("SORT", "mixed", "ALPHA"),
            List.of("HLEN", "table"),
            List.of("HMGET", "table", "f0", "f123", "f299"),
            List.of("HGETALL", "packed"),
            List.of("HGETALL", "wide"),
            List.of("ZRANGE", "ranks", "0", "-1"),
            List.of("ZSCORE", "ranks", "m299"),
            List.of("ZRANGE", "small", "0", "-1", "WITHSCORES"),
            List.of("ZRANGE", "far", "0", "-1", "WITHSCORES"),
            List.of("PFCOUNT", "hll"),
            List.of("XRANGE", "stream", "-", "+"),
            List.of("XPENDING", "stream", "g"),
            List.of("XINFO", "GROUPS", "stream"),
            List.of("XINFO", "GROUPS", "empty"),
            List.of("FCALL", "twice", "0", "ab"),
            List.of("SELECT", "3"),
            List.of("GET", "other"),
            List.of("SELECT", "0"));

    @Test
    void ofRedis7() throws Exception {
        List<String> expected = new ArrayList<>();
        Path file;
        RedisPeer redis = RedisPeer.start(Files.createDirectory(folder.resolve("redis")));
        try (RawClient client = new RawClient(redis.port())) {
            client.call("CONFIG", "SET", "rdbcompression", "yes");
            fill(client);
            for (List<String> read : READS) {
                expected.add(client.call(read.toArray(String[]::new)));
            }
            for (int i = 0; i < 300; i++) {
                expected.add(client.call("GET", "s" + i));
            }
            String[] dir = client.call("CONFIG", "GET", "dir").split("\r\n", -1);
            String[] name = client.call("CONFIG", "GET", "dbfilename").split("\r\n", -1);
            file = Files.copy(Path.of(dir[4], name[4]), folder.resolve("dump.rdb"));
        } finally {
            redis.close();
        }
        String section = "memory: 64MiB, persist: { import-rdb: \"" + file + "\" }";
        try (Cluster node = Cluster.start(folder, section, 1)) {
            try (RawClient client = new RawClient(node.port(0))) {
                for (int i = 0; i < READS.size(); i++) {
                    assertThat(client.call(READS.get(i).toArray(String[]::new)))
                            .as("%s", READS.get(i))
                            .isEqualTo(expected.get(i));
                }
                for (int i = 0; i < 300; i++) {
                    assertThat(client.call("GET", "s" + i)).isEqualTo(expected.get(READS.size() + i));
                }
                client.call("SET", "later", "1");
            }
            node.restart(1);
            try (RawClient client = new RawClient(node.port(0))) {
                assertThat(client.call("GET", "later")).as("imported once").isEqualTo("$1\r\n1\r\n");
            }
        }
        byte[] bytes = Files.readAllBytes(file);
        bytes[bytes.length / 2] ^= 4;
        Path damaged = Files.write(folder.resolve("damaged.rdb"), bytes);
        Path other = Files.createDirectory(folder.resolve("other"));
        assertThatThrownBy(() -> Cluster.start(other, section.replace(file.toString(), damaged.toString()), 1)
                        .close())
                .hasStackTraceContaining("damaged.rdb");
        Files.write(damaged, "no dump".getBytes(StandardCharsets.US_ASCII));
        assertThatThrownBy(() -> Cluster.start(other, section.replace(file.toString(), damaged.toString()), 1)
                        .close())
                .hasStackTraceContaining("damaged.rdb");
    }
}
