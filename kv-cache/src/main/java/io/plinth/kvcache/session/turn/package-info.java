/** What the connections of an event loop do together in one turn of it, whichever protocol they speak: read, look ahead, run, send. */
@NullMarked
package io.plinth.kvcache.session.turn;

import org.jspecify.annotations.NullMarked;
