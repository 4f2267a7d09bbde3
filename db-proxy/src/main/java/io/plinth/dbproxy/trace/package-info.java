/** Trace contexts that clients send with their statements, and spans of the sampled ones for a collector, off the event loops. */
@NullMarked
package io.plinth.dbproxy.trace;

import org.jspecify.annotations.NullMarked;
