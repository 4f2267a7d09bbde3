@NullMarked
package io.plinth.kvcache.replica;

import org.jspecify.annotations.NullMarked;
