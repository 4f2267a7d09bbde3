/**
 * Exchanges, bindings and routing. Plain logic: no channel type, so a test needs no socket.
 */
@NullMarked
package io.plinth.mqbroker.exchange;

import org.jspecify.annotations.NullMarked;
