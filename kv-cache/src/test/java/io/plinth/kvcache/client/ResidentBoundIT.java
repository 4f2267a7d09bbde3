package io.plinth.kvcache.client;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import java.util.function.IntFunction;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A node takes no more of the machine than it says at its start, whatever it is filled with. */
@Timeout(85)
class ResidentBoundIT {
    private static final int BATCH = 500;
    /** Far fewer than what 32 MiB hold of the smallest would be an error of the test. */
    private static final int MOST_BATCHES = 4_000;

    private static long field(RawClient client, String section, String name) throws Exception {
        Matcher matcher = Pattern.compile("(?m)^" + name + ":(\\d+)").matcher(client.call("INFO", section));
        assertThat(matcher.find()).as(name).isTrue();
        return Long.parseLong(matcher.group(1));
    }

    private static String bulk(String... words) {
        StringBuilder text = new StringBuilder("*" + words.length + "\r\n");
        for (String word : words) {
            text.append('$').append(word.length()).append("\r\n").append(word).append("\r\n");
        }
        return text.toString();
    }

    private static IntFunction<String> command(String kind) {
        String value = "v".repeat(64);
        return switch (kind) {
            case "counters" -> i -> bulk("SET", "k" + i, "" + i);
            case "strings" -> i -> bulk("SET", "key:" + i, value, "EX", "10000");
            case "long" -> i -> bulk("SET", "key:" + i, value.repeat(1 + i % 300));
            case "long-keys" -> i -> bulk("SET", value.repeat(5) + i, "1");
            case "packed" -> i -> bulk("HSET", "h" + i, "a", "1", "b", value, "c", "3");
            case "hashes" -> i -> bulk("HSET", "h" + i / 5_000, "field:" + i, "value" + i);
            case "sets" -> i -> bulk("SADD", "s" + i / 5_000, "member:" + i);
            case "zsets" -> i -> bulk("ZADD", "z" + i / 5_000, "" + i, "m" + i);
            case "one-zset" -> i -> bulk("ZADD", "z", "" + i, "m" + i);
            case "lists" -> i -> bulk("RPUSH", "l" + i / 5_000, value + i);
            default -> i -> bulk("XADD", "x" + i / 1_000, "*", "field", "value" + i);
        };
    }

    /** Each until keys are evicted, or refused where nothing may be. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "counters",
                "strings",
                "long",
                "long-keys",
                "packed",
                "hashes",
                "sets",
                "zsets",
                "one-zset",
                "lists",
                "streams"
            })
    void aNodeThatIsFullTakesNoMoreThanItSaid(String kind, @TempDir Path folder) throws Exception {
        String policy = kind.equals("one-zset") ? "noeviction" : "s3-fifo";
        try (NodeProcess node = new NodeProcess(
                folder,
                "memory: 32MiB, eviction: " + policy + ", limits: { client-memory: 16MiB, tracked-keys: 1000,"
                        + " script-memory: 16MiB, output-buffer: 65MiB }, persist: { snapshot-on-stop: false }",
                List.of("-XX:+UseCompactObjectHeaders"))) {
            node.start();
            try (RawClient client = node.connect()) {
                long bound = field(client, "memory", "resident_bound");
                assertThat(node.log()).contains("kv takes at most ").doesNotContain("the system may end it");
                IntFunction<String> commands = command(kind);
                boolean full = false;
                // On for a while after it is full.
                int left = MOST_BATCHES;
                for (int i = 0; left > 0; i++, left--) {
                    StringBuilder batch = new StringBuilder();
                    for (int n = 0; n < BATCH; n++) {
                        batch.append(commands.apply(i * BATCH + n));
                    }
                    client.send(batch.toString());
                    boolean refused = false;
                    for (int n = 0; n < BATCH; n++) {
                        refused |= client.reply().startsWith("-OOM");
                    }
                    if (!full && (refused || (i % 50 == 0 && field(client, "stats", "evicted_keys") > 0))) {
                        full = true;
                        left = Math.min(left, i / 4);
                    }
                }
                assertThat(full).as("evicts or refuses").isTrue();
                long used = field(client, "memory", "used_memory");
                assertThat(used).as("used").isBetween(15L << 20, 33L << 20);
                long resident = field(client, "memory", "used_memory_rss");
                assertThat(resident).isLessThan(bound);
                // A large collection's table grows by a quarter at once.
                assertThat(field(client, "memory", "keys_on_heap"))
                        .isLessThan(field(client, "memory", "keys_on_heap_limit") + (4 << 20));
            }
        }
    }
}
