/** Tests of {@link io.plinth.kvcache.keyspace.memory}. */
@NullMarked
package io.plinth.kvcache.keyspace.memory;

import org.jspecify.annotations.NullMarked;
