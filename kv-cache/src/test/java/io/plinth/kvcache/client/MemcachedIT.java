package io.plinth.kvcache.client;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import io.plinth.testkit.Peer;
import io.plinth.testkit.RequiresPeer;
import java.io.File;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** memcached's protocols: the same answers as Debian's memcached, and its own tools. */
@Timeout(180)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class MemcachedIT {
    private static final int COMMANDS = Integer.getInteger("differential.commands", 5_000);
    private static final String[] FORMS = {
        "get K",
        "gets K",
        "get K K K",
        "gets K K",
        "get",
        "gat T K",
        "gats T K K",
        "gat x K",
        "gat 0",
        "set K F T V",
        "set K F T V",
        "set K F T V noreply",
        "add K F T V",
        "replace K F T V",
        "append K F T V",
        "prepend K F T V",
        "cas K F T V C",
        "cas K F T V 999999",
        "cas K F T V x",
        "set K x 0 V",
        "set K 0 x V",
        "set K -1 0 V",
        "set K F T",
        "set K",
        "incr K D",
        "incr K x",
        "incr K",
        "delete K",
        "delete K 0",
        "delete K 5",
        "delete K noreply",
        "delete",
        "touch K T",
        "touch K x",
        "touch K",
        "verbosity 1",
        "verbosity",
        "nosuch K",
        "",
        "flush_all",
        "set K F -1 V",
        "touch K -1",
        "LONG",
        "mg K",
        "mg K v",
        "mg K Z",
        "mg K v f s",
        "mg K c v k O7",
        "mg K q v",
        "mg K k q",
        "mg K N30 v",
        "mg K N30 t c",
        "mg K v R5000 t",
        "mg K R10",
        "mg K T900 t",
        "mg K v v",
        "mg K Nx",
        "mg",
        "mg K s v Oabc k",
        "ms K S",
        "ms K S F5 T0",
        "ms K S c",
        "ms K S CC",
        "ms K S C999999",
        "ms OWN S I CC",
        "ms K S ME",
        "ms K S MA",
        "ms K S MP",
        "ms K S MR",
        "ms K S MX",
        "ms K S q",
        "ms K S k O9",
        "ms K x",
        "ms K",
        "ms",
        "ms K S Fx",
        "ms K S T500",
        "md K",
        "md K q",
        "md K CC",
        "md K C999999",
        "md K I T30",
        "md K I",
        "md K k O1",
        "md",
        "mg K v",
        "mg K s",
        "ma K",
        "ma K v",
        "ma K D5 v",
        "ma K N0 J13 v",
        "ma K N0 J5",
        "ma K Dx",
        "ma K MX",
        "ma K q",
        "ma K CC v",
        "ma K C999999",
        "ma K v c k O3",
        "ma K v t",
        "ma",
        "mg B b v k",
        "ms B S b",
        "md B b k",
        "mg !!! b",
        "me nosuch",
    };
    private static final String[] VALUES = {"", "1", "10", "42", "abc", "a\r\nb", "7x", "100"};

    private final Cluster node;
    private final int port;

    MemcachedIT(@TempDir Path folder) throws Exception {
        node = Cluster.start(folder, "memory: 64MiB, memcached-port: 0", 1);
        port = port(node);
    }

    static int port(Cluster of) {
        InetSocketAddress address = of.node(0).listening().get("memcached");
        assertThat(address).isNotNull();
        return address.getPort();
    }

    @AfterAll
    void stop() {
        node.close();
    }

    private static String command(SplittableRandom random) {
        String form = FORMS[random.nextInt(FORMS.length)];
        if (form.equals("flush_all") && random.nextInt(10) > 0) {
            form = "get K";
        }
        String value = null;
        List<String> words = new ArrayList<>();
        for (String word : form.split(" ", -1)) {
            words.add(
                    switch (word) {
                        case "K" -> "k" + random.nextInt(4);
                        case "B" -> random.nextBoolean() ? "YmE=" : "Zm9v";
                        case "F" -> Integer.toString(random.nextInt(3) * 7);
                        case "T" -> random.nextBoolean() ? "0" : "2000";
                        case "D" -> Integer.toString(random.nextInt(20));
                        case "C" -> "<cas>";
                        case "CC" -> "C<cas>";
                        case "V", "S" -> {
                            value = VALUES[random.nextInt(VALUES.length)];
                            yield Integer.toString(value.length());
                        }
                        case "LONG" -> "get " + "k".repeat(251);
                        default -> word;
                    });
        }
        return String.join(" ", words) + "\r\n" + (value == null ? "" : value + "\r\n");
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4})
    @RequiresPeer("memcached")
    void answersAreTheSameBytes(long seed, @TempDir Path folder) throws Exception {
        MemcachedPeer.beside(folder, port, (ours, theirs) -> {
            ours.call("flush_all\r\n");
            compare(ours, theirs, seed);
        });
    }

    private static void compare(MemcachedSide ours, MemcachedSide theirs, long seed) throws IOException {
        for (MemcachedSide side : List.of(ours, theirs)) {
            side.call("set k0 0 0 1\r\nx\r\n");
            side.call("gets k0\r\n");
        }
        SplittableRandom random = new SplittableRandom(seed);
        List<String> trail = new ArrayList<>();
        for (int i = 0; i < COMMANDS; i++) {
            String command = command(random);
            trail.add(command);
            String expected = theirs.call(command);
            assertThat(ours.call(command))
                    .as("seed %d, command %d, after %s", seed, i, trail.subList(Math.max(0, i - 8), i + 1))
                    .isEqualTo(expected);
        }
    }

    @Test
    void shiftsTheWorkOfMakingAValueToOneClient() throws Exception {
        try (MemcachedSide first = new MemcachedSide(port);
                MemcachedSide second = new MemcachedSide(port)) {
            assertThat(first.call("mg lease N30 v\r\n")).isEqualTo("VA 0 W\r\n\r\nMN\r\n");
            assertThat(second.call("mg lease N30 v\r\n")).isEqualTo("VA 0 Z\r\n\r\nMN\r\n");
            assertThat(first.call("ms lease 3 T100\r\nnew\r\n")).isEqualTo("HD\r\nMN\r\n");
            assertThat(second.call("mg lease N30 v\r\n")).isEqualTo("VA 3\r\nnew\r\nMN\r\n");
            assertThat(second.call("md lease I T30\r\n")).isEqualTo("HD\r\nMN\r\n");
            assertThat(first.call("mg lease v\r\n")).isEqualTo("VA 3 X W\r\nnew\r\nMN\r\n");
            assertThat(second.call("mg lease v\r\n")).isEqualTo("VA 3 Z X\r\nnew\r\nMN\r\n");
        }
    }

    /** It gets all that it asked for, and what it sent last is done, though it reads later and slowly. */
    @Test
    void whoSendsNoMoreGetsAllReplies() throws Exception {
        String value = "v".repeat(1_000_000);
        try (MemcachedSide other = new MemcachedSide(port);
                Socket half = new Socket()) {
            other.call("set half 0 0 1000000\r\n" + value + "\r\n");
            other.call("delete after\r\n");
            half.setReceiveBufferSize(1 << 16);
            half.connect(new InetSocketAddress("127.0.0.1", port));
            half.setSoTimeout(20_000);
            String sent = "get half\r\n".repeat(20) + "set after 0 0 1\r\n1\r\n";
            half.getOutputStream().write(sent.getBytes(ISO_8859_1));
            half.shutdownOutput();
            // Some of what is sent waits for the client, and of the commands some have not begun.
            Thread.sleep(200);
            assertThat(other.call("get after\r\n")).isEqualTo("END\r\nMN\r\n");
            String reply = "VALUE half 0 1000000\r\n" + value + "\r\nEND\r\n";
            byte[] all = half.getInputStream().readAllBytes();
            assertThat(all.length).isEqualTo(20 * reply.length() + "STORED\r\n".length());
            assertThat(new String(all, ISO_8859_1)).isEqualTo(reply.repeat(20) + "STORED\r\n");
            assertThat(other.call("get after\r\n")).isEqualTo("VALUE after 0 1\r\n1\r\nEND\r\nMN\r\n");
        }
    }

    @Test
    void saysWhetherAValueWasReadBefore() throws Exception {
        try (MemcachedSide side = new MemcachedSide(port)) {
            side.call("set read 0 0 1\r\nx\r\n");
            assertThat(side.call("mg read h u\r\n")).isEqualTo("HD h0\r\nMN\r\n");
            assertThat(side.call("mg read h\r\n")).isEqualTo("HD h0\r\nMN\r\n");
            // Seconds, of which another may begin in between.
            assertThat(side.call("mg read h l\r\n")).matches("HD h1 l\\d\r\nMN\r\n");
        }
    }

    /** Left out above: whether memcached changes a shorter number in its place depends on who else holds the item just then. */
    @Test
    void padsNumbersThatBecomeShorter() throws Exception {
        try (MemcachedSide side = new MemcachedSide(port)) {
            side.call("set n 0 0 2\r\n10\r\n");
            assertThat(side.call("decr n 1\r\n")).isEqualTo("9\r\nMN\r\n");
            assertThat(side.call("get n\r\n")).isEqualTo("VALUE n 0 2\r\n9 \r\nEND\r\nMN\r\n");
            assertThat(side.call("ma n MD D20 v\r\n")).isEqualTo("VA 1\r\n0\r\nMN\r\n");
            side.call("set n 0 0 20\r\n18446744073709551615\r\n");
            assertThat(side.call("incr n 2\r\n")).isEqualTo("1\r\nMN\r\n");
        }
    }

    @Test
    void sharesItsKeysWithRedisClients() throws Exception {
        try (MemcachedSide side = new MemcachedSide(port);
                RawClient redis = new RawClient(node.port(0))) {
            side.call("set shared 5 0 3\r\nabc\r\n");
            assertThat(redis.call("GET", "shared")).isEqualTo("$3\r\nabc\r\n");
            assertThat(side.call("gets shared\r\n")).isEqualTo("VALUE shared 5 3 <cas>\r\nabc\r\nEND\r\nMN\r\n");
            redis.call("SET", "shared", "changed");
            assertThat(side.call("cas shared 0 0 1 <cas>\r\nx\r\n")).isEqualTo("EXISTS\r\nMN\r\n");
            assertThat(side.call("get shared\r\n")).isEqualTo("VALUE shared 0 7\r\nchanged\r\nEND\r\nMN\r\n");
            redis.call("HSET", "hash", "f", "v");
            assertThat(side.call("get hash\r\n")).isEqualTo("END\r\nMN\r\n");
            side.call("set gone 0 100 1\r\nx\r\n");
            assertThat(redis.call("TTL", "gone")).matches(":(100|9\\d)\r\n");
        }
    }

    @Test
    void asksForAPasswordWhereRedisClientsNeedOne(@TempDir Path folder) throws Exception {
        Path secret = java.nio.file.Files.writeString(folder.resolve("secret"), "secret");
        String section = "memory: 64MiB, password: { file: \"" + secret + "\" }, memcached-port: 0";
        try (Cluster own = Cluster.start(folder, section, 1);
                MemcachedSide side = new MemcachedSide(port(own))) {
            side.send("get k\r\n");
            side.send("set auth 0 0 13\r\ndefault wrong\r\n");
            side.send("set auth 0 0 14\r\ndefault secret\r\n");
            assertThat(side.call("get k\r\n"))
                    .isEqualTo("CLIENT_ERROR unauthenticated\r\n"
                            + "CLIENT_ERROR authentication failure\r\n"
                            + "STORED\r\n"
                            + "END\r\n"
                            + "MN\r\n");
        }
    }

    /** libmemcached's own check of a server. */
    @Test
    @RequiresPeer("memccapable")
    void passesTheChecksOfLibmemcached(@TempDir Path folder) throws Exception {
        File log = folder.resolve("memccapable.log").toFile();
        Process process = new ProcessBuilder(
                        Peer.path("memccapable").toString(), "-a", "-h", "127.0.0.1", "-p", Integer.toString(port))
                .redirectErrorStream(true)
                .redirectOutput(log)
                .start();
        assertThat(process.waitFor(50, TimeUnit.SECONDS)).isTrue();
        Map<Boolean, List<String>> lines = new HashMap<>();
        for (String line : java.nio.file.Files.readAllLines(log.toPath())) {
            lines.computeIfAbsent(line.contains("[FAIL]"), key -> new ArrayList<>())
                    .add(line);
        }
        assertThat(lines.getOrDefault(true, List.of())).isEmpty();
        assertThat(process.exitValue()).as(() -> String.valueOf(lines)).isZero();
    }
}
