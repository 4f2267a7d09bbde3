/**
 * Headers that queues read and write: what a message is known by, how it died, how often it came back.
 */
@NullMarked
package io.plinth.mqbroker.mark;

import org.jspecify.annotations.NullMarked;
