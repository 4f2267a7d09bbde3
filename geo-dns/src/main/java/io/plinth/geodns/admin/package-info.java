/**
 * The explain route and the metrics.
 */
@NullMarked
package io.plinth.geodns.admin;

import org.jspecify.annotations.NullMarked;
