package io.plinth.kvcache.client;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import io.plinth.testkit.RequiresPeer;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import java.util.SortedSet;
import java.util.SplittableRandom;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The same seeded stream of commands to Debian's redis-server and to a node: the same bytes come back. */
@Timeout(90)
@RequiresPeer("redis-server")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class RedisDifferentialIT {
    private static final int COMMANDS = Integer.getInteger("differential.commands", 5_000);
    private static final int PER_TYPE = COMMANDS * 3 / 5;
    /** Both are sent one to so many commands at once: few round trips, and every way commands may share a read. */
    private static final int AT_ONCE = 24;

    private static final long FIRST_SEED = Long.getLong("differential.seed", 1);
    /** How long each family of commands goes on with the seeds that follow, if longer than its own few take. */
    private static final long SECONDS = Long.getLong("differential.seconds", 0);

    private static final int DAMAGED = Integer.getInteger("differential.damaged", 400);

    private final Cluster node;
    private final RedisPeer peer;

    RedisDifferentialIT(@TempDir Path folder) throws Exception {
        node = Cluster.start(folder, "memory: 64MiB", 1);
        peer = RedisPeer.start(folder);
        // It looks ten times a second for clients that have waited long enough.
        try (RawClient theirs = new RawClient(peer.port())) {
            assertThat(theirs.call("CONFIG", "SET", "hz", "500")).isEqualTo("+OK\r\n");
        }
    }

    @AfterAll
    void stop() throws Exception {
        node.close();
        peer.close();
    }

    static LongStream three() {
        return seeds(3);
    }

    static LongStream four() {
        return seeds(4);
    }

    private static LongStream seeds(int least) {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(SECONDS);
        return LongStream.iterate(
                FIRST_SEED, seed -> seed < FIRST_SEED + least || System.nanoTime() < end, seed -> seed + 1);
    }

    @ParameterizedTest
    @MethodSource("four")
    void repliesAreTheSameBytes(long seed) throws Exception {
        compare(new CommandStream(new SplittableRandom(seed)), seed, COMMANDS);
    }

    @ParameterizedTest
    @MethodSource("three")
    void listsAnswerTheSameBytes(long seed) throws Exception {
        compare(new CommandStream(new SplittableRandom(seed), Families.LISTS), seed, PER_TYPE);
    }

    @ParameterizedTest
    @MethodSource("three")
    void setsAnswerTheSameBytes(long seed) throws Exception {
        compare(new CommandStream(new SplittableRandom(seed), Families.SETS), seed, PER_TYPE);
    }

    @ParameterizedTest
    @MethodSource("four")
    void sortedSetsAnswerTheSameBytes(long seed) throws Exception {
        compare(new CommandStream(new SplittableRandom(seed), Families.SORTED_SETS), seed, PER_TYPE);
    }

    @ParameterizedTest
    @MethodSource("four")
    void streamsAnswerTheSameBytes(long seed) throws Exception {
        compare(new CommandStream(new SplittableRandom(seed), Families.STREAMS), seed, PER_TYPE);
    }

    @ParameterizedTest
    @MethodSource("three")
    void bitsAnswerTheSameBytes(long seed) throws Exception {
        compare(new CommandStream(new SplittableRandom(seed), Families.BITS), seed, PER_TYPE);
    }

    @ParameterizedTest
    @MethodSource("three")
    void dumpsAndSortsAreTheSameBytes(long seed) throws Exception {
        compare(new CommandStream(new SplittableRandom(seed), Families.DUMPS), seed, PER_TYPE);
    }

    @ParameterizedTest
    @MethodSource("three")
    void countsOfDistinctElementsAreTheSameBytes(long seed) throws Exception {
        compare(new CommandStream(new SplittableRandom(seed), DataFamilies.COUNTS), seed, PER_TYPE);
    }

    @ParameterizedTest
    @MethodSource("four")
    void placesAreTheSameBytes(long seed) throws Exception {
        compare(new CommandStream(new SplittableRandom(seed), DataFamilies.PLACES), seed, PER_TYPE);
    }

    private static List<String> lines(String resource) throws IOException {
        try (InputStream in = Objects.requireNonNull(RedisDifferentialIT.class.getResourceAsStream(resource))) {
            String text = new String(in.readAllBytes(), ISO_8859_1);
            return text.lines().filter(line -> !line.startsWith("#")).toList();
        }
    }

    @Test
    void whatRedisPackedUpTo62IsRestoredAlike() throws Exception {
        try (RawClient ours = new RawClient(node.port(0));
                RawClient theirs = new RawClient(peer.port())) {
            for (String line : lines("../keyspace/rdb/old-forms.txt")) {
                String payload = new String(HexFormat.of().parseHex(line.split("\t", 2)[1]), ISO_8859_1);
                List<List<String>> commands = List.of(
                        List.of("DEL", "old"),
                        List.of("RESTORE", "old", "0", payload),
                        List.of("TYPE", "old"),
                        List.of("DUMP", "old"));
                for (List<String> command : commands) {
                    String[] replies = both(ours, theirs, command);
                    assertThat(replies[0])
                            .as("%s of %s", command.getFirst(), line)
                            .isEqualTo(replies[1]);
                }
            }
        }
    }

    private static void same(RawClient ours, RawClient theirs, String... command) throws IOException {
        String[] replies = both(ours, theirs, List.of(command));
        assertThat(replies[0]).as(String.join(" ", command)).isEqualTo(replies[1]);
    }

    private static String bulk(String reply) {
        return reply.substring(reply.indexOf("\r\n") + 2, reply.length() - 2);
    }

    @Test
    void functionsAreDumpedAndRestoredAlike() throws Exception {
        try (RawClient ours = new RawClient(node.port(0));
                RawClient theirs = new RawClient(peer.port())) {
            String one = "#!lua name=one\nredis.register_function('twice', function(k, a) return a[1] .. a[1] end)";
            String two = "#!lua name=two\nredis.register_function('four', function(k, a) return 4 end)";
            String other = "#!lua name=other\nredis.register_function('twice', function(k, a) return 2 end)";
            same(ours, theirs, "FUNCTION", "FLUSH");
            same(ours, theirs, "FUNCTION", "DUMP");
            same(ours, theirs, "FUNCTION", "LOAD", one);
            same(ours, theirs, "FUNCTION", "DUMP");
            theirs.call("FUNCTION", "LOAD", two);
            String payload = bulk(theirs.call("FUNCTION", "DUMP"));
            same(ours, theirs, "FUNCTION", "FLUSH");
            same(ours, theirs, "FUNCTION", "RESTORE", payload);
            same(ours, theirs, "FCALL", "twice", "0", "ab");
            same(ours, theirs, "FCALL", "four", "0");
            same(ours, theirs, "FUNCTION", "RESTORE", bulk(ours.call("FUNCTION", "DUMP")), "REPLACE");
            same(ours, theirs, "FUNCTION", "FLUSH");
            same(ours, theirs, "FUNCTION", "LOAD", other);
            String twice = bulk(theirs.call("FUNCTION", "DUMP"));
            same(ours, theirs, "FUNCTION", "RESTORE", twice);
            same(ours, theirs, "FUNCTION", "RESTORE", payload, "REPLACE");
            same(ours, theirs, "FCALL", "four", "0");
            same(ours, theirs, "FUNCTION", "RESTORE", payload, "FLUSH");
            same(ours, theirs, "FUNCTION", "RESTORE", twice, "APPEND");
            same(ours, theirs, "FCALL", "twice", "0", "cd");
            same(ours, theirs, "SET", "a", "text");
            same(ours, theirs, "FUNCTION", "RESTORE", bulk(theirs.call("DUMP", "a")));
            for (int i = 0; i < payload.length(); i += 7) {
                StringBuilder damaged = new StringBuilder(payload);
                damaged.setCharAt(i, (char) (payload.charAt(i) ^ 1));
                same(ours, theirs, "FUNCTION", "RESTORE", damaged.toString(), "REPLACE");
            }
            same(ours, theirs, "FUNCTION", "FLUSH");
        }
    }

    /** What is no fit for the streams of commands: numbers of thousands of digits, and scripts that sort. */
    @Test
    void answersTheSameBytes() throws Exception {
        try (RawClient ours = new RawClient(node.port(0));
                RawClient theirs = new RawClient(peer.port())) {
            for (String line : lines("forms.txt")) {
                String[] replies = both(ours, theirs, List.of(line.split(" ", -1)));
                assertThat(replies[0]).as(line).isEqualTo(replies[1]);
            }
        }
    }

    @Test
    void everyCommandThatRedisDoesNotHaveIsInTheTable() throws Exception {
        try (RawClient ours = new RawClient(node.port(0));
                RawClient theirs = new RawClient(peer.port())) {
            SortedSet<String> more = commands(ours);
            more.removeAll(commands(theirs));
            assertThat(more).containsExactlyElementsOf(Newer.commands());
            SortedSet<String> less = commands(theirs);
            less.removeAll(commands(ours));
            assertThat(less).containsExactlyElementsOf(Newer.MISSING);
            for (String[] row : Newer.REPLIES) {
                String reply = ours.call(row[0].split(" ", -1)).replace("\r\n", "|");
                String wanted = row[1];
                if (wanted.endsWith("*")) {
                    assertThat(reply).as(row[0]).startsWith(wanted.substring(0, wanted.length() - 1));
                } else {
                    assertThat(reply).as(row[0]).isEqualTo(wanted);
                }
            }
        }
    }

    /** Commands, and subcommands with a bar. */
    private static SortedSet<String> commands(RawClient raw) throws IOException {
        SortedSet<String> names = new TreeSet<>();
        Matcher top = Pattern.compile("\\$\\d+\r\n(\\S+)\r\n").matcher(raw.call("COMMAND", "LIST"));
        while (top.find()) {
            if (top.group(1).indexOf('|') < 0) {
                names.add(top.group(1));
            }
        }
        Matcher sub = Pattern.compile("\\$\\d+\r\n([a-z-]+\\|[a-z-]+)\r\n").matcher(raw.call("COMMAND"));
        while (sub.find()) {
            names.add(sub.group(1));
        }
        return names;
    }

    private void compare(CommandStream stream, long seed, int commands) throws Exception {
        try (RawClient ours = new RawClient(node.port(0));
                RawClient theirs = new RawClient(peer.port());
                RawClient beside = new RawClient(node.port(0));
                RawClient besideTheirs = new RawClient(peer.port())) {
            both(ours, theirs, List.of("FLUSHALL"));
            if (seed % 2 == 0) {
                ours.call("HELLO", "3");
                theirs.call("HELLO", "3");
            }
            Comparison comparison = new Comparison();
            List<String> trail = new ArrayList<>();
            SplittableRandom sizes = new SplittableRandom(seed);
            for (int i = 0; i < commands; ) {
                List<List<String>> batch = new ArrayList<>();
                int size = Math.min(commands - i, 1 + sizes.nextInt(AT_ONCE));
                // A walk is the last of its batch: what is left of it is asked for while nothing changes.
                while (batch.size() < size && (batch.isEmpty() || !ScanPages.asks(batch.getLast()))) {
                    batch.add(stream.next());
                }
                send(ours, batch);
                send(theirs, batch);
                for (List<String> command : batch) {
                    trail.add(String.join(" ", command));
                    String[] replies = replies(ours, theirs);
                    if (!comparison.same(command, replies[0], replies[1])) {
                        assertThat(replies[0])
                                .as("seed %d, command %d, after %s", seed, i, trail.subList(Math.max(0, i - 12), i + 1))
                                .isEqualTo(replies[1]);
                    }
                    i++;
                }
                assertThat(comparison.pages().wrong(beside, besideTheirs))
                        .as("seed %d, command %d, after %s", seed, i, trail.subList(Math.max(0, i - 12), i))
                        .isNull();
                for (String key : comparison.apart()) {
                    same(beside, besideTheirs, "DEL", key);
                }
                comparison.alike();
            }
        }
    }

    /** Streams that differ as 7.2 has it: what is accepted of each, and what ours says. */
    @Test
    void streamsWithDeletedEntriesAnswerAsNewerRedis() throws Exception {
        try (RawClient ours = new RawClient(node.port(0));
                RawClient theirs = new RawClient(peer.port())) {
            for (String entry : List.of("2-1", "7-0")) {
                same(ours, theirs, "XADD", "xl", entry, "f", "1");
            }
            same(ours, theirs, "XGROUP", "CREATE", "xl", "h", "0-1", "ENTRIESREAD", "0");
            same(ours, theirs, "XDEL", "xl", "2-1");
            for (List<String> asked :
                    List.of(List.of("XINFO", "GROUPS", "xl"), List.of("XINFO", "STREAM", "xl", "FULL"))) {
                String[] replies = both(ours, theirs, asked);
                assertThat(replies[0]).contains("lag\r\n:1\r\n");
                assertThat(Accepted.that(asked, replies[0], replies[1])).isEqualTo(Accepted.LAG);
                assertThat(Accepted.that(asked, replies[1], replies[0])).isNull();
            }
            // Seed 110030.
            same(ours, theirs, "XGROUP", "SETID", "xl", "h", "0-1", "ENTRIESREAD", "10");
            String[] below = both(ours, theirs, List.of("XINFO", "GROUPS", "xl"));
            assertThat(below[0]).contains("lag\r\n:1\r\n");
            assertThat(below[1]).contains("lag\r\n:-8\r\n");
            assertThat(Accepted.that(List.of("XINFO", "GROUPS", "xl"), below[0], below[1]))
                    .isEqualTo(Accepted.LAG);
            same(ours, theirs, "XDEL", "xl", "7-0");
            same(ours, theirs, "XADD", "xl", "8-0", "f", "1");
            same(ours, theirs, "XADD", "xl", "9-0", "f", "1");
            same(ours, theirs, "XDEL", "xl", "9-0");
            List<String> few = List.of("XSETID", "xl", "8-0", "ENTRIESADDED", "0", "MAXDELETEDID", "0");
            String[] replies = both(ours, theirs, few);
            assertThat(Accepted.that(few, replies[0], replies[1])).isEqualTo(Accepted.DELETED_ID);
            assertThat(Accepted.DELETED_ID.parts(replies[1])).isFalse();
            same(ours, theirs, "DEL", "xl");
        }
    }

    /** Seed 110171. Whether a score of zero keeps its sign tells when a set was packed. */
    @Test
    void storedZerosHaveTheSignTheyHaveInRedis() throws Exception {
        String member = "a member longer than the sixty-four bytes that still are packed in a small set or hash";
        try (RawClient ours = new RawClient(node.port(0));
                RawClient theirs = new RawClient(peer.port())) {
            same(ours, theirs, "ZADD", "zz", "0", "c", "-1", member, "-2", "d");
            same(ours, theirs, "ZINTERSTORE", "zz", "2", "zz", "zz", "WEIGHTS", "-2", "-2");
            same(ours, theirs, "ZRANGE", "zz", "0", "-1", "WITHSCORES");
            same(ours, theirs, "ZRANGESTORE", "zy", "zz", "0", "-1");
            same(ours, theirs, "ZRANGE", "zy", "0", "-1", "WITHSCORES");
            same(ours, theirs, "ZUNIONSTORE", "zx", "1", "zz", "WEIGHTS", "1");
            same(ours, theirs, "ZRANGE", "zx", "0", "-1", "WITHSCORES");
            assertThat(ours.call("ZSCORE", "zx", "c")).isEqualTo("$2\r\n-0\r\n");
            same(ours, theirs, "DEL", "zx", "zy", "zz");
        }
    }

    /** What only one of them took shows in what is asked next; nothing of that counts until the key is gone. */
    @Test
    void nothingIsComparedOfKeysThatHoldSomethingElse() throws Exception {
        try (RawClient ours = new RawClient(node.port(0));
                RawClient theirs = new RawClient(peer.port())) {
            same(ours, theirs, "XADD", "X0", "2-1", "f", "1");
            same(ours, theirs, "XDEL", "X0", "2-1");
            Comparison comparison = new Comparison();
            for (String line : List.of("XSETID X0 1-1", "COPY X0 X1", "XINFO STREAM X1", "XADD X0 2-0 f 1")) {
                List<String> command = List.of(line.split(" "));
                String[] replies = both(ours, theirs, command);
                assertThat(comparison.same(command, replies[0], replies[1]))
                        .as(line)
                        .isTrue();
            }
            assertThat(comparison.apart()).containsExactlyInAnyOrder("X0", "X1");
            assertThat(comparison.same(List.of("GET", "X2"), "$1\r\na\r\n", "$1\r\nb\r\n"))
                    .isFalse();
            comparison.alike();
            assertThat(comparison.same(List.of("GET", "X0"), "$1\r\na\r\n", "$1\r\nb\r\n"))
                    .isFalse();
            same(ours, theirs, "DEL", "X0", "X1");
        }
    }

    @Test
    void onlyTheLastByteOfACutRunMayDiffer() {
        List<String> get = List.of("GET", "p2");
        assertThat(Accepted.that(get, "$6\r\nHYLL\2A\r\n", "$6\r\nHYLL\2@\r\n")).isEqualTo(Accepted.CUT_RUN_KEPT);
        assertThat(Accepted.that(get, "$6\r\nHYLL\2A\r\n", "$6\r\nHYLL\3@\r\n")).isNull();
        assertThat(Accepted.that(get, "$6\r\nHYLL\2A\r\n", "$6\r\nHYLL\2\u0080\r\n"))
                .isNull();
        assertThat(Accepted.that(get, "$6\r\nHYLL\2A\r\n", "$6\r\nHYLL\2C\r\n")).isNull();
        assertThat(Accepted.that(get, "$6\r\nHULL\2A\r\n", "$6\r\nHULL\2@\r\n")).isNull();
    }

    private static void send(RawClient to, List<List<String>> batch) throws IOException {
        StringBuilder requests = new StringBuilder();
        batch.forEach(command -> requests.append(RawClient.request(command)));
        to.send(requests.toString());
    }

    private static String[] both(RawClient ours, RawClient theirs, List<String> command) throws IOException {
        send(ours, List.of(command));
        send(theirs, List.of(command));
        return replies(ours, theirs);
    }

    private static String[] replies(RawClient ours, RawClient theirs) throws IOException {
        return new String[] {ours.reply(), theirs.reply()};
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2})
    void countsThatWereDamagedTakeTheSameElements(long seed) throws Exception {
        SplittableRandom random = new SplittableRandom(seed);
        try (RawClient ours = new RawClient(node.port(0));
                RawClient theirs = new RawClient(peer.port())) {
            for (int i = 0; i < DAMAGED; i++) {
                List<List<String>> batch = List.of(
                        List.of("DEL", "p"),
                        elements(random, "p", random.nextInt(40)),
                        damage(random),
                        elements(random, "p", 1 + random.nextInt(40)),
                        List.of("GET", "p"),
                        List.of("PFCOUNT", "p"));
                send(ours, batch);
                send(theirs, batch);
                for (int j = 0; j < batch.size(); j++) {
                    assertThat(ours.reply())
                            .as("seed %d, round %d: %s", seed, i, batch)
                            .isEqualTo(theirs.reply());
                }
            }
        }
    }

    private static List<String> elements(SplittableRandom random, String key, int count) {
        List<String> words = new ArrayList<>(List.of("PFADD", key));
        for (int i = 0; i < count; i++) {
            words.add("e" + random.nextInt());
        }
        return words;
    }

    /** Some bytes at the end, from a place on, or from the begin of the registers on. */
    private static List<String> damage(SplittableRandom random) {
        StringBuilder bytes = new StringBuilder();
        for (int i = 1 + random.nextInt(6); i > 0; i--) {
            bytes.append((char) (random.nextBoolean() ? random.nextInt(256) : 0x40 | random.nextInt(64)));
        }
        return switch (random.nextInt(3)) {
            case 0 -> List.of("APPEND", "p", bytes.toString());
            case 1 -> List.of("SETRANGE", "p", Integer.toString(16 + random.nextInt(60)), bytes.toString());
            default -> List.of("SET", "p", "HYLL\1\0\0\0\0\0\0\0\0\0\0\0" + bytes);
        };
    }
}
