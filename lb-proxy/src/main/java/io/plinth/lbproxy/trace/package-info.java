/** Spans of sampled requests, and their way to a collector (OTLP over HTTP), off the event loops. */
@NullMarked
package io.plinth.lbproxy.trace;

import org.jspecify.annotations.NullMarked;
