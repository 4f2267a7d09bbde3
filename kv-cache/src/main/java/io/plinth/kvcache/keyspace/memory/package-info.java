/** Native memory by its address. */
@NullMarked
package io.plinth.kvcache.keyspace.memory;

import org.jspecify.annotations.NullMarked;
