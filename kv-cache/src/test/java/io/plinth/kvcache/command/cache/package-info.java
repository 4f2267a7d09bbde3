@NullMarked
package io.plinth.kvcache.command.cache;

import org.jspecify.annotations.NullMarked;
