package io.plinth.kvcache.client;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Values of up to Redis's 512 MB: they come, go and outlive a restart, and where there is no room for one it is refused in words. */
@Timeout(85)
class LargeValuesIT {
    private static final int MIB = 1 << 20;
    private static final String OOM = "-OOM command not allowed when used memory > 'maxmemory'.\r\n";
    private static final String LITTLE =
            "memory: 96MiB, limits: { client-memory: 16MiB, tracked-keys: 1000, script-memory: 16MiB, output-buffer:"
                    + " 16MiB }, persist: { snapshot-on-stop: false }";

    private static long field(RawClient client, String section, String name) throws Exception {
        Matcher matcher = Pattern.compile("(?m)^" + name + ":(\\d+)").matcher(client.call("INFO", section));
        assertThat(matcher.find()).as(name).isTrue();
        return Long.parseLong(matcher.group(1));
    }

    /** Sends a command whose last argument is so many bytes, the same in every place of each piece. */
    static void send(RawClient client, int length, String... words) throws IOException {
        OutputStream out = client.socket().getOutputStream();
        StringBuilder head = new StringBuilder("*" + (words.length + 1) + "\r\n");
        for (String word : words) {
            head.append('$').append(word.length()).append("\r\n").append(word).append("\r\n");
        }
        out.write(head.append('$').append(length).append("\r\n").toString().getBytes(ISO_8859_1));
        byte[] piece = new byte[MIB];
        for (int sent = 0; sent < length; sent += MIB) {
            Arrays.fill(piece, (byte) ('a' + (sent / MIB) % 26));
            out.write(piece, 0, Math.min(MIB, length - sent));
        }
        out.write("\r\n".getBytes(ISO_8859_1));
    }

    /** Reads a bulk of this length, piece by piece as {@link #send} has them. */
    static void receive(InputStream in, int length) throws IOException {
        byte[] head = in.readNBytes(("$" + length + "\r\n").length());
        assertThat(new String(head, ISO_8859_1)).isEqualTo("$" + length + "\r\n");
        byte[] piece = new byte[MIB];
        byte[] expected = new byte[MIB];
        for (int got = 0; got < length; got += MIB) {
            int some = Math.min(MIB, length - got);
            assertThat(in.readNBytes(piece, 0, some)).isEqualTo(some);
            Arrays.fill(expected, (byte) ('a' + (got / MIB) % 26));
            assertThat(Arrays.equals(piece, 0, some, expected, 0, some))
                    .as("from " + got)
                    .isTrue();
        }
        assertThat(in.readNBytes(2)).isEqualTo("\r\n".getBytes(ISO_8859_1));
    }

    @Test
    void whatALittleNodeHasNoRoomForIsRefusedInWordsAndTheConnectionKept(@TempDir Path folder) throws Exception {
        try (NodeProcess node = new NodeProcess(folder, LITTLE)) {
            node.start();
            try (RawClient client = node.connect()) {
                assertThat(client.call("CONFIG", "GET", "proto-max-bulk-len")).contains("\r\n536870912\r\n");
                send(client, 200 * MIB, "SET", "big");
                assertThat(client.reply()).isEqualTo(OOM);
                send(client, 200 * MIB, "LPUSH", "list");
                assertThat(client.reply()).isEqualTo(OOM);
                client.send("CLIENT REPLY SKIP\r\n");
                send(client, 20 * MIB, "LPUSH", "list");
                assertThat(client.call("PING")).isEqualTo("+PONG\r\n");
                assertThat(client.call("SETBIT", "bits", "4294967295", "1")).isEqualTo(OOM);
                assertThat(client.call("SETRANGE", "range", "400000000", "x")).isEqualTo(OOM);
                assertThat(client.call("MULTI")).isEqualTo("+OK\r\n");
                send(client, 200 * MIB, "SET", "big");
                assertThat(client.reply()).isEqualTo(OOM);
                assertThat(client.call("EXEC"))
                        .isEqualTo("-EXECABORT Transaction discarded because of previous errors.\r\n");
                assertThat(client.call("EXISTS", "big", "list", "bits", "range"))
                        .isEqualTo(":0\r\n");
                assertThat(client.call("APPEND", "kept", "yes")).isEqualTo(":3\r\n");
                assertThat(field(client, "memory", "used_memory")).isLessThan(MIB);
                assertThat(field(client, "memory", "used_memory_rss"))
                        .isLessThan(field(client, "memory", "resident_bound"));
            }
        }
    }

