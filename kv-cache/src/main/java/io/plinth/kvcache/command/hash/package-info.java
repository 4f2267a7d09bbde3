/** Commands on hashes. */
@NullMarked
package io.plinth.kvcache.command.hash;

import org.jspecify.annotations.NullMarked;
