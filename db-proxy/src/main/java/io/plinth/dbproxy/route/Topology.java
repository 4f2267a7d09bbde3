package io.plinth.dbproxy.route;

import io.plinth.dbproxy.shard.BucketMap;
import io.plinth.dbproxy.shard.ShardedTable;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * A database's shards and what is where. Immutable.
 *
 * @param schemas shards by the schemas that are on them whole
 * @param buckets null for a database with one shard
 */
public record Topology(
        String database,
        List<String> shards,
        String defaultShard,
        Map<String, ShardedTable> tables,
        Map<String, String> schemas,
        @Nullable BucketMap buckets) {

    public Topology {
        shards = shards.stream().sorted().toList();
        tables = Map.copyOf(new TreeMap<>(tables));
        schemas = Map.copyOf(schemas);
    }

    /** A topology without stored buckets, for a database with one shard. */
    public static Topology single(String database, String shard) {
        return new Topology(database, List.of(shard), shard, Map.of(), Map.of(), null);
    }

    public static Map<String, ShardedTable> byName(List<ShardedTable> tables) {
        return tables.stream().collect(Collectors.toMap(ShardedTable::name, table -> table));
    }

    public boolean sharded() {
        return shards.size() > 1;
    }

    public Classifier classifier() {
        return classifier(tables);
    }

    /** With the tables as servers were found to have them. */
    public Classifier classifier(Map<String, ShardedTable> found) {
        return new Classifier(found, schemas, sharded());
    }

    /** A number of its own for each shard, from 1 to 1024, that it keeps. */
    public int number(String shard) {
        BucketMap map = buckets;
        return map == null ? 1 : map.number(shard);
    }

    /** The shard of a row with this key; null when no shard is meant for it. */
    public @Nullable String shard(ShardedTable table, List<Object> key) {
        BucketMap map = buckets;
        return map == null ? defaultShard : table.shard(key, map);
    }
}