    @Test
    void severalThatSendMoreTogetherThanThereIsRoomForAreServedOrRefused(@TempDir Path folder) throws Exception {
        try (NodeProcess node = new NodeProcess(folder, LITTLE)) {
            node.start();
            RawClient[] clients = new RawClient[4];
            try (RawClient watching = node.connect()) {
                Thread[] senders = new Thread[clients.length];
                String[] replies = new String[clients.length];
                for (int i = 0; i < clients.length; i++) {
                    int at = i;
                    clients[i] = node.connect();
                    senders[i] = Thread.ofVirtual().start(() -> {
                        try {
                            for (int round = 0; round < 3; round++) {
                                send(clients[at], 60 * MIB, "SET", "big" + at);
                                replies[at] = clients[at].reply();
                                assertThat(replies[at]).isIn("+OK\r\n", OOM);
                            }
                        } catch (IOException e) {
                            replies[at] = e.toString();
                        }
                    });
                }
                for (Thread sender : senders) {
                    sender.join();
                }
                assertThat(replies).allMatch(reply -> reply.equals("+OK\r\n") || reply.equals(OOM));
                assertThat(watching.call("SET", "k", "v")).isEqualTo("+OK\r\n");
                assertThat(field(watching, "memory", "used_memory")).isLessThan(97L * MIB);
                assertThat(field(watching, "memory", "used_memory_rss"))
                        .isLessThan(field(watching, "memory", "resident_bound"));
            } finally {
                for (RawClient client : clients) {
                    if (client != null) {
                        client.close();
                    }
                }
            }
        }
    }

    /** What a client is sent is what the value was, whatever becomes of the key while it reads. */
    @Test
    void aSlowReaderGetsTheValueAsItWas(@TempDir Path folder) throws Exception {
        int length = 20 * MIB + 5;
        try (Cluster node = Cluster.start(folder, "memory: 256MiB, limits: { output-buffer: 2MiB }", 1);
                RawClient writer = new RawClient(node.port(0))) {
            for (String[] change : new String[][] {
                {"SETRANGE", "big", "7000000", "0000"},
                {"APPEND", "big", "0000"},
                {"SET", "big", "0000"},
                {"DEL", "big"},
                {"RENAME", "big", "other"}
            }) {
                send(writer, length, "SET", "big");
                assertThat(writer.reply()).isEqualTo("+OK\r\n");
                try (RawClient reader = new RawClient(node.port(0))) {
                    reader.send("GET big\r\nGETRANGE big 1 3\r\n");
                    Await.until("it is being sent", reader::available);
                    writer.call(change);
                    receive(reader.stream(), length);
                    reader.reply();
                }
            }
            writer.call("FLUSHALL");
            Await.until("no page is kept", () -> field(writer, "memory", "used_memory") < MIB);
        }
    }

    /** A long value waits where it lies, and is not counted however slow its reader is; what comes behind it is. */
    @Test
    void aLongReplyCutsNobodyAndWhatGathersBehindItDoes(@TempDir Path folder) throws Exception {
        int length = 20 * MIB;
        try (Cluster node = Cluster.start(folder, "memory: 256MiB", 1);
                RawClient writer = new RawClient(node.port(0));
                RawClient slow = new RawClient(node.port(0));
                RawClient listener = new RawClient(node.port(0))) {
            send(writer, length, "SET", "big");
            assertThat(writer.reply()).isEqualTo("+OK\r\n");
            assertThat(writer.call("CONFIG", "SET", "client-output-buffer-limit", "normal 100kb 0 0 pubsub 1mb 0 0"))
                    .isEqualTo("+OK\r\n");
            String listening = listener.call("CLIENT", "ID").substring(1).strip();
            listener.call("HELLO", "3");
            listener.call("SUBSCRIBE", "c");
            for (RawClient each : List.of(slow, listener)) {
                each.send("GET big\r\nPING\r\n");
                Await.until("it is being sent", each::available);
            }
            for (int i = 0; i < 40; i++) {
                writer.call("PUBLISH", "c", "m".repeat(64 << 10));
            }
            Await.until(
                    "who lets messages gather is cut",
                    () -> !writer.call("CLIENT", "LIST", "ID", listening).contains("id="));
            receive(slow.stream(), length);
            assertThat(slow.reply()).isEqualTo("+PONG\r\n");
        }
    }

