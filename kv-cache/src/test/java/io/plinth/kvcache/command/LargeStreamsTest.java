package io.plinth.kvcache.command;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import io.plinth.kvcache.cluster.Topologies;
import io.plinth.kvcache.keyspace.Change;
import io.plinth.kvcache.keyspace.Entry;
import io.plinth.kvcache.keyspace.Eviction;
import io.plinth.kvcache.keyspace.KeyRef;
import io.plinth.kvcache.keyspace.Keyspace;
import io.plinth.kvcache.keyspace.Segment;
import io.plinth.kvcache.keyspace.stream.StreamGroup;
import io.plinth.kvcache.keyspace.stream.StreamId;
import io.plinth.kvcache.keyspace.value.Packing;
import io.plinth.kvcache.keyspace.value.StreamValue;
import io.plinth.kvcache.keyspace.write.Streams;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Streams, whose entries lie in native memory: nothing is lost, and nothing stays behind. */
class LargeStreamsTest {
    private static final int NAMES = 10;

    /** What follows each id. */
    private final Map<String, TreeMap<Long, String>> models = new TreeMap<>();

    private long lastId;
    private CommandHarness node = new CommandHarness(Topologies.alone());
    private CommandHarness.Connection client = node.connect();

    private static String name(int number) {
        return "stream" + number + (number % 5 == 0 ? "k".repeat(300) : "");
    }

    private static String word(SplittableRandom random) {
        int kind = random.nextInt(400);
        int length = kind == 0 ? random.nextInt(40_000) : kind < 20 ? random.nextInt(600) : 3 + random.nextInt(30);
        return Character.toString('a' + random.nextInt(26)).repeat(length) + random.nextInt(50);
    }

    private void add(SplittableRandom random, String name) {
        TreeMap<Long, String> model = models.computeIfAbsent(name, key -> new TreeMap<>());
        for (int i = random.nextInt(random.nextInt(10) == 0 ? 1_500 : 60); i >= 0; i--) {
            lastId += 1 + random.nextInt(5);
            String word = word(random);
            assertThat(client.call("XADD", name, lastId + "-1", "field", word)).endsWith("|" + lastId + "-1|");
            model.put(lastId, word);
        }
    }

    private void thin(SplittableRandom random, String name, TreeMap<Long, String> model) {
        int kind = random.nextInt(4);
        if (kind < 2) {
            List<String> words = new ArrayList<>(List.of("XDEL", name));
            long some = model.isEmpty() ? 0 : model.firstKey() + random.nextLong(lastId - model.firstKey() + 1);
            int gone = 0;
            for (int i = random.nextInt(300); i >= 0; i--) {
                words.add(some + i + "-1");
                gone += model.remove(some + i) == null ? 0 : 1;
            }
            assertThat(client.call(words.toArray(String[]::new))).isEqualTo(":" + gone + "|");
        } else if (kind == 2) {
            int keep = random.nextInt(model.size() + 1);
            assertThat(client.call("XTRIM", name, "MAXLEN", "" + keep)).isEqualTo(":" + (model.size() - keep) + "|");
            while (model.size() > keep) {
                model.pollFirstEntry();
            }
        } else {
            int keep = random.nextInt(model.size() + 1);
            String answer = client.call("XTRIM", name, "MAXLEN", "~", "" + keep);
            for (int i = Integer.parseInt(answer, 1, answer.length() - 1, 10); i > 0; i--) {
                model.pollFirstEntry();
            }
            assertThat(model.size()).isGreaterThanOrEqualTo(keep);
        }
    }

    private void group(SplittableRandom random, String name) {
        client.call("XGROUP", "CREATE", name, "g" + random.nextInt(3), "0");
        String group = "g" + random.nextInt(3);
        String consumer = "c" + random.nextInt(4);
        client.call(
                "XREADGROUP", "GROUP", group, consumer, "COUNT", "" + (1 + random.nextInt(300)), "STREAMS", name, ">");
        switch (random.nextInt(8)) {
            case 0 -> client.call("XGROUP", "DESTROY", name, group);
            case 1 -> client.call("XGROUP", "DELCONSUMER", name, group, consumer);
            case 2 -> client.call("XAUTOCLAIM", name, group, consumer, "0", "0", "COUNT", "200");
            default -> {
                List<String> words = new ArrayList<>(List.of("XACK", name, group));
                long some = random.nextLong(lastId + 1);
                for (int i = 0; i < 400; i++) {
                    words.add(some + i + "-1");
                }
                client.call(words.toArray(String[]::new));
            }
        }
    }

    private void hand(SplittableRandom random, String name, String other, TreeMap<Long, String> model) {
        boolean same = name.equals(other);
        switch (random.nextInt(5)) {
            case 0 -> {
                assertThat(client.call("RENAME", name, other)).isEqualTo("+OK|");
                models.remove(name);
                models.put(other, model);
            }
            case 1 -> {
                if (!same) {
                    assertThat(client.call("COPY", name, other, "REPLACE")).isEqualTo(":1|");
                    assertThat(client.call("DUMP", other)).isEqualTo(client.call("DUMP", name));
                    models.put(other, new TreeMap<>(model));
                }
            }
            case 2 -> {
                assertThat(client.call("MOVE", name, "1")).isEqualTo(":1|");
                client.run("SELECT 1");
                assertThat(client.call("MOVE", name, "0")).isEqualTo(":1|");
                client.run("SELECT 0");
            }
            case 3 -> {
                client.run((random.nextBoolean() ? "DEL " : "SET x ").replace("x", name) + name);
                client.run("PEXPIRE " + name + " 5");
                node.now += 6;
                models.remove(name);
            }
            default -> restored(name, other, model);
        }
    }

