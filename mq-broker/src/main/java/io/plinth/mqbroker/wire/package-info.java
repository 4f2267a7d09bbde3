/**
 * The AMQP 0-9-1 codec: frames, methods, field tables and content properties, with every limit that keeps a peer honest.
 */
@NullMarked
package io.plinth.mqbroker.wire;

import org.jspecify.annotations.NullMarked;
