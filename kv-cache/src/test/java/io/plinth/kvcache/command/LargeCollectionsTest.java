package io.plinth.kvcache.command;

import static org.assertj.core.api.Assertions.assertThat;

import io.plinth.kvcache.cluster.Topologies;
import io.plinth.kvcache.keyspace.Eviction;
import io.plinth.kvcache.keyspace.Keyspace;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Collections over 2 KiB, whose elements lie in native memory: nothing is lost, and nothing stays behind. */
class LargeCollectionsTest {
    private static final String TYPES = "hsz";

    private final Map<String, TreeMap<String, String>> models = new TreeMap<>();
    private CommandHarness node = new CommandHarness(Topologies.alone());
    private CommandHarness.Connection client = node.connect();

    private static String name(char type, int number) {
        return "" + type + number + (number % 5 == 0 ? "k".repeat(300) : "");
    }

    private static String any(SplittableRandom random) {
        return name(TYPES.charAt(random.nextInt(TYPES.length())), random.nextInt(8));
    }

    private static String value(SplittableRandom random) {
        int length = random.nextInt(40) == 0 ? random.nextInt(3_000) : random.nextInt(90);
        return Character.toString('a' + random.nextInt(26)).repeat(length);
    }

    private void fill(SplittableRandom random, String name) {
        TreeMap<String, String> model = models.computeIfAbsent(name, key -> new TreeMap<>());
        List<String> words = new ArrayList<>();
        char type = name.charAt(0);
        words.add(type == 'h' ? "HSET" : type == 's' ? "SADD" : "ZADD");
        words.add(name);
        for (int i = random.nextInt(120); i >= 0; i--) {
            String member = "member-" + random.nextInt(1_500);
            String content = type == 'h' ? value(random) : type == 'z' ? "" + random.nextInt(300) : "";
            if (type == 'z') {
                words.add(content);
            }
            words.add(member);
            if (type == 'h') {
                words.add(content);
            }
            model.put(member, content);
        }
        assertThat(client.call(words.toArray(String[]::new))).startsWith(":");
    }

    private void thin(SplittableRandom random, String name) {
        TreeMap<String, String> model = models.get(name);
        if (model == null) {
            return;
        }
        char type = name.charAt(0);
        if (type != 'h' && random.nextInt(4) == 0) {
            int count = random.nextInt(200) + 1;
            String[] lines = client.run((type == 's' ? "SPOP " : "ZPOPMIN ") + name + " " + count)
                    .split("\\|", -1);
            for (int i = 2; i < lines.length; i += type == 's' ? 2 : 4) {
                assertThat(model.remove(lines[i])).isNotNull();
            }
        } else {
            String command = type == 'h' ? "HDEL" : type == 's' ? "SREM" : "ZREM";
            List<String> words = new ArrayList<>(List.of(command, name));
            for (int i = random.nextInt(400); i >= 0; i--) {
                String member = "member-" + random.nextInt(1_500);
                words.add(member);
                model.remove(member);
            }
            client.call(words.toArray(String[]::new));
        }
        if (model.isEmpty()) {
            models.remove(name);
        }
    }

