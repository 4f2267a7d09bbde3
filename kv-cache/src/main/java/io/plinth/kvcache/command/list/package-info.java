/** Commands on lists. */
@NullMarked
package io.plinth.kvcache.command.list;

import org.jspecify.annotations.NullMarked;
