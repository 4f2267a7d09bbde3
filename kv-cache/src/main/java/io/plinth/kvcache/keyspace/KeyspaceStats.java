package io.plinth.kvcache.keyspace;

/**
 * What happened in a keyspace, summed over its segments.
 *
 * @param hits reads that found their key
 * @param misses reads that did not
 * @param expired keys removed because their time was over
 * @param evicted keys removed for their memory
 * @param keys how many keys there are
 * @param bytes what they take
 */
public record KeyspaceStats(long hits, long misses, long expired, long evicted, long keys, long bytes) {}
