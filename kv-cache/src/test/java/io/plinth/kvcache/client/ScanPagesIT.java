package io.plinth.kvcache.client;

import static org.assertj.core.api.Assertions.assertThat;

import io.plinth.testkit.RequiresPeer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** How the fuzzer compares walks through hash tables, whose order is each server's own: by what all pages come to. */
@Timeout(60)
@RequiresPeer("redis-server")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ScanPagesIT {
    private static final String LONG =
            "a member longer than the sixty-four bytes that still are packed in a small set or hash";

    private final Cluster node;
    private final RedisPeer peer;

    ScanPagesIT(@TempDir Path folder) throws Exception {
        node = Cluster.start(folder, "memory: 64MiB", 1);
        peer = RedisPeer.start(folder);
    }

    @AfterAll
    void stop() throws Exception {
        node.close();
        peer.close();
    }

    /** Collections of forty elements in hash tables, and one packed of each type. */
    private static void fill(RawClient server) throws IOException {
        server.call("FLUSHALL");
        server.call("CONFIG", "SET", "hash-max-listpack-entries", "20");
        List<String> set = new ArrayList<>(List.of("SADD", "set", LONG));
        List<String> hash = new ArrayList<>(List.of("HSET", "hash"));
        List<String> sorted = new ArrayList<>(List.of("ZADD", "sorted", "1", LONG));
        for (int i = 0; i < 40; i++) {
            set.add("m" + i);
            hash.addAll(List.of("f" + i, "v" + i));
            sorted.addAll(List.of(i + ".5", "m" + i));
            server.call("SET", "key" + i, "v");
        }
        for (List<String> command : List.of(set, hash, sorted)) {
            server.call(command.toArray(String[]::new));
        }
        server.call("SADD", "integers", "3", "1", "2");
        server.call("HSET", "packed", "b", "1", "a", "2");
        server.call("ZADD", "ranked", "2", "a", "1", "b");
    }

    /** What the comparison says of a command's replies, and then of what is left. */
    private static String judged(String line, RawClient ours, RawClient theirs) throws IOException {
        List<String> command = List.of(line.split(" ", -1));
        Comparison comparison = new Comparison();
        boolean same = comparison.same(command, ours.call(line.split(" ", -1)), theirs.call(line.split(" ", -1)));
        String wrong = comparison.pages().wrong(ours, theirs);
        return !same ? "other elements" : wrong == null ? "alike" : "other pages";
    }

    @Test
    void walksThroughHashTablesAreAlikeInWhatTheyComeTo() throws Exception {
        try (RawClient ours = new RawClient(node.port(0));
                RawClient theirs = new RawClient(peer.port())) {
            fill(ours);
            fill(theirs);
            for (String line : List.of(
                    "SSCAN set 0",
                    "HSCAN hash 0",
                    "ZSCAN sorted 0",
                    "ZSCAN sorted 0 MATCH m3*",
                    "ZSCAN sorted 0 COUNT 1000",
                    "SSCAN set 0 COUNT 3",
                    "SCAN 0",
                    "SCAN 0 MATCH key* COUNT 7",
                    "SSCAN integers 0",
                    "HSCAN packed 0",
                    "ZSCAN ranked 0 COUNT 1")) {
                assertThat(judged(line, ours, theirs)).as(line).isEqualTo("alike");
            }
            assertThat(ours.call("ZSCAN", "sorted", "0")).isNotEqualTo(theirs.call("ZSCAN", "sorted", "0"));
        }
    }

    @Test
    void whatIsMissingOrHasAnothersValueIsSeen() throws Exception {
        try (RawClient ours = new RawClient(node.port(0));
                RawClient theirs = new RawClient(peer.port())) {
            fill(ours);
            fill(theirs);
            ours.call("ZADD", "sorted", "3.5", "m4", "4.5", "m3");
            assertThat(judged("ZSCAN sorted 0 COUNT 1000", ours, theirs)).isEqualTo("other elements");
            assertThat(judged("ZSCAN sorted 0", ours, theirs)).isEqualTo("other pages");
            ours.call("SREM", "set", "m7");
            assertThat(judged("SSCAN set 0", ours, theirs)).isEqualTo("other pages");
            ours.call("HSET", "hash", "f7", "v8");
            assertThat(judged("HSCAN hash 0 COUNT 5", ours, theirs)).isEqualTo("other pages");
            ours.call("DEL", "key9");
            assertThat(judged("SCAN 0 COUNT 10", ours, theirs)).isEqualTo("other pages");
            ours.call("DEL", "packed");
            ours.call("HSET", "packed", "a", "2", "b", "1");
            assertThat(judged("HSCAN packed 0", ours, theirs))
                    .as("a packed one has an order")
                    .isEqualTo("other pages");
        }
    }

    /** Of a page in a transaction nothing more can be asked where the transaction goes on to put something else there. */
    @Test
    void whatATransactionReplacesBehindThePageIsNoCollection() throws Exception {
        try (RawClient ours = new RawClient(node.port(0));
                RawClient theirs = new RawClient(peer.port())) {
            fill(ours);
            fill(theirs);
            Comparison comparison = new Comparison();
            for (String line : List.of("MULTI", "SSCAN set 0", "SET set v", "EXEC")) {
                List<String> command = List.of(line.split(" ", -1));
                String[] words = command.toArray(String[]::new);
                assertThat(comparison.same(command, ours.call(words), theirs.call(words)))
                        .as(line)
                        .isTrue();
            }
            assertThat(comparison.pages().wrong(ours, theirs)).isNull();
        }
    }
}
