/**
 * Streams: append-only queues that any number of readers read from any place.
 */
@NullMarked
package io.plinth.mqbroker.stream;

import org.jspecify.annotations.NullMarked;
