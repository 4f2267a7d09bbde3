/**
 * What is counted of queues, exchanges and channels, and how it is told to management.
 */
@NullMarked
package io.plinth.mqbroker.stats;

import org.jspecify.annotations.NullMarked;
