/**
 * The segment log: one per shard, appended and synced by one writer thread, CRC32C per record.
 */
@NullMarked
package io.plinth.mqbroker.log;

import org.jspecify.annotations.NullMarked;
