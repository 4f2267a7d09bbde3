package io.plinth.kvcache.client;

import static org.assertj.core.api.Assertions.assertThat;

import io.plinth.testkit.RequiresPeer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Streams of many nodes beside Debian's redis-server: nodes end at the same entries, so that what is trimmed about is the same. */
@Timeout(120)
@RequiresPeer("redis-server")
class StreamNodesDifferentialIT {
    private static final String NODES = "radix-tree-keys\r\n:";

    private static final String EMPTIED = """
        CONFIG SET stream-node-max-entries 2
        XADD s 1-1 f v
        XADD s 5-0 f v
        XADD s 6-0 f v
        XDEL s 5-0
        XTRIM s MINID 3
        XRANGE s - +
        XREVRANGE s + -
        XREVRANGE s 5 -
        XDEL s 1-1
        XTRIM s MINID 4
        XADD s 7-0 f v
        XTRIM s MINID 6
        XADD s 8-0 f v
        XADD s 9-0 f v
        XDEL s 7-0
        XTRIM s MINID 7
        XTRIM s MAXLEN ~ 2
        XADD s 10-0 f v
        XDEL s 8-0
        XDEL s 9-0 10-0
        XADD s 11-0 f v
        XADD s 12-0 f v
        XDEL s 12-0
        XTRIM s MINID 12
        XREAD STREAMS s 0
        XRANGE s - +
        XREVRANGE s + -
        XADD s 13-0 f v
        XADD s 14-0 f v
        XDEL s 14-0
        XTRIM s MINID 14
        XTRIM s MINID 15
        XTRIM s MAXLEN 0
        XADD s 16-0 f v
        XADD s 17-0 f v\
        """;

    private static String word(SplittableRandom random) {
        return switch (random.nextInt(4)) {
            case 0 -> Long.toString(random.nextLong() >> random.nextInt(64));
            case 1 -> "";
            case 2 -> "v".repeat(random.nextInt(random.nextInt(30) == 0 ? 5_000 : 200));
            default -> "w".repeat(random.nextInt(20));
        };
    }

    private static List<String> command(SplittableRandom random, String name, long last) {
        List<String> words = new ArrayList<>();
        switch (random.nextInt(40)) {
            case 0 -> {
                words.addAll(List.of("XDEL", name));
                long from = random.nextLong(last + 1);
                for (int i = random.nextInt(60); i >= 0; i--) {
                    words.add(from + i + "-" + (from + i) % 3);
                }
            }
            case 1 -> words.addAll(List.of("XTRIM", name, "MAXLEN", "~", "" + random.nextInt(1_500)));
            case 2 ->
                words.addAll(List.of("XTRIM", name, "MINID", "~", "" + random.nextLong(last + 1), "LIMIT", "300"));
            case 3 ->
                words.addAll(List.of(
                        "XTRIM", name, "MAXLEN", "~", "" + random.nextInt(500), "LIMIT", "" + random.nextInt(250)));
            case 4 -> words.addAll(List.of("XTRIM", name, "MAXLEN", "" + (300 + random.nextInt(1_500))));
            case 5 -> words.addAll(List.of("XTRIM", name, "MINID", "" + random.nextLong(last / 2 + 1)));
            case 6 -> words.addAll(List.of("XRANGE", name, "" + random.nextLong(last + 1), "+", "COUNT", "50"));
            case 7 -> words.addAll(List.of("XREVRANGE", name, "" + random.nextLong(last + 1), "-", "COUNT", "50"));
            default -> {
                words.addAll(
                        List.of("XADD", name, last + "-" + last % 3, "sensor", word(random), "value", word(random)));
                if (random.nextInt(30) == 0) {
                    words.addAll(List.of("more", word(random)));
                }
            }
        }
        return words;
    }

