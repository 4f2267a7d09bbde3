/** Commands on streams and their consumer groups. */
@NullMarked
package io.plinth.kvcache.command.stream;

import org.jspecify.annotations.NullMarked;
