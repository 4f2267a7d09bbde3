/** What is left of the keys after a restart: journal, snapshots and the way back. */
@NullMarked
package io.plinth.kvcache.persist;

import org.jspecify.annotations.NullMarked;
