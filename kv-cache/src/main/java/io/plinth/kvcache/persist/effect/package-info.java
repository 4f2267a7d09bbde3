/** Effects as bytes, and what they do to a keyspace when they are read again. */
@NullMarked
package io.plinth.kvcache.persist.effect;

import org.jspecify.annotations.NullMarked;
