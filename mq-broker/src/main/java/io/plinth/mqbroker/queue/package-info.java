/**
 * Shards and the queues they own, and the one place where definitions change.
 */
@NullMarked
package io.plinth.mqbroker.queue;

import org.jspecify.annotations.NullMarked;
