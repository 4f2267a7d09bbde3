package io.plinth.kvcache.client;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import io.plinth.testkit.RequiresPeer;
import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** {@code redis-cli --rdb} takes a file of all keys, which Debian's Redis and this node read, and which is of one moment. */
@Timeout(90)
@RequiresPeer("redis-server")
class SyncIT {
    private static final String SECTION = "memory: 64MiB, debug-command: yes";
    private static final String LIBRARY =
            "#!lua name=lib\nredis.register_function('twice', function(k, a) return a[1] .. a[1] end)";

    @TempDir
    Path folder;

    private static void fill(RawClient client) throws IOException {
        for (int i = 0; i < 1_000; i++) {
            client.call("SET", "s" + i, i % 3 == 0 ? "" + i * 7_919L : "v".repeat(i));
            client.call("RPUSH", "list", "e" + i, "" + i);
            client.call("SADD", "numbers", "" + i * 70_000L);
            client.call("SADD", "words", "w" + i);
            client.call("HSET", "table", "f" + i, "v" + i);
            client.call("ZADD", "ranks", "" + i * 0.5, "m" + i);
            client.call("XADD", "stream", (i + 1) + "-1", "f", "v" + i);
        }
        client.call("SET", "long", "x".repeat(3_000_000));
        client.call("SET", "{" + "k".repeat(300) + "}", "of a long name");
        client.call("SET", "", "of no name");
        client.call("SET", "soon", "v", "PXAT", "4102444800123");
        client.call("HSET", "packed", "a", "1", "b", "two");
        client.call("ZADD", "small", "1", "a", "-inf", "b", "2.5", "c");
        client.call("PFADD", "hll", "a", "b", "c");
        client.call("XGROUP", "CREATE", "stream", "g", "0");
        client.call("XREADGROUP", "GROUP", "g", "c", "COUNT", "3", "STREAMS", "stream", ">");
        client.call("XGROUP", "CREATE", "empty", "g", "$", "MKSTREAM");
        client.call("FUNCTION", "LOAD", LIBRARY);
        client.call("SELECT", "3");
        client.call("SET", "other", "database");
        client.call("SWAPDB", "3", "5");
        client.call("SET", "third", "3");
        client.call("SELECT", "0");
    }

