/** Commands on strings as bits. */
@NullMarked
package io.plinth.kvcache.command.bits;

import org.jspecify.annotations.NullMarked;
