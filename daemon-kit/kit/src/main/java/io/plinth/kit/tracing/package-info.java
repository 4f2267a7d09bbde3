/**
 * W3C trace context, as it is passed along, and the way of spans to a collector.
 */
@NullMarked
package io.plinth.kit.tracing;

import org.jspecify.annotations.NullMarked;