    private static String run(String... command) throws Exception {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String said = new String(process.getInputStream().readAllBytes(), ISO_8859_1);
        assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue())
                .as("%s: %s", String.join(" ", command), said)
                .isZero();
        return said;
    }

    private Path take(int port, String name, String how) throws Exception {
        Path file = folder.resolve(name);
        run("redis-cli", "-p", "" + port, how, file.toString());
        run("redis-check-rdb", file.toString());
        return file;
    }

    private RedisPeer redisWith(Path file) throws Exception {
        Path home = Files.createDirectory(folder.resolve("of-" + file.getFileName()));
        Files.copy(file, home.resolve("dump.rdb"));
        return RedisPeer.start(home, "--dbfilename", "dump.rdb", "--enable-debug-command", "yes");
    }

    @Test
    void redisReadsWhatItsToolTook() throws Exception {
        Path file;
        String digest;
        String size;
        try (Cluster node = Cluster.start(folder, SECTION, 1);
                RawClient ours = new RawClient(node.port(0))) {
            fill(ours);
            digest = ours.call("DEBUG", "DIGEST");
            size = ours.call("DBSIZE");
            // Redis 7.0 has no expiries of fields: they are there without.
            ours.call("HSET", "fields", "f", "1", "g", "2");
            String with = ours.call("DEBUG", "DIGEST-VALUE", "fields");
            ours.call("HPEXPIREAT", "fields", "4102444800123", "FIELDS", "1", "f");
            file = take(node.port(0), "all.rdb", "--rdb");
            RedisPeer redis = redisWith(file);
            try (RawClient theirs = new RawClient(redis.port())) {
                assertThat(theirs.call("DEBUG", "DIGEST-VALUE", "fields")).isEqualTo(with);
                theirs.call("DEL", "fields");
                assertThat(theirs.call("DEBUG", "DIGEST")).isEqualTo(digest);
                assertThat(theirs.call("FCALL", "twice", "0", "ab")).isEqualTo("$4\r\nabab\r\n");
                assertThat(theirs.call("PEXPIRETIME", "soon")).isEqualTo(":4102444800123\r\n");
                assertThat(theirs.call("XPENDING", "stream", "g")).isEqualTo(ours.call("XPENDING", "stream", "g"));
                theirs.call("SELECT", "5");
                assertThat(theirs.call("GET", "other")).isEqualTo("$8\r\ndatabase\r\n");
            } finally {
                redis.close();
            }
            Path functions = take(node.port(0), "functions.rdb", "--functions-rdb");
            redis = redisWith(functions);
            try (RawClient theirs = new RawClient(redis.port())) {
                assertThat(theirs.call("DBSIZE")).isEqualTo(":0\r\n");
                assertThat(theirs.call("FCALL", "twice", "0", "ab")).isEqualTo("$4\r\nabab\r\n");
            } finally {
                redis.close();
            }
        }
        Path other = Files.createDirectory(folder.resolve("other"));
        try (Cluster node = Cluster.start(other, SECTION + ", persist: { import-rdb: \"" + file + "\" }", 1);
                RawClient ours = new RawClient(node.port(0))) {
            ours.call("DEL", "fields");
            assertThat(ours.call("DBSIZE")).isEqualTo(size);
            assertThat(ours.call("DEBUG", "DIGEST")).isEqualTo(digest);
            assertThat(ours.call("FCALL", "twice", "0", "ab")).isEqualTo("$4\r\nabab\r\n");
        }
    }

    @Test
    void whatAKillLeftUnfinishedGoesAtTheNextStart() throws Exception {
        try (Cluster node = Cluster.start(folder, SECTION, 1)) {
            take(node.port(0), "first.rdb", "--rdb");
        }
        Path copies;
        try (Stream<Path> all = Files.walk(folder)) {
            copies = all.filter(path -> path.endsWith("copies")).findFirst().orElseThrow();
        }
        for (String left : List.of("copy.image", "copy.rdb")) {
            Files.writeString(copies.resolve(left), "half of one");
        }
        try (Cluster again = Cluster.start(folder, SECTION, 1)) {
            assertThat(again.port(0)).isPositive();
            assertThat(copies).isEmptyDirectory();
        }
    }

    @Test
    void fieldsThatAreOverDoNotComeBack() throws Exception {
        try (Cluster node = Cluster.start(folder, SECTION, 1);
                RawClient ours = new RawClient(node.port(0))) {
            ours.call("DEBUG", "SET-ACTIVE-EXPIRE", "0");
            ours.call("HSET", "some", "f", "1", "g", "2", "later", "3");
            ours.call("HSET", "none", "f", "1");
            ours.call("HPEXPIREAT", "some", "4102444800123", "FIELDS", "1", "later");
            long over = System.currentTimeMillis() + 500;
            assertThat(ours.call("HPEXPIREAT", "some", "" + over, "FIELDS", "1", "f"))
                    .isEqualTo("*1\r\n:1\r\n");
            assertThat(ours.call("HPEXPIREAT", "none", "" + over, "FIELDS", "1", "f"))
                    .isEqualTo("*1\r\n:1\r\n");
            Await.until("they are over", () -> System.currentTimeMillis() > over);
            RedisPeer redis = redisWith(take(node.port(0), "fields.rdb", "--rdb"));
            try (RawClient theirs = new RawClient(redis.port())) {
                assertThat(theirs.call("HMGET", "some", "f", "g", "later"))
                        .isEqualTo("*3\r\n$-1\r\n$1\r\n2\r\n$1\r\n3\r\n");
                assertThat(theirs.call("EXISTS", "none")).isEqualTo(":0\r\n");
            } finally {
                redis.close();
            }
        }
    }

    /** One transaction of a writer, the same wherever it is made. */
    private static List<List<String>> step(int i) {
        SplittableRandom random = new SplittableRandom(i);
        String n = "" + random.nextInt(400);
        String m = "" + random.nextInt(400);
        List<List<String>> step = new ArrayList<>();
        step.add(List.of("SET", "k" + n, "v" + i));
        switch (random.nextInt(12)) {
            case 0 -> step.add(List.of("DEL", "k" + m));
            case 1 -> step.add(List.of("LPUSH", "list", "head" + i));
            case 2 -> step.add(List.of("RPOP", "list"));
            case 3 -> step.add(List.of("HSET", "table", "f" + n, "w" + i));
            case 4 -> step.add(List.of("HDEL", "table", "f" + n, "f" + m));
            case 5 -> step.add(List.of("ZINCRBY", "ranks", "1.5", "m" + n));
            case 6 -> step.add(List.of("XADD", "stream", (i + 10_000) + "-1", "f", "" + i));
            case 7 -> step.add(List.of("COPY", "k" + n, "c" + m, "REPLACE"));
            case 8 -> step.add(List.of("APPEND", "long", "a" + i));
            case 9 -> step.add(List.of("SADD", "words", "w" + i));
            case 10 -> step.add(List.of("RENAME", "k" + n, "r" + m));
            default -> step.add(List.of("LINSERT", "list", "BEFORE", "e" + n, "i" + i));
        }
        if (random.nextInt(100) == 0) {
            step.add(List.of("SWAPDB", "0", "1"));
        } else if (random.nextInt(1_500) == 0) {
            step.add(List.of("FLUSHALL"));
        }
        step.add(List.of("SELECT", "9"));
        step.add(List.of("SET", "step", "" + i));
        step.add(List.of("SELECT", "0"));
        return step;
    }

    private static void make(RawClient client, int i) throws IOException {
        StringBuilder text = new StringBuilder(RawClient.request(List.of("MULTI")));
        List<List<String>> step = step(i);
        step.forEach(command -> text.append(RawClient.request(command)));
        client.send(text.append(RawClient.request(List.of("EXEC"))).toString());
        for (int reply = 0; reply < step.size() + 2; reply++) {
            client.reply();
        }
    }

    @Test
    void isOfOneMomentWhileKeysAndDatabasesChange() throws Exception {
        isOfOneMomentWhileKeysAndDatabasesChange(SECTION, client -> {}, 3);
    }

    /** Gives a node more keys. */
    private interface More {
        void fill(RawClient client) throws IOException;
    }

    private void isOfOneMomentWhileKeysAndDatabasesChange(String section, More more, int rounds) throws Exception {
        Path home = Files.createDirectory(folder.resolve("model"));
        RedisPeer model = RedisPeer.start(home, "--enable-debug-command", "yes");
        AtomicBoolean over = new AtomicBoolean();
        try (Cluster node = Cluster.start(folder, section, 1);
                RawClient ours = new RawClient(node.port(0));
                RawClient expected = new RawClient(model.port())) {
            fill(ours);
            fill(expected);
            more.fill(ours);
            more.fill(expected);
            CompletableFuture<Integer> writing = CompletableFuture.supplyAsync(() -> {
                try {
                    int i = 0;
                    while (!over.get()) {
                        make(ours, i++);
                    }
                    return i;
                } catch (IOException e) {
                    throw new IllegalStateException(e);
                }
            });
            int made = 0;
            for (int round = 0; round < rounds; round++) {
                RedisPeer redis = redisWith(take(node.port(0), "moment" + round + ".rdb", "--rdb"));
                try (RawClient theirs = new RawClient(redis.port())) {
                    theirs.call("SELECT", "9");
                    int last = Integer.parseInt(theirs.call("GET", "step").split("\r\n", -1)[1]);
                    assertThat(last).as("round %s", round).isGreaterThan(made);
                    while (made <= last) {
                        make(expected, made++);
                    }
                    assertThat(theirs.call("DEBUG", "DIGEST"))
                            .as("step %s", last)
                            .isEqualTo(expected.call("DEBUG", "DIGEST"));
                } finally {
                    redis.close();
                }
            }
            over.set(true);
            assertThat(writing.get()).isGreaterThan(made);
        } finally {
            over.set(true);
            model.close();
        }
    }

    private static void large(RawClient client) throws IOException {
        for (int i = 0; i < 24; i++) {
            client.call("SET", "large" + i, "x".repeat(1 << 20));
        }
    }

    private static Socket syncs(int port) throws IOException {
        Socket socket = new Socket();
        socket.setReceiveBufferSize(16 << 10);
        socket.connect(new java.net.InetSocketAddress("127.0.0.1", port));
        socket.setSoTimeout(20_000);
        socket.getOutputStream().write("SYNC\r\nPING\r\n".getBytes(ISO_8859_1));
        return socket;
    }

    /** What comes up to the file's length, without the empty lines before. */
    private static String head(InputStream in) throws IOException {
        StringBuilder line = new StringBuilder();
        for (int b = in.read(); b != '\r'; b = in.read()) {
            assertThat(b).as("after: %s", line).isNotNegative();
            if (b != '\n') {
                line.append((char) b);
            }
        }
        in.read();
        return line.toString();
    }

    private static void whole(Socket socket) throws IOException {
        InputStream in = socket.getInputStream();
        String head = head(in);
        assertThat(head).startsWith("$");
        int length = Integer.parseInt(head.substring(1));
        byte[] file = in.readNBytes(length);
        assertThat(new String(file, 0, 9, ISO_8859_1)).isEqualTo("REDIS0010");
        assertThat(file).hasSize(length);
        assertThat(in.read()).as("behind the file").isNegative();
    }

    @Test
    void whoDoesNotTakeItOrGoesHarmsNobody() throws Exception {
        String section = SECTION + ", persist: { copies: 2, copy-patience: 6s }";
        try (Cluster node = Cluster.start(folder, section, 1);
                RawClient ours = new RawClient(node.port(0))) {
            large(ours);
            try (Socket idle = syncs(node.port(0));
                    Socket other = syncs(node.port(0))) {
                Await.until("both wait", () -> ours.call("CLIENT", "LIST").split("cmd=sync", -1).length == 3);
                assertThat(ours.call("SYNC")).startsWith("-ERR SYNC: 2 copies at a time");
                whole(other);
                // Whoever takes nothing is cut off in the midst of it.
                Await.until("it is cut off", () -> !ours.call("CLIENT", "LIST").contains("cmd=sync"));
                assertThat(idle.getInputStream().readAllBytes().length).isBetween(1, 20 << 20);
            }
            try (Socket cut = syncs(node.port(0))) {
                head(cut.getInputStream());
            }
            Await.until("it is gone", () -> !ours.call("CLIENT", "LIST").contains("cmd=sync"));
            try (Socket one = syncs(node.port(0));
                    Socket two = syncs(node.port(0))) {
                whole(one);
                whole(two);
            }
            assertThat(ours.call("STRLEN", "large0")).isEqualTo(":1048576\r\n");
            try (var left = Files.walk(folder)) {
                assertThat(left.filter(path -> path.getFileName().toString().startsWith("copy.")))
                        .isEmpty();
            }
        }
    }

    /** Each of the collections that transactions change, and a string, takes more than the memory that copies may take. */
    private static void larger(RawClient client) throws IOException {
        for (int from = 1_000; from < 13_000; from += 1_000) {
            StringBuilder text = new StringBuilder();
            for (int i = from; i < from + 1_000; i++) {
                String some = i + "x".repeat(750);
                text.append(RawClient.request(List.of("RPUSH", "list", "e" + some)));
                text.append(RawClient.request(List.of("SADD", "words", "w" + some)));
                text.append(RawClient.request(List.of("HSET", "table", "f" + i, some)));
                text.append(RawClient.request(List.of("ZADD", "ranks", "" + i, "m" + some)));
                text.append(RawClient.request(List.of("XADD", "stream", (i + 1) + "-1", "f", some)));
            }
            client.send(text.toString());
            for (int i = 0; i < 5_000; i++) {
                client.reply();
            }
        }
        client.call("SETRANGE", "long", "9000000", "end");
        client.call("COPY", "table", "still");
        for (int i = 0; i < 70; i++) {
            client.call("APPEND", "longest", "y".repeat(1 << 20));
            client.call("HSET", "large", "field" + i, "z".repeat(1 << 20));
        }
    }

    @Test
    void keysOfAnySizeAreInIt() throws Exception {
        String section = "memory: 512MiB, debug-command: yes, limits: { max-bulk: 128MiB, output-buffer: 160MiB },"
                + " persist: { copy-memory: 8MiB, snapshot-on-stop: false }";
        isOfOneMomentWhileKeysAndDatabasesChange(section, SyncIT::larger, 1);
    }

    @Test
    void aKeyThatIsLargerThanTheHeapIsInIt() throws Exception {
        List<String> options = List.of("-Xmx96m", "-XX:+ExitOnOutOfMemoryError", "-XX:TieredStopAtLevel=1");
        try (NodeProcess node =
                new NodeProcess(folder, "memory: 512MiB, persist: { snapshot-on-stop: false }", options)) {
            node.start();
            try (RawClient ours = node.connect()) {
                for (int i = 0; i < 150; i++) {
                    ours.call("HSET", "hash", "field" + i, "x".repeat(1 << 20));
                    ours.call("APPEND", "string", "y".repeat(1 << 20));
                }
                Path file = take(node.port(), "large.rdb", "--rdb");
                assertThat(file).satisfies(it -> assertThat(Files.size(it)).isGreaterThan(300L << 20));
                assertThat(ours.call("HLEN", "hash")).isEqualTo(":150\r\n");
            }
        }
    }

    /** ACL DRYRUN of Redis 7.0 does not name the user. */
    private static String nameless(String reply) {
        return reply.replaceFirst("^\\$\\d+\r\n(User other|This user) ", "");
    }

    @Test
    void saysWhatRedisSays() throws Exception {
        RedisPeer redis = RedisPeer.start(Files.createDirectory(folder.resolve("redis")));
        try (Cluster node = Cluster.start(folder, SECTION, 1);
                RawClient ours = new RawClient(node.port(0));
                RawClient theirs = new RawClient(redis.port())) {
            for (String line : List.of(
                    "REPLCONF",
                    "REPLCONF a",
                    "REPLCONF foo bar",
                    "REPLCONF rdb-only 2",
                    "REPLCONF rdb-only x",
                    "REPLCONF rdb-filter-only x",
                    "REPLCONF rdb-filter-only functions",
                    "SYNC",
                    "PSYNC ? -1",
                    "REPLCONF capa eof capa",
                    "REPLCONF capa eof capa x",
                    "REPLCONF listening-port x",
                    "REPLCONF ip-address host",
                    "REPLCONF ip-address " + "a".repeat(300),
                    "PSYNC",
                    "PSYNC ? x",
                    "SYNC a",
                    "MULTI",
                    "SYNC",
                    "DISCARD",
                    "ACL SETUSER other on nopass +@all -@dangerous",
                    "ACL DRYRUN other SYNC",
                    "ACL DRYRUN other PSYNC ? -1",
                    "ACL DRYRUN other REPLCONF")) {
                String[] words = line.split(" ", -1);
                assertThat(nameless(ours.call(words))).as(line).isEqualTo(nameless(theirs.call(words)));
            }
        } finally {
            redis.close();
        }
        try (Cluster node = Cluster.start(folder, SECTION, 1);
                RawClient ours = new RawClient(node.port(0))) {
            ours.call("SET", "a", "1");
            ours.call("REPLCONF", "listening-port", "1");
            assertThat(ours.call("PSYNC", "?", "-1")).startsWith("-ERR PSYNC: this node sends no changes");
            ours.call("REPLCONF", "rdb-only", "1");
            // Nothing is answered to these.
            ours.send("REPLCONF ACK 1\r\n");
            ours.send("REPLCONF GETACK *\r\n");
            assertThat(ours.call("PSYNC", "?", "-1")).matches("\\+FULLRESYNC [0-9a-f]{40} 0\r\n");
            assertThat(ours.rest()).contains("REDIS0010");
        }
    }
}
