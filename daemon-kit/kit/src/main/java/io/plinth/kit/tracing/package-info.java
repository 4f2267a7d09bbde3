/**
 * W3C trace context, as it is passed along.
 */
@NullMarked
package io.plinth.kit.tracing;

import org.jspecify.annotations.NullMarked;
