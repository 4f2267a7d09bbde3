/** Follows a Redis: its keys by a full synchronisation, then its writes as it makes them. */
@NullMarked
package io.plinth.kvcache.replica;

import org.jspecify.annotations.NullMarked;
