/** What a queue holds and has not handed out: in which order it is ready, what of it waits, and which part is in the index only. */
@NullMarked
package io.plinth.mqbroker.queue.ready;

import org.jspecify.annotations.NullMarked;
