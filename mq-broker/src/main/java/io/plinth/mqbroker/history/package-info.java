/**
 * What the numbers of the broker were, sample by sample, as readers of the management API ask for them.
 */
@NullMarked
package io.plinth.mqbroker.history;

import org.jspecify.annotations.NullMarked;
