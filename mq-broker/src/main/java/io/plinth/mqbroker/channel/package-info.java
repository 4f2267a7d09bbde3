/**
 * The books of one channel: content that is arriving, publishes to confirm, deliveries to settle. Plain logic.
 */
@NullMarked
package io.plinth.mqbroker.channel;

import org.jspecify.annotations.NullMarked;