    @Test
    void commandsWorkOnLongStringsWhereTheyLie(@TempDir Path folder) throws Exception {
        int length = 16 * MIB;
        try (Cluster node = Cluster.start(
                        folder, "memory: 256MiB, limits: { client-memory: 8MiB, output-buffer: 2MiB }", 1);
                RawClient client = new RawClient(node.port(0))) {
            send(client, length, "SET", "big");
            assertThat(client.reply()).isEqualTo("+OK\r\n");
            assertThat(client.call("STRLEN", "big")).isEqualTo(":" + length + "\r\n");
            assertThat(client.call("COPY", "big", "copy")).isEqualTo(":1\r\n");
            assertThat(client.call("RENAME", "copy", "other")).isEqualTo("+OK\r\n");
            assertThat(client.call("MOVE", "other", "1")).isEqualTo(":1\r\n");
            assertThat(client.call("SELECT", "1")).isEqualTo("+OK\r\n");
            client.send("GET other\r\n");
            receive(client.stream(), length);
            client.call("SELECT", "0");
            send(client, 2 * MIB, "APPEND", "big");
            assertThat(client.reply()).isEqualTo(":" + (length + 2 * MIB) + "\r\n");
            send(client, 2 * MIB, "SETRANGE", "big", Integer.toString(length));
            assertThat(client.reply()).isEqualTo(":" + (length + 2 * MIB) + "\r\n");
            assertThat(client.call("GETRANGE", "big", "1048575", "1048576")).isEqualTo("$2\r\nab\r\n");
            assertThat(client.call("SETBIT", "bits", "80000000", "1")).isEqualTo(":0\r\n");
            assertThat(client.call("BITCOUNT", "bits")).isEqualTo(":1\r\n");
            assertThat(client.call("BITPOS", "bits", "1")).isEqualTo(":80000000\r\n");
            assertThat(client.call("BITOP", "NOT", "ones", "bits")).isEqualTo(":10000001\r\n");
            assertThat(client.call("BITCOUNT", "ones")).isEqualTo(":80000007\r\n");
            assertThat(client.call("BITFIELD", "fields", "SET", "u8", "#9000000", "255"))
                    .isEqualTo("*1\r\n:0\r\n");
            assertThat(client.call("STRLEN", "fields")).isEqualTo(":9000001\r\n");
            assertThat(client.call(
                            "BITFIELD", "fields", "GET", "u8", "0", "SET", "u8", "8", "7", "GET", "u8", "#9000000"))
                    .isEqualTo("*3\r\n:0\r\n:0\r\n:255\r\n");
            assertThat(client.call("GETRANGE", "fields", "1", "1")).isEqualTo("$1\r\n\7\r\n");
            assertThat(client.call("OBJECT", "ENCODING", "big")).isEqualTo("$3\r\nraw\r\n");
            assertThat(client.call("EVAL", "return redis.pcall('GET', 'big') and redis.call('STRLEN', 'big')", "0"))
                    .isEqualTo(":" + (length + 2 * MIB) + "\r\n");
            assertThat(client.call("RPUSH", "list", "big", "bits")).isEqualTo(":2\r\n");
            assertThat(client.call("SORT", "list", "BY", "nosort", "GET", "*", "STORE", "to"))
                    .isEqualTo(OOM);
            assertThat(client.call("SLOWLOG", "GET", "1")).startsWith("*");
            assertThat(client.call("LCS", "big", "bits"))
                    .isEqualTo("-ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len\r\n");
            assertThat(client.call("DUMP", "big")).isEqualTo(OOM);
            assertThat(client.call("MULTI")).isEqualTo("+OK\r\n");
            send(client, length, "SET", "queued");
            assertThat(client.reply()).isEqualTo("+QUEUED\r\n");
            client.send("GET queued\r\nEXEC\r\n");
            assertThat(client.reply()).isEqualTo("+QUEUED\r\n");
            assertThat(new String(client.stream().readNBytes(9), ISO_8859_1)).isEqualTo("*2\r\n+OK\r\n");
            receive(client.stream(), length);
            assertThat(client.call("SET", "k", "v", "EX")).isEqualTo("-ERR syntax error\r\n");
            assertThat(client.call("CONFIG", "SET", "proto-max-bulk-len", "8mb"))
                    .isEqualTo("+OK\r\n");
            assertThat(client.call("SETRANGE", "new", "8388608", "x"))
                    .isEqualTo("-ERR string exceeds maximum allowed size (proto-max-bulk-len)\r\n");
            client.send("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$8388609\r\n");
            assertThat(client.reply()).isEqualTo("-ERR Protocol error: invalid bulk length\r\n");
        }
    }

