/**
 * HyperLogLog: distinct elements counted in a string of Redis's layout, sparse while small.
 */
@NullMarked
package io.plinth.kvcache.command.hll;

import org.jspecify.annotations.NullMarked;
