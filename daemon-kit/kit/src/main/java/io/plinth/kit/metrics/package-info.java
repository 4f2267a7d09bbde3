/**
 * Prometheus metrics, resolved once at construction.
 */
@NullMarked
package io.plinth.kit.metrics;

import org.jspecify.annotations.NullMarked;
