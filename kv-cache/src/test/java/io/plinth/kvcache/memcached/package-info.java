@NullMarked
package io.plinth.kvcache.memcached;

import org.jspecify.annotations.NullMarked;