    /** A command that is refused leaves no page behind, nor does a connection that ends in the middle of one. */
    @Test
    void whatNoKeyTakesIsGivenBack(@TempDir Path folder) throws Exception {
        try (Cluster node = Cluster.start(folder, "memory: 64MiB", 1);
                RawClient client = new RawClient(node.port(0))) {
            client.call("RPUSH", "list", "x");
            send(client, 8 * MIB, "APPEND", "list");
            assertThat(client.reply()).startsWith("-WRONGTYPE ");
            client.call("MULTI");
            send(client, 8 * MIB, "SET", "queued");
            assertThat(client.reply()).isEqualTo("+QUEUED\r\n");
            client.call("DISCARD");
            try (RawClient leaves = new RawClient(node.port(0))) {
                leaves.send("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$20000000\r\n" + "x".repeat(9_000_000));
                Await.until("it comes", () -> field(client, "memory", "used_memory") > 8 * MIB);
            }
            Await.until("it is gone", () -> field(client, "memory", "used_memory") < MIB);
            send(client, 40 * MIB, "SETRANGE", "whole", "0");
            assertThat(client.reply()).isEqualTo(":" + 40 * MIB + "\r\n");
            send(client, 40 * MIB, "SETRANGE", "more", "1");
            assertThat(client.reply()).isEqualTo(OOM);
            assertThat(client.call("EXISTS", "more")).isEqualTo(":0\r\n");
        }
    }

    /** Without a journal, what changes while a snapshot is written waits in less memory than a long string takes. */
    @Test
    void aSnapshotIsWrittenWhileLongStringsCome(@TempDir Path folder) throws Exception {
        try (NodeProcess node = new NodeProcess(
                folder,
                "memory: 256MiB, debug-command: yes, persist: { journal-buffer: 4MiB, snapshot-on-stop: false }",
                List.of("-XX:TieredStopAtLevel=1"))) {
            node.start();
            try (RawClient client = node.connect()) {
                client.call("DEBUG", "POPULATE", "200000");
                for (int round = 0; round < 3; round++) {
                    assertThat(client.call("BGSAVE")).startsWith("+Background saving started");
                    for (int i = 0; i < 3; i++) {
                        send(client, 24 * MIB, "SET", "big" + i);
                        assertThat(client.reply()).isEqualTo("+OK\r\n");
                    }
                    Await.until(
                            "it is written",
                            () -> client.call("INFO", "persistence").contains("rdb_bgsave_in_progress:0"));
                    assertThat(client.call("INFO", "persistence")).contains("rdb_last_bgsave_status:ok");
                }
            }
            node.kill();
            node.start();
            try (RawClient client = node.connect()) {
                client.send("GET big0\r\n");
                receive(client.stream(), 24 * MIB);
            }
        }
    }

