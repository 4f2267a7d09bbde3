package io.plinth.dbproxy.shard;

import io.plinth.kit.file.WholeFile;
import io.plinth.kit.hashing.Ring;
import io.plinth.kit.hashing.SlotPlanner;
import io.plinth.kit.hashing.SlotTable;
import java.io.IOException;
import java.net.URLDecoder;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Which shard has each of the 1024 buckets of a database's sharded tables: those of the hash, those of the ring, and for a
 * table by ranges, lists or the like one bucket of its own for each part of its keys. Immutable; stored in the node's data
 * folder when first made, and never recomputed from the file after that.
 */
public final class BucketMap {
    /** Fixed for good: a row's bucket never changes. */
    public static final int BUCKETS = 1024;

    private static final String HEADER = "plinth-buckets 1";

    private final int epoch;
    private final SlotTable table;
    private final SlotTable ring;
    private final Map<String, Integer> numbers;

    private BucketMap(int epoch, SlotTable table, SlotTable ring, Map<String, Integer> numbers) {
        this.epoch = epoch;
        this.table = table;
        this.ring = ring;
        this.numbers = Map.copyOf(numbers);
    }

    /** Contiguous runs of equal length over the shards, and a ring of them. */
    public static BucketMap fresh(Collection<String> shards) {
        return fresh(1, shards);
    }

    private static BucketMap fresh(int epoch, Collection<String> shards) {
        Map<String, Integer> weights = new TreeMap<>();
        shards.forEach(shard -> weights.put(shard, 1));
        return new BucketMap(
                epoch, SlotPlanner.plan(SlotTable.empty(BUCKETS), weights), ring(weights), numbers(weights.keySet()));
    }

    private static SlotTable ring(Map<String, Integer> weights) {
        Ring places = Ring.of(weights);
        List<SlotTable.Run> runs = new ArrayList<>();
        for (int bucket = 0; bucket < BUCKETS; bucket++) {
            runs.add(new SlotTable.Run(bucket, bucket, places.owner(bucket)));
        }
        return SlotTable.of(BUCKETS, runs);
    }

    /** Their places among all of them. */
    private static Map<String, Integer> numbers(Collection<String> shards) {
        Map<String, Integer> numbers = new TreeMap<>();
        new TreeSet<>(shards).forEach(shard -> numbers.put(shard, numbers.size() + 1));
        return numbers;
    }

    /** A number of its own for each shard, from 1 to 1024, that it keeps. */
    public int number(String shard) {
        Integer number = numbers.get(shard);
        if (number == null) {
            throw new IllegalArgumentException("shard: " + shard + " (expected: one of " + numbers.keySet() + ")");
        }
        return number;
    }

    public int epoch() {
        return epoch;
    }

    /** The shard of a key's hash. */
    public String shard(long hash) {
        return owner(table, hash);
    }

    /** The shard of a key's hash on the ring. */
    String ringShard(long hash) {
        return owner(ring, hash);
    }

    private static String owner(SlotTable table, long hash) {
        String owner = table.owner((int) (hash & BUCKETS - 1));
        if (owner == null) {
            throw new IllegalStateException("bucket without a shard - bucket=" + (hash & BUCKETS - 1));
        }
        return owner;
    }

