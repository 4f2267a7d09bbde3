/**
 * Accepted channels: each gets a client's conversation.
 */
@NullMarked
package io.plinth.dbproxy.listen;

import org.jspecify.annotations.NullMarked;
