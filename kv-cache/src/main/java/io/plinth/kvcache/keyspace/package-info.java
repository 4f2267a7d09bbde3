/**
 * The keys of one node: 256 segments, each with its table, expiry wheel and eviction queues, under one lock each;
 * every change leaves through one point as a {@link io.plinth.kvcache.keyspace.Change}.
 */
@NullMarked
package io.plinth.kvcache.keyspace;

import org.jspecify.annotations.NullMarked;
