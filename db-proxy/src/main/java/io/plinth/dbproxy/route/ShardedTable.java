package io.plinth.dbproxy.route;

/**
 * A table whose rows are spread over shards.
 *
 * @param name folded as PostgreSQL folds it; any schema
 * @param key the column whose hash decides
 */
public record ShardedTable(String name, String key, KeyType type) {}
