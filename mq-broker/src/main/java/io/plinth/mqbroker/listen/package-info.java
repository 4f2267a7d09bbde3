/**
 * The AMQP listener.
 */
@NullMarked
package io.plinth.mqbroker.listen;

import org.jspecify.annotations.NullMarked;
