/** Commands on sorted sets. */
@NullMarked
package io.plinth.kvcache.command.zset;

import org.jspecify.annotations.NullMarked;