    private void change(SplittableRandom random, String name) {
        String other = name(name.charAt(0), random.nextInt(8));
        TreeMap<String, String> model = models.get(name);
        switch (random.nextInt(14)) {
            case 0, 1, 2, 3, 4 -> fill(random, name);
            case 5, 6 -> thin(random, name);
            case 7 -> {
                if (model != null && !other.equals(name)) {
                    assertThat(client.run("RENAME " + name + " " + other)).isEqualTo("+OK|");
                    models.remove(name);
                    models.put(other, model);
                }
            }
            case 8 -> {
                if (model != null && !other.equals(name)) {
                    assertThat(client.run("COPY " + name + " " + other + " REPLACE"))
                            .isEqualTo(":1|");
                    assertThat(client.run("DUMP " + other)).isEqualTo(client.run("DUMP " + name));
                    models.put(other, new TreeMap<>(model));
                }
            }
            case 9 -> {
                if (model != null) {
                    client.run("SELECT 1");
                    client.run("DEL " + name);
                    client.run("SELECT 0");
                    assertThat(client.run("MOVE " + name + " 1")).isEqualTo(":1|");
                    client.run("SELECT 1");
                    assertThat(client.run("MOVE " + name + " 0")).isEqualTo(":1|");
                    client.run("COPY " + name + " " + other);
                    client.run("SELECT 0");
                }
            }
            case 10 -> {
                client.run((random.nextBoolean() ? "DEL " : "SET x ").replace("x", name) + name);
                client.run("PEXPIRE " + name + " 5");
                node.now += 6;
                models.remove(name);
            }
            case 11 -> restored(random, name, other);
            case 12 -> {
                if (name.charAt(0) == 's') {
                    String kind = random.nextBoolean() ? "SUNIONSTORE " : "SDIFFSTORE ";
                    client.run(kind + name + " " + other + " " + name);
                    TreeMap<String, String> result = new TreeMap<>(models.getOrDefault(other, new TreeMap<>()));
                    if (model != null && kind.startsWith("SU")) {
                        result.putAll(model);
                    } else if (model != null) {
                        model.keySet().forEach(result::remove);
                    }
                    models.remove(name);
                    if (!result.isEmpty()) {
                        models.put(name, result);
                    }
                }
            }
            default -> {
                if (model != null && name.charAt(0) == 'h') {
                    client.call("HPEXPIRE", name, "3", "FIELDS", "2", model.firstKey(), model.lastKey());
                    node.now += 4;
                    model.remove(model.firstKey());
                    if (!model.isEmpty()) {
                        model.remove(model.lastKey());
                    }
                    if (model.isEmpty()) {
                        models.remove(name);
                    }
                }
            }
        }
    }

    private void restored(SplittableRandom random, String name, String other) {
        String dump = client.run("DUMP " + name);
        int begin = dump.indexOf('|') + 1;
        TreeMap<String, String> model = models.get(name);
        // A bar may be one, or the end of a line.
        if (model == null || dump.indexOf('|', begin) != dump.length() - 1) {
            return;
        }
        String payload = dump.substring(begin, dump.length() - 1);
        String answer = client.call("RESTORE", other, "0", payload, random.nextBoolean() ? "REPLACE" : "ABSTTL");
        if (answer.equals("+OK|")) {
            models.put(other, new TreeMap<>(model));
        }
    }

    private void check(String name) {
        TreeMap<String, String> model = models.getOrDefault(name, new TreeMap<>());
        char type = name.charAt(0);
        String command = type == 'h' ? "HGETALL " : type == 's' ? "SMEMBERS " : "ZRANGE ";
        String[] lines = client.run(command + name + (type == 'z' ? " 0 -1 WITHSCORES" : ""))
                .split("\\|", -1);
        TreeMap<String, String> seen = new TreeMap<>();
        for (int i = 2; i + 1 < lines.length; i += type == 's' ? 2 : 4) {
            seen.put(lines[i], type == 's' ? "" : lines[i + 2]);
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
    @ValueSource(longs = {1, 2})
    void keepWhatTheyAreGivenAndLeaveNothingBehind(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        for (int i = 0; i < 1_000; i++) {
            change(random, any(random));
            if (i % 20 == 0) {
                check(any(random));
                elapse();
            }
        }
        for (int i = 0; i < 8 * TYPES.length(); i++) {
            check(name(TYPES.charAt(i % TYPES.length()), i / TYPES.length()));
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
        for (int i = 0; i < 400; i++) {
            fill(random, any(random) + random.nextInt(8));
            assertThat(node.keyspace.memory().used()).isLessThan(limit + (1 << 19));
            elapse();
        }
        assertThat(node.keyspace.inRecords()).as("seed %d", seed).isPositive();
        emptied();
    }
}
