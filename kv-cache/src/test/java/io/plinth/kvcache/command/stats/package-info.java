@NullMarked
package io.plinth.kvcache.command.stats;

import org.jspecify.annotations.NullMarked;
