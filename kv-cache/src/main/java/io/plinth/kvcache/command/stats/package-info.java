/** How often commands ran, how long they took, how they failed, and which were slow. */
@NullMarked
package io.plinth.kvcache.command.stats;

import org.jspecify.annotations.NullMarked;
