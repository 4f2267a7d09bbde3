/**
 * What is derived from the logs: message index and definitions in RocksDB, and recovery from both.
 */
@NullMarked
package io.plinth.mqbroker.index;

import org.jspecify.annotations.NullMarked;
