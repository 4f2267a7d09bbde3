/**
 * Probes of the policies' targets, turned into the snapshot's view of what is healthy.
 */
@NullMarked
package io.plinth.geodns.health;

import org.jspecify.annotations.NullMarked;
