package io.plinth.kvcache.command;

import static org.assertj.core.api.Assertions.assertThat;

import io.plinth.kvcache.cluster.Topologies;
import io.plinth.kvcache.keyspace.Keyspace;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Lists over 2 KiB, whose elements lie in native memory: nothing is lost, and nothing stays behind. */
class LargeListsTest {
    private static final int NAMES = 10;

    private final Map<String, List<String>> models = new TreeMap<>();
    private final CommandHarness node = new CommandHarness(Topologies.alone());
    private final CommandHarness.Connection client = node.connect();

    private static String name(int number) {
        return "list" + number + (number % 5 == 0 ? "k".repeat(300) : "");
    }

    private static String word(SplittableRandom random) {
        int kind = random.nextInt(200);
        int length = kind == 0 ? random.nextInt(40_000) : kind < 20 ? random.nextInt(600) : 3 + random.nextInt(30);
        return Character.toString('a' + random.nextInt(26)).repeat(length) + random.nextInt(50);
    }

    private void push(SplittableRandom random, String name) {
        boolean left = random.nextBoolean();
        List<String> model = models.computeIfAbsent(name, key -> new ArrayList<>());
        List<String> words = new ArrayList<>(List.of(left ? "LPUSH" : "RPUSH", name));
        for (int i = random.nextInt(random.nextInt(10) == 0 ? 1_500 : 60); i >= 0; i--) {
            String word = word(random);
            words.add(word);
            model.add(left ? 0 : model.size(), word);
        }
        assertThat(client.call(words.toArray(String[]::new))).isEqualTo(":" + model.size() + "|");
    }

    private void pop(SplittableRandom random, String name, List<String> model) {
        boolean left = random.nextBoolean();
        int count = 1 + random.nextInt(Math.min(model.size(), 400));
        assertThat(client.call(left ? "LPOP" : "RPOP", name, "" + count)).startsWith("*" + count + "|");
        (left ? model.subList(0, count) : model.subList(model.size() - count, model.size())).clear();
    }

    private void inside(SplittableRandom random, String name, List<String> model) {
        int at = random.nextInt(model.size());
        String word = word(random);
        switch (random.nextInt(4)) {
            case 0 -> {
                client.call("LSET", name, "" + at, word);
                model.set(at, word);
            }
            case 1 -> {
                int first = model.indexOf(model.get(at));
                client.call("LINSERT", name, "BEFORE", model.get(at), word);
                model.add(first, word);
            }
            case 2 -> {
                String gone = model.get(at);
                client.call("LREM", name, "0", gone);
                model.removeIf(gone::equals);
            }
            default -> {
                int to = at + random.nextInt(model.size() - at);
                client.call("LTRIM", name, "" + at, "" + to);
                model.subList(to + 1, model.size()).clear();
                model.subList(0, at).clear();
            }
        }
    }

    private void hand(SplittableRandom random, String name, String other, List<String> model) {
        boolean same = name.equals(other);
        switch (random.nextInt(7)) {
            case 0 -> {
                assertThat(client.call("RENAME", name, other)).isEqualTo("+OK|");
                models.remove(name);
                models.put(other, model);
            }
            case 1 -> {
                if (!same) {
                    assertThat(client.call("COPY", name, other, "REPLACE")).isEqualTo(":1|");
                    assertThat(client.call("DUMP", other)).isEqualTo(client.call("DUMP", name));
                    models.put(other, new ArrayList<>(model));
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
            case 4 -> {
                client.call("LMOVE", name, other, "LEFT", "RIGHT");
                models.computeIfAbsent(other, key -> new ArrayList<>()).add(model.getFirst());
                model.removeFirst();
            }
            case 5 -> {
                client.call("SORT", name, "ALPHA", "STORE", other);
                models.put(other, new ArrayList<>(model.stream().sorted().toList()));
            }
            default -> restored(name, other, model);
        }
    }

    private void restored(String name, String other, List<String> model) {
        String dump = client.call("DUMP", name);
        int begin = dump.indexOf('|') + 1;
        // A bar may be one, or the end of a line.
        if (dump.indexOf('|', begin) == dump.length() - 1) {
            String payload = dump.substring(begin, dump.length() - 1);
            assertThat(client.call("RESTORE", other, "0", payload, "REPLACE")).isEqualTo("+OK|");
            models.put(other, new ArrayList<>(model));
        }
    }

    private void check(String name) {
        List<String> model = models.getOrDefault(name, List.of());
        String[] lines = client.call("LRANGE", name, "0", "-1").split("\\|", -1);
        List<String> seen = new ArrayList<>();
        for (int i = 2; i + 1 < lines.length; i += 2) {
            seen.add(lines[i]);
        }
        assertThat(seen).as(name).isEqualTo(model);
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
        for (int i = 0; i < 1_500; i++) {
            String name = name(random.nextInt(NAMES));
            List<String> model = models.get(name);
            int act = random.nextInt(16);
            if (model == null || act < 5) {
                push(random, name);
            } else if (act < 8) {
                pop(random, name, model);
            } else if (act < 13) {
                inside(random, name, model);
            } else {
                hand(random, name, name(random.nextInt(NAMES)), model);
            }
            models.values().removeIf(List::isEmpty);
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

    /** A queue of ten thousand that is renewed many times stays as large as it is. */
    @Test
    void takeNoMoreHoweverLongAQueueMoves() {
        for (int i = 0; i < 10_000; i++) {
            client.call("LPUSH", "queue", "element-" + i);
        }
        long before = node.keyspace.inRecords();
        for (int i = 10_000; i < 80_000; i++) {
            client.call("LPUSH", "queue", "element-" + i);
            assertThat(client.call("RPOP", "queue")).endsWith("|element-" + (i - 10_000) + "|");
            if (i % 10_000 == 0) {
                elapse();
                assertThat(node.keyspace.inRecords()).isLessThan(before + before / 10 + 16_384);
            }
        }
        emptied();
    }
}