    private static String nodes(RawClient client, String name) throws Exception {
        String info = client.call("XINFO", "STREAM", name);
        int at = info.indexOf(NODES);
        return at < 0 ? info : info.substring(at, info.indexOf("last-generated-id", at));
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2})
    void nodesEndWhereRedisEndsThem(long seed, @TempDir Path folder) throws Exception {
        SplittableRandom random = new SplittableRandom(seed);
        try (Cluster node = Cluster.start(folder, "memory: 64MiB", 1);
                RawClient ours = new RawClient(node.port(0))) {
            RedisPeer peer = RedisPeer.start(folder);
            try (RawClient theirs = new RawClient(peer.port())) {
                long last = 0;
                for (int i = 0; i < 6_000; i++) {
                    if (i % 1_500 == 0) {
                        String entries = "" + List.of(100, 7, 0, 300).get(i / 1_500);
                        for (RawClient each : List.of(ours, theirs)) {
                            assertThat(each.call("CONFIG", "SET", "stream-node-max-entries", entries))
                                    .isEqualTo("+OK\r\n");
                        }
                    }
                    last += random.nextInt(20) == 0 ? 1_000 : 1;
                    String[] command = command(random, "s" + i / 3_000, last).toArray(String[]::new);
                    assertThat(ours.call(command))
                            .as("seed %d: %s", seed, List.of(command))
                            .isEqualTo(theirs.call(command));
                    if (i % 50 == 0) {
                        assertThat(nodes(ours, "s" + i / 3_000))
                                .as("seed %d after %d", seed, i)
                                .isEqualTo(nodes(theirs, "s" + i / 3_000));
                    }
                }
                for (String name : List.of("s0", "s1")) {
                    assertThat(ours.call("XRANGE", name, "-", "+")).isEqualTo(theirs.call("XRANGE", name, "-", "+"));
                }
            } finally {
                peer.close();
            }
        }
    }

    /** Trimming to an id leaves a node whose last entries were removed before, without entries; the next ones go there. */
    @Test
    void aNodeThatTrimmingToAnIdEmptiesStays(@TempDir Path folder) throws Exception {
        try (Cluster node = Cluster.start(folder, "memory: 64MiB", 1);
                RawClient ours = new RawClient(node.port(0))) {
            RedisPeer peer = RedisPeer.start(folder);
            try (RawClient theirs = new RawClient(peer.port())) {
                for (String line : EMPTIED.lines().toList()) {
                    String[] command = line.split(" ", -1);
                    assertThat(ours.call(command)).as(line).isEqualTo(theirs.call(command));
                    assertThat(nodes(ours, "s")).as(line).isEqualTo(nodes(theirs, "s"));
                }
                // What has no entries is dumped, too.
                theirs.call("XTRIM", "s", "MAXLEN", "0");
                for (String line : List.of("XADD s 21-0 f v", "XADD s 22-0 f v", "XDEL s 22-0", "XTRIM s MINID 22")) {
                    ours.call(line.split(" ", -1));
                }
                restored(ours.call("DUMP", "s"), "23-0", ours, theirs);
            } finally {
                peer.close();
            }
        }
    }

    /** RESTOREs what one of them dumped on both; the same is there, and stays so. */
    private static void restored(String dump, String next, RawClient ours, RawClient theirs) throws Exception {
        String payload = dump.substring(dump.indexOf("\r\n") + 2, dump.length() - 2);
        List<List<String>> commands = List.of(
                List.of("RESTORE", "t", "0", payload, "REPLACE"),
                List.of("XRANGE", "t", "-", "+"),
                List.of("XADD", "t", next, "f", "v"),
                List.of("XLEN", "t"),
                List.of("XTRIM", "t", "MINID", next));
        for (List<String> command : commands) {
            String[] words = command.toArray(String[]::new);
            assertThat(ours.call(words)).as(command.getFirst()).isEqualTo(theirs.call(words));
            assertThat(nodes(ours, "t")).as(command.getFirst()).isEqualTo(nodes(theirs, "t"));
        }
    }

    /** Redis dumps entries that are gone with their marks, and nodes that have no others. */
    @Test
    void whatRedisDumpedOfEmptiedNodesIsRestoredAlike(@TempDir Path folder) throws Exception {
        try (Cluster node = Cluster.start(folder, "memory: 64MiB", 1);
                RawClient ours = new RawClient(node.port(0))) {
            RedisPeer peer = RedisPeer.start(folder);
            try (RawClient theirs = new RawClient(peer.port())) {
                theirs.call("CONFIG", "SET", "stream-node-max-entries", "3");
                ours.call("CONFIG", "SET", "stream-node-max-entries", "3");
                int dumps = 0;
                for (String line : EMPTIED.lines().skip(1).toList()) {
                    theirs.call(line.split(" ", -1));
                    restored(theirs.call("DUMP", "s"), "30-0", ours, theirs);
                    dumps++;
                }
                assertThat(dumps).isGreaterThan(20);
                for (String line : List.of(
                        "DEL s",
                        "XADD s 1-0 f v",
                        "XADD s 2-0 f v",
                        "XADD s 3-0 f v",
                        "XADD s 4-0 f v",
                        "XDEL s 2-0 3-0")) {
                    theirs.call(line.split(" ", -1));
                }
                String dump = theirs.call("DUMP", "s");
                restored(dump, "5-0", ours, theirs);
                String payload = dump.substring(dump.indexOf("\r\n") + 2, dump.length() - 2);
                // The last entry of the first node is gone, and says still how far it goes.
                for (RawClient each : List.of(ours, theirs)) {
                    each.call("RESTORE", "t", "0", payload, "REPLACE");
                    assertThat(each.call("XTRIM", "t", "MINID", "3")).isEqualTo(":1\r\n");
                }
                assertThat(nodes(ours, "t")).isEqualTo(nodes(theirs, "t"));
            } finally {
                peer.close();
            }
        }
    }

    /** An id larger than the last, which differs from it in any of its bytes. */
    private static long[] next(SplittableRandom random, long[] last) {
        long more = 1 + random.nextLong(1L << random.nextInt(1, 50));
        return random.nextInt(3) == 0
                ? new long[] {last[0] + more, random.nextLong() >>> random.nextInt(1, 64)}
                : new long[] {last[0], last[1] + more};
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void theTreeOverNodesHasRedissNodes(long seed, @TempDir Path folder) throws Exception {
        SplittableRandom random = new SplittableRandom(seed);
        try (Cluster node = Cluster.start(folder, "memory: 64MiB", 1);
                RawClient ours = new RawClient(node.port(0))) {
            RedisPeer peer = RedisPeer.start(folder);
            try (RawClient theirs = new RawClient(peer.port())) {
                for (RawClient each : List.of(ours, theirs)) {
                    each.call("CONFIG", "SET", "stream-node-max-entries", "1");
                }
                List<String> ids = new ArrayList<>();
                long[] last = {1, 0};
                for (int i = 0; i < 500; i++) {
                    List<String> command = new ArrayList<>();
                    if (random.nextInt(4) == 0 && !ids.isEmpty()) {
                        command.addAll(List.of("XDEL", "s", ids.remove(random.nextInt(ids.size()))));
                    } else if (random.nextInt(40) == 0) {
                        command.addAll(List.of("XTRIM", "s", "MAXLEN", "" + random.nextInt(200)));
                    } else {
                        last = next(random, last);
                        ids.add(last[0] + "-" + last[1]);
                        command.addAll(List.of("XADD", "s", ids.getLast(), "f", "v"));
                    }
                    String[] words = command.toArray(String[]::new);
                    assertThat(ours.call(words))
                            .as("seed %d: %s", seed, command)
                            .isEqualTo(theirs.call(words));
                    assertThat(nodes(ours, "s"))
                            .as("seed %d, %d: %s", seed, i, command)
                            .isEqualTo(nodes(theirs, "s"));
                }
            } finally {
                peer.close();
            }
        }
    }
}
