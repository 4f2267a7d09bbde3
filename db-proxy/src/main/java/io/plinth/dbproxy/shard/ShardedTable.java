package io.plinth.dbproxy.shard;

import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * A table that is not simply on the default shard.
 *
 * @param name folded as PostgreSQL folds it; any schema
 * @param columns the columns that decide on a row's shard, in the order of their hash; none where no key decides
 * @param refusal why no statement on it can be routed, or null: a view of sharded tables, a key of another type
 */
public record ShardedTable(
        String name,
        List<Column> columns,
        Scheme scheme,
        @Nullable String refusal) {
    /** A column of a key. */
    public record Column(String name, KeyType type) {}

    public ShardedTable {
        columns = List.copyOf(columns);
    }

    /** Hashed by one column. */
    public ShardedTable(String name, String key, KeyType type) {
        this(name, List.of(new Column(key, type)), new Scheme.Hash(), null);
    }

    /** The same table, of which no statement is routed any more. */
    public ShardedTable refusing(String why) {
        return new ShardedTable(name, columns, scheme, why);
    }

    /** Whether a key decides on a row's shard. */
    public boolean keyed() {
        return scheme.keyed();
    }

    /** The key's columns, for people. */
    public String key() {
        if (columns.size() == 1) {
            return columns.getFirst().name();
        }
        return columns.isEmpty()
                ? "the key"
                : columns.stream().map(Column::name).collect(Collectors.joining(" and "));
    }

    /** Which column of the key this name is, or -1. */
    public int column(String wanted) {
        for (int i = 0; i < columns.size(); i++) {
            if (columns.get(i).name().equals(wanted)) {
                return i;
            }
        }
        return -1;
    }

    /** Whether rows of both with equal keys are on one shard. */
    public boolean together(ShardedTable other) {
        if (columns.size() != other.columns.size() || !scheme.agrees(other.scheme)) {
            return false;
        }
        for (int i = 0; i < columns.size(); i++) {
            if (columns.get(i).type() != other.columns.get(i).type()) {
                return false;
            }
        }
        return true;
    }

    /** PostgreSQL's hash of a row by which it chooses the partition. */
    public long hash(List<Object> values) {
        long row = 0;
        for (int i = 0; i < columns.size(); i++) {
            row = PartitionHash.combine(row, columns.get(i).type().extendedHash(values.get(i)));
        }
        return row;
    }

    /** The shard of a row with this key; null when no shard is meant for it. */
    public @Nullable String shard(List<Object> values, BucketMap buckets) {
        return switch (scheme) {
            case Scheme.Hash _ -> buckets.shard(hash(values));
            case Scheme.Ring _ -> buckets.ringShard(hash(values));
            case Scheme.Ranges ranges -> ranges.shard(columns.getFirst().type(), values.getFirst());
            case Scheme.Listed listed -> listed.shard(columns.getFirst().type(), values.getFirst());
            case Scheme.Looked looked -> looked.shard(columns.getFirst().type(), values.getFirst());
            case Scheme.Whole whole -> whole.shard();
            case Scheme.Copied _ -> null;
        };
    }
}