    private void restored(String name, String other, TreeMap<Long, String> model) {
        String dump = client.call("DUMP", name);
        int begin = dump.indexOf('|') + 1;
        // A bar may be one, or the end of a line.
        if (dump.indexOf('|', begin) == dump.length() - 1) {
            String payload = dump.substring(begin, dump.length() - 1);
            assertThat(client.call("RESTORE", other, "0", payload, "REPLACE")).isEqualTo("+OK|");
            models.put(other, new TreeMap<>(model));
        }
    }

    private void check(String name) {
        TreeMap<Long, String> model = models.getOrDefault(name, new TreeMap<>());
        assertThat(client.call("XLEN", name)).isEqualTo(":" + model.size() + "|");
        StringBuilder wanted = new StringBuilder();
        model.forEach((id, word) -> wanted.append(id).append("-1 ").append(word).append(' '));
        String[] lines = client.call("XRANGE", name, "-", "+").split("\\|", -1);
        StringBuilder seen = new StringBuilder();
        for (int i = 3; i + 5 < lines.length; i += 8) {
            seen.append(lines[i]).append(' ').append(lines[i + 5]).append(' ');
        }
        assertThat(seen.toString()).as(name).isEqualTo(wanted.toString());
    }

    private void elapse() {
        node.now += 20;
        node.keyspace.visits(0, 1, node.now);
        for (int i = 0; i < Keyspace.SEGMENTS; ) {
            i += node.keyspace.expire(i, node.now) ? 1 : 0;
        }
    }

    private void emptied() {
        client.run("FLUSHALL");
        assertThat(node.keyspace.inRecords()).isZero();
        node.keyspace.each(segment -> assertThat(segment.bytes()).isZero());
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void keepWhatTheyAreGivenAndLeaveNothingBehind(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        for (int i = 0; i < 350; i++) {
            String name = name(random.nextInt(NAMES));
            TreeMap<Long, String> model = models.get(name);
            int act = random.nextInt(16);
            if (model == null || act < 5) {
                add(random, name);
            } else if (act < 9) {
                thin(random, name, model);
            } else if (act < 13) {
                group(random, name);
            } else {
                hand(random, name, name(random.nextInt(NAMES)), model);
            }
            if (i % 20 == 0) {
                check(name);
                elapse();
            }
        }
        for (int i = 0; i < NAMES; i++) {
            check(name(i));
        }
        assertThat(node.keyspace.inRecords()).as("seed %d", seed).isPositive();
        emptied();
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2})
    void areEvictedWithAllTheirMemory(long seed) {
        long limit = 2 << 20;
        node = new CommandHarness(Topologies.alone(), limit, Eviction.ALL_KEYS, null);
        client = node.connect();
        SplittableRandom random = new SplittableRandom(seed);
        for (int i = 0; i < 350; i++) {
            String name = "stream" + random.nextInt(100);
            for (int k = random.nextInt(60); k >= 0; k--) {
                client.call("XADD", name, ++lastId + "-1", "field", word(random));
            }
            client.call("XGROUP", "CREATE", name, "g", "0");
            client.call("XREADGROUP", "GROUP", "g", "c", "STREAMS", name, ">");
            assertThat(node.keyspace.memory().used()).isLessThan(limit + (1 << 19));
            elapse();
        }
        assertThat(node.keyspace.inRecords()).as("seed %d", seed).isPositive();
        emptied();
    }

    private static long heapUsed() {
        System.gc();
        return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
    }

    /** Straight to the segment, as a million commands take long. */
    @Test
    void aMillionEntriesAndWhatIsPendingLeaveTheHeapAsItWas() {
        int count = 1_000_000;
        byte[] name = "stream".getBytes(ISO_8859_1);
        KeyRef key = new KeyRef().set(node.keyspace.hasher(), 0, name, 0, name.length);
        Segment segment = node.keyspace.segment(key.slot());
        segment.lock();
        try {
            Entry entry = segment.addEmpty(key, new StreamValue(), node.now);
            List<byte[]> fields = Stream.of("sensor", "100123", "text", "value-123456")
                    .map(text -> text.getBytes(ISO_8859_1))
                    .toList();
            Streams.add(segment, entry, new StreamId(1, 0), fields);
            Streams.group(segment, entry, "group", StreamId.MIN, 0);
            long before = entry.bytes();
            StreamGroup group = Objects.requireNonNull(entry.stream().group("group"));
            List<StreamGroup.Consumer> consumers = List.of(group.add("a", 0, 0), group.add("b", 0, 0));
            long heap = heapUsed();
            for (int i = 1; i < count; i++) {
                entry.stream().append(new StreamId(1_000 + 3L * i, 0), fields, Packing.DEFAULT);
            }
            assertThat(entry.stream().bytes() / (double) count).isLessThan(36);
            for (int i = 1; i < count; i++) {
                group.deliver(new StreamId(1_000 + 3L * i, 0), consumers.get(i % 2), node.now, 1);
            }
            assertThat(entry.stream().bytes() / (double) count).isLessThan(88);
            segment.mutated(entry, before, Change.Kind.STREAM, null, null);
            assertThat((heapUsed() - heap) / (double) count).isLessThan(5);
            assertThat(segment.bytes() / (double) count).isGreaterThan(60);
        } finally {
            segment.unlock();
        }
        emptied();
    }
}
