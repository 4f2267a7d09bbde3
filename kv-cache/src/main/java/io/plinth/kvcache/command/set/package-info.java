/** Commands on sets. */
@NullMarked
package io.plinth.kvcache.command.set;

import org.jspecify.annotations.NullMarked;
