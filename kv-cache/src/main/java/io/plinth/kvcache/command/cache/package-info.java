/** Commands of our own for caching, and what patterns do to the others. */
@NullMarked
package io.plinth.kvcache.command.cache;

import org.jspecify.annotations.NullMarked;
