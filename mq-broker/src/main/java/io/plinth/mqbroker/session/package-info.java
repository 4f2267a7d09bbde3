/**
 * Connections and channels: handshake, channel state, publishing with confirms, consuming with acknowledgements.
 */
@NullMarked
package io.plinth.mqbroker.session;

import org.jspecify.annotations.NullMarked;
