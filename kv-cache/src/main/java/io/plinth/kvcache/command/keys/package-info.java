/** Commands on keys of any type. */
@NullMarked
package io.plinth.kvcache.command.keys;

import org.jspecify.annotations.NullMarked;