    /**
     * Reads the map stored in {@code file}, or makes and stores it. New tables, and new parts of keys that no shard was
     * meant for, are added; anything else that differs from what is stored is refused, as rows would be looked for where
     * they are not.
     *
     * @throws IllegalStateException with one line that says what differs and what to do
     */
    public static BucketMap open(Path file, String database, Collection<String> shards, Collection<ShardedTable> tables)
            throws IOException {
        Map<String, String> wanted = new TreeMap<>();
        tables.forEach(t -> wanted.put(t.name(), describe(t)));
        Rules rules = new Rules(new TreeMap<>());
        if (!Files.exists(file)) {
            BucketMap map = fresh(shards);
            tables.forEach(rules::add);
            map.store(file, database, wanted, rules);
            return map;
        }
        Stored stored = Stored.read(file);
        TreeSet<String> owners = new TreeSet<>(stored.map.table.counts().keySet());
        if (!owners.equals(new TreeSet<>(shards)) && stored.tables.isEmpty()) {
            BucketMap map = fresh(stored.map.epoch + 1, shards);
            tables.forEach(rules::add);
            map.store(file, database, wanted, rules);
            return map;
        }
        if (!owners.equals(new TreeSet<>(shards))) {
            throw contradiction(file, database, "shards", owners.toString(), new TreeSet<>(shards).toString());
        }
        stored.tables.forEach((table, key) -> {
            if (!key.equals(wanted.get(table))) {
                throw contradiction(
                        file,
                        database,
                        "tables." + table,
                        key,
                        String.valueOf(wanted.getOrDefault(table, "not sharded")));
            }
        });
        boolean grows = wanted.size() > stored.tables.size();
        for (ShardedTable each : tables) {
            String differs = stored.rules.difference(each);
            if (differs != null) {
                throw contradiction(file, database, "tables." + each.name(), differs, "another shard, or none");
            }
            grows |= stored.rules.add(each);
        }
        if (!grows) {
            return stored.map;
        }
        BucketMap map = new BucketMap(
                stored.rules.changed ? stored.map.epoch + 1 : stored.map.epoch,
                stored.map.table,
                stored.map.ring,
                stored.map.numbers);
        map.store(file, database, wanted, stored.rules);
        return map;
    }

    private static String describe(ShardedTable table) {
        if (table.columns().isEmpty()) {
            return "- " + table.scheme().title();
        }
        String types = table.columns().stream().map(c -> c.type().name()).collect(Collectors.joining(","));
        return table.columns().stream().map(ShardedTable.Column::name).collect(Collectors.joining(",")) + " " + types
                + (table.scheme() instanceof Scheme.Hash
                        ? ""
                        : "/" + table.scheme().title());
    }

    private static IllegalStateException contradiction(
            Path file, String database, String what, String stored, String wanted) {
        return new IllegalStateException("db-proxy.databases." + database + "." + what + ": " + wanted + " (expected: "
                + stored + ", by which rows are stored - " + file
                + "; moving buckets online is not built yet: put it back, or move the rows yourself and delete"
                + " that file)");
    }

    private void store(Path file, String database, Map<String, String> tables, Rules rules) throws IOException {
        StringBuilder text = new StringBuilder(HEADER + "\ndatabase " + database + "\nepoch " + epoch + "\n");
        tables.forEach((name, key) ->
                text.append("table ").append(key).append(' ').append(name).append('\n'));
        new TreeMap<>(numbers).forEach((shard, number) -> text.append("shard " + number + " " + shard + "\n"));
        table.runs().forEach(run -> text.append("run " + run.from() + " " + run.to() + " " + run.node() + "\n"));
        ring.runs().forEach(run -> text.append("ring " + run.from() + " " + run.to() + " " + run.node() + "\n"));
        rules.byTable.forEach((name, all) -> all.forEach((what, rule) -> text.append("rule " + rule.bucket + " "
                + rule.shard + " " + URLEncoder.encode(what, StandardCharsets.UTF_8) + " " + name + "\n")));
        text.append("end\n");
        WholeFile.replace(file, text);
    }

    private record Rule(int bucket, String shard) {}

    /** The parts of keys, by table, each with the bucket it has been given. */
    private static final class Rules {
        final Map<String, Map<String, Rule>> byTable;
        boolean changed;

        Rules(Map<String, Map<String, Rule>> byTable) {
            this.byTable = byTable;
        }

