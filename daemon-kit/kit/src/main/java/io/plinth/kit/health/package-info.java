/**
 * Probes with rise and fall thresholds: monitor -> client -> verdict.
 */
@NullMarked
package io.plinth.kit.health;

import org.jspecify.annotations.NullMarked;
