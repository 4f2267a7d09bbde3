package io.plinth.dbproxy.shard;

import org.jspecify.annotations.Nullable;

/**
 * A table whose rows are spread over shards.
 *
 * @param name folded as PostgreSQL folds it; any schema
 * @param key the column whose hash decides
 * @param refusal why no statement on it can be routed, or null: a view of sharded tables, a key of another type
 */
public record ShardedTable(
        String name, String key, KeyType type, @Nullable String refusal) {
    public ShardedTable(String name, String key, KeyType type) {
        this(name, key, type, null);
    }
}
