package io.plinth.kvcache.persist;

import io.plinth.kvcache.cluster.Topologies;
import io.plinth.kvcache.command.CommandHarness;
import io.plinth.kvcache.pattern.PatternConfig;
import io.plinth.kvcache.pattern.PatternConfig.FailureMode;
import io.plinth.kvcache.pattern.PatternConfig.WriteMode;
import io.plinth.kvcache.persist.copy.CopySettings;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ScheduledExecutorService;
import org.jspecify.annotations.Nullable;

/** One life of a node's commands and what it keeps on disk. */
final class PersistFixture implements AutoCloseable {
    private static final PatternConfig TAGS = new PatternConfig(
            "",
            0,
            null,
            0,
            Duration.ZERO,
            Duration.ofSeconds(30),
            true,
            null,
            null,
            true,
            WriteMode.NONE,
            FailureMode.ERROR);

    final CommandHarness node = new CommandHarness(Topologies.alone());
    final CommandHarness.Connection client = node.connect();
    final List<byte[]> functions = new ArrayList<>();
    /** What a snapshot fails with. */
    volatile @Nullable Error failing;

    final Persistence persistence;
    final Recovery recovery;

    PersistFixture(Path folder, String journal, boolean onStop) throws Exception {
        this(folder, journal, onStop, List.of());
    }

    PersistFixture(Path folder, String journal, boolean onStop, List<ScheduledExecutorService> loops) throws Exception {
        node.patterns.use(Map.of("all", TAGS));
        persistence = new Persistence(
                node.keyspace,
                new PersistSettings(
                        folder,
                        journal,
                        null,
                        onStop,
                        1L << 30,
                        64 << 20,
                        new CopySettings(1, 8 << 20, Duration.ofSeconds(60))),
                clock(),
                System::nanoTime,
                task -> {
                    Thread thread = new Thread(task, "persist");
                    thread.setDaemon(true);
                    return thread;
                },
                loops,
                new Functions() {
                    @Override
                    public List<byte[]> all() {
                        Error wanted = failing;
                        if (wanted != null) {
                            throw wanted;
                        }
                        return List.copyOf(functions);
                    }

                    @Override
                    public void load(byte[] code) {
                        if (code.length == 0) {
                            throw new IllegalStateException("does not load");
                        }
                        functions.add(code);
                    }

                    @Override
                    public void keep(byte[] code) {
                        functions.add(code);
                    }
                });
        recovery = persistence.start();
    }

    private Clock clock() {
        return Clock.fixed(Instant.ofEpochMilli(node.now), ZoneOffset.UTC);
    }

    /** Everything that is there, by database and key, in words. */
    TreeMap<String, String> contents() {
        TreeMap<String, String> all = new TreeMap<>();
        CommandHarness.Connection reader = node.connect();
        for (int db = 0; db < 3; db++) {
            reader.run("SELECT " + db);
            for (String key : bulks(reader.run("KEYS *"))) {
                all.put(
                        db + "/" + key,
                        reader.run("PEXPIRETIME " + key) + content(reader, key) + reader.run("CACHE.TAGS " + key));
            }
        }
        return all;
    }

    private static String content(CommandHarness.Connection reader, String key) {
        return switch (reader.run("TYPE " + key)) {
            case "+string|" -> reader.run("GET " + key) + reader.run("OBJECT ENCODING " + key);
            case "+list|" -> reader.run("LRANGE " + key + " 0 -1");
            case "+set|" -> sorted(reader.run("SMEMBERS " + key));
            case "+zset|" -> reader.run("ZRANGE " + key + " 0 -1 WITHSCORES");
            case "+hash|" -> {
                StringBuilder text = new StringBuilder();
                for (String field :
                        bulks(reader.run("HKEYS " + key)).stream().sorted().toList()) {
                    text.append(field)
                            .append('=')
                            .append(reader.run("HGET " + key + " " + field))
                            .append(reader.run("HPEXPIRETIME " + key + " FIELDS 1 " + field));
                }
                yield text.toString();
            }
            default ->
                reader.run("XRANGE " + key + " - +")
                        + nodeless(reader.run("XINFO STREAM " + key))
                        + groups(reader, key);
        };
    }

    /** Without how many nodes there are: what comes in parts makes its own. */
    private static String nodeless(String info) {
        return info.replaceAll("radix-tree-(keys|nodes)\\|:\\d+", "");
    }

    private static String groups(CommandHarness.Connection reader, String key) {
        StringBuilder text = new StringBuilder(reader.run("XINFO GROUPS " + key));
        for (String group : List.of("g1", "g2")) {
            text.append(reader.run("XPENDING " + key + " " + group + " - + 1000000"));
        }
        return text.toString();
    }

    private static String sorted(String reply) {
        return bulks(reply).stream().sorted().toList().toString();
    }

    private static List<String> bulks(String reply) {
        String[] parts = reply.split("\\|", -1);
        List<String> found = new ArrayList<>();
        for (int i = 1; i < parts.length; i++) {
            if (!parts[i].isEmpty() && !parts[i].startsWith("$")) {
                found.add(parts[i]);
            }
        }
        return found;
    }

    void run(String... commands) {
        Arrays.stream(commands).forEach(client::run);
    }

    @Override
    public void close() {
        persistence.close();
    }
}