    /** By the journal after a kill, by a snapshot after a stop. */
    @Test
    void longStringsOutliveTheProcess(@TempDir Path folder) throws Exception {
        int length = 24 * MIB + 77;
        try (NodeProcess node = new NodeProcess(
                folder,
                "memory: 256MiB, persist: { journal: always, journal-buffer: 4MiB }",
                List.of("-XX:TieredStopAtLevel=1", "-Xmx160m", "-XX:+ExitOnOutOfMemoryError"))) {
            node.start();
            try (RawClient client = node.connect()) {
                send(client, length, "SET", "big");
                assertThat(client.reply()).isEqualTo("+OK\r\n");
                assertThat(client.call("SETBIT", "bits", "100000000", "1")).isEqualTo(":0\r\n");
                // Far more than may wait for the journal, or on the heap beside it.
                client.call("SET", "more", "x");
                send(client, 70 * MIB, "APPEND", "more");
                assertThat(client.reply()).isEqualTo(":" + (70 * MIB + 1) + "\r\n");
            }
            node.kill();
            node.start();
            try (RawClient client = node.connect()) {
                client.send("GET big\r\n");
                receive(client.stream(), length);
                assertThat(client.call("GETRANGE", "more", Integer.toString(MIB), Integer.toString(MIB + 1)))
                        .isEqualTo("$2\r\nab\r\n");
                assertThat(client.call("STRLEN", "more")).isEqualTo(":" + (70 * MIB + 1) + "\r\n");
                assertThat(client.call("BITPOS", "bits", "1")).isEqualTo(":100000000\r\n");
                assertThat(client.call("APPEND", "big", "end")).isEqualTo(":" + (length + 3) + "\r\n");
                assertThat(client.call("SAVE")).isEqualTo("+OK\r\n");
                assertThat(client.call("APPEND", "big", "!")).isEqualTo(":" + (length + 4) + "\r\n");
            }
            node.stop();
            node.start();
            try (RawClient client = node.connect()) {
                assertThat(client.call("GETRANGE", "big", "-4", "-1")).isEqualTo("$4\r\nend!\r\n");
                assertThat(client.call("SETRANGE", "big", Integer.toString(length), ""))
                        .isEqualTo(":" + (length + 4) + "\r\n");
                assertThat(client.call("BITCOUNT", "bits")).isEqualTo(":1\r\n");
                client.send("GETRANGE big 0 " + (length - 1) + "\r\n");
                receive(client.stream(), length);
            }
        }
    }

    /** Of the size that Redis ends at, by Redis's own client. */
    @Test
    void redisCliSetsAndGetsTheLongest(@TempDir Path folder) throws Exception {
        int length = 512 * MIB;
        try (NodeProcess node =
                new NodeProcess(folder, "memory: 1280MiB, persist: { snapshot-on-stop: false }", List.of())) {
            node.start();
            try (RawClient client = node.connect()) {
                Process cli = new ProcessBuilder("redis-cli", "-p", Integer.toString(node.port()), "-x", "SET", "big")
                        .redirectErrorStream(true)
                        .start();
                byte[] piece = new byte[MIB];
                try (OutputStream out = cli.getOutputStream()) {
                    for (int i = 0; i < length / MIB; i++) {
                        Arrays.fill(piece, (byte) ('a' + i % 26));
                        out.write(piece);
                    }
                }
                assertThat(new String(cli.getInputStream().readAllBytes(), ISO_8859_1))
                        .isEqualTo("OK\n");
                long bound = field(client, "memory", "resident_bound");
                assertThat(client.call("SETBIT", "bits", "4294967295", "1")).isEqualTo(":0\r\n");
                assertThat(client.call("GETBIT", "bits", "4294967295")).isEqualTo(":1\r\n");
                assertThat(client.call("BITCOUNT", "bits")).isEqualTo(":1\r\n");
                assertThat(client.call("SETBIT", "bits", "4294967296", "1"))
                        .isEqualTo("-ERR bit offset is not an integer or out of range\r\n");
                client.send("GET big\r\n");
                receive(client.stream(), length);
                assertThat(field(client, "memory", "used_memory_rss")).isLessThan(bound);
                System.out.println(
                        "resident " + field(client, "memory", "used_memory_rss") / MIB + " of " + bound / MIB);
            }
        }
    }
}
