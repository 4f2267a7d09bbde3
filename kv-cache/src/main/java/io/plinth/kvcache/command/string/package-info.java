/** Commands on strings as a whole. */
@NullMarked
package io.plinth.kvcache.command.string;

import org.jspecify.annotations.NullMarked;