        /** What is stored of a table that the file says otherwise, or null. */
        @Nullable
        String difference(ShardedTable table) {
            Map<String, Rule> stored = byTable.getOrDefault(table.name(), Map.of());
            Map<String, String> wanted = table.scheme().rules();
            for (Map.Entry<String, Rule> entry : stored.entrySet()) {
                String shard = entry.getValue().shard;
                if (!shard.equals(wanted.get(entry.getKey()))) {
                    return (entry.getKey() + " on " + shard).strip();
                }
            }
            // What is listed anew was on the shard of all the rest.
            return stored.containsKey(Scheme.REST) && wanted.size() > stored.size()
                    ? "no further values, as all others are on " + stored.get(Scheme.REST).shard
                    : null;
        }

        boolean add(ShardedTable table) {
            boolean added = false;
            Map<String, Rule> stored = byTable.computeIfAbsent(table.name(), name -> new TreeMap<>());
            for (Map.Entry<String, String> rule : table.scheme().rules().entrySet()) {
                if (stored.containsKey(rule.getKey())) {
                    continue;
                }
                if (stored.size() >= BUCKETS) {
                    throw new IllegalStateException(
                            "tables." + table.name() + ": more than " + BUCKETS + " parts (expected: fewer)");
                }
                stored.put(rule.getKey(), new Rule(stored.size(), rule.getValue()));
                added = true;
            }
            changed |= added;
            return added;
        }
    }

    /** What a file says. */
    private record Stored(BucketMap map, Map<String, String> tables, Rules rules) {
        static Stored read(Path file) throws IOException {
            List<String> lines = Files.readAllLines(file, StandardCharsets.UTF_8);
            Map<String, String> tables = new TreeMap<>();
            Map<String, Map<String, Rule>> rules = new TreeMap<>();
            List<SlotTable.Run> runs = new ArrayList<>();
            List<SlotTable.Run> ringRuns = new ArrayList<>();
            Map<String, Integer> numbers = new TreeMap<>();
            int epoch = 0;
            if (lines.isEmpty()
                    || !lines.getFirst().equals(HEADER)
                    || !lines.getLast().equals("end")) {
                throw broken(file, null);
            }
            try {
                for (String line : lines) {
                    String[] words = line.split(" ", line.startsWith("rule ") ? 5 : 4);
                    switch (words[0]) {
                        case "epoch" -> epoch = Integer.parseInt(words[1]);
                        case "table" -> tables.put(words[3], words[1] + " " + words[2]);
                        case "shard" -> numbers.put(words[2], Integer.parseInt(words[1]));
                        case "run" -> runs.add(run(words));
                        case "ring" -> ringRuns.add(run(words));
                        case "rule" ->
                            rules.computeIfAbsent(words[4], name -> new TreeMap<>())
                                    .put(
                                            URLDecoder.decode(words[3], StandardCharsets.UTF_8),
                                            new Rule(Integer.parseInt(words[1]), words[2]));
                        default -> {}
                    }
                }
                SlotTable hash = SlotTable.of(BUCKETS, runs);
                // Files of before the ring have none, and no table on it.
                SlotTable ring = ringRuns.isEmpty() ? ring(weights(hash)) : SlotTable.of(BUCKETS, ringRuns);
                Map<String, Integer> known =
                        numbers.isEmpty() ? numbers(weights(hash).keySet()) : numbers;
                return new Stored(new BucketMap(epoch, hash, ring, known), tables, new Rules(rules));
            } catch (IllegalArgumentException | IndexOutOfBoundsException e) {
                throw broken(file, e);
            }
        }

        private static Map<String, Integer> weights(SlotTable hash) {
            Map<String, Integer> weights = new TreeMap<>();
            hash.counts().keySet().forEach(shard -> weights.put(shard, 1));
            return weights;
        }

        private static SlotTable.Run run(String[] words) {
            return new SlotTable.Run(Integer.parseInt(words[1]), Integer.parseInt(words[2]), words[3]);
        }

        private static IllegalStateException broken(Path file, @Nullable Exception cause) {
            return new IllegalStateException(
                    file + ": not a bucket map (expected: one written by db-proxy; restore it from a copy)", cause);
        }
    }
}
