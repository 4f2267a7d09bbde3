package io.plinth.dbproxy.shard;

import io.plinth.kit.file.WholeFile;
import io.plinth.kit.hashing.SlotPlanner;
import io.plinth.kit.hashing.SlotTable;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Which shard has each of the 1024 buckets of a database's sharded tables. Immutable; stored in the node's data folder
 * when first made, and never recomputed from the file after that.
 */
public final class BucketMap {
    /** Fixed for good: a row's bucket never changes. */
    public static final int BUCKETS = 1024;

    private static final String HEADER = "plinth-buckets 1";

    private final int epoch;
    private final SlotTable table;

    private BucketMap(int epoch, SlotTable table) {
        this.epoch = epoch;
        this.table = table;
    }

    /** Contiguous runs of equal length over the shards. */
    public static BucketMap fresh(Collection<String> shards) {
        Map<String, Integer> weights = new TreeMap<>();
        shards.forEach(shard -> weights.put(shard, 1));
        return new BucketMap(1, SlotPlanner.plan(SlotTable.empty(BUCKETS), weights));
    }

    public int epoch() {
        return epoch;
    }

    /** The shard of a key's hash. */
    public String shard(long hash) {
        String owner = table.owner((int) (hash & BUCKETS - 1));
        if (owner == null) {
            throw new IllegalStateException("bucket without a shard - bucket=" + (hash & BUCKETS - 1));
        }
        return owner;
    }

    /**
     * Reads the map stored in {@code file}, or makes and stores it. New tables are added; anything else that differs from
     * what is stored is refused, as rows would be looked for where they are not.
     *
     * @throws IllegalStateException with one line that says what differs and what to do
     */
    public static BucketMap open(Path file, String database, Collection<String> shards, Collection<ShardedTable> tables)
            throws IOException {
        Map<String, String> wanted = new TreeMap<>();
        tables.forEach(t -> wanted.put(t.name(), t.key() + " " + t.type()));
        if (!Files.exists(file)) {
            BucketMap map = fresh(shards);
            map.store(file, database, wanted);
            return map;
        }
        Stored stored = Stored.read(file);
        TreeSet<String> owners = new TreeSet<>(stored.map.table.counts().keySet());
        if (!owners.equals(new TreeSet<>(shards)) && stored.tables.isEmpty()) {
            BucketMap map = new BucketMap(stored.map.epoch + 1, fresh(shards).table);
            map.store(file, database, wanted);
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
        if (wanted.size() > stored.tables.size()) {
            stored.map.store(file, database, wanted);
        }
        return stored.map;
    }

    private static IllegalStateException contradiction(
            Path file, String database, String what, String stored, String wanted) {
        return new IllegalStateException("db-proxy.databases." + database + "." + what + ": " + wanted + " (expected: "
                + stored + ", by which rows are stored - " + file
                + "; moving buckets online is not built yet: put it back, or move the rows yourself and delete"
                + " that file)");
    }

    private void store(Path file, String database, Map<String, String> tables) throws IOException {
        StringBuilder text = new StringBuilder(HEADER + "\ndatabase " + database + "\nepoch " + epoch + "\n");
        tables.forEach((name, key) ->
                text.append("table ").append(key).append(' ').append(name).append('\n'));
        table.runs().forEach(run -> text.append("run " + run.from() + " " + run.to() + " " + run.node() + "\n"));
        text.append("end\n");
        WholeFile.replace(file, text);
    }

    /** What a file says. */
    private record Stored(BucketMap map, Map<String, String> tables) {
        static Stored read(Path file) throws IOException {
            List<String> lines = Files.readAllLines(file, StandardCharsets.UTF_8);
            Map<String, String> tables = new TreeMap<>();
            List<SlotTable.Run> runs = new ArrayList<>();
            int epoch = 0;
            if (lines.isEmpty()
                    || !lines.getFirst().equals(HEADER)
                    || !lines.getLast().equals("end")) {
                throw broken(file, null);
            }
            try {
                for (String line : lines) {
                    String[] words = line.split(" ", 4);
                    switch (words[0]) {
                        case "epoch" -> epoch = Integer.parseInt(words[1]);
                        case "table" -> tables.put(words[3], words[1] + " " + words[2]);
                        case "run" ->
                            runs.add(new SlotTable.Run(
                                    Integer.parseInt(words[1]), Integer.parseInt(words[2]), words[3]));
                        default -> {}
                    }
                }
                return new Stored(new BucketMap(epoch, SlotTable.of(BUCKETS, runs)), tables);
            } catch (IllegalArgumentException | IndexOutOfBoundsException e) {
                throw broken(file, e);
            }
        }

        private static IllegalStateException broken(Path file, @Nullable Exception cause) {
            return new IllegalStateException(
                    file + ": not a bucket map (expected: one written by db-proxy; restore it from a copy)", cause);
        }
    }
}
