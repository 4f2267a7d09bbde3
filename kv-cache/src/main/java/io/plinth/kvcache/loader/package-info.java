/** Sources of values behind the cache: who asks them once for many, hands writes on, and holds commands back meanwhile. */
@NullMarked
package io.plinth.kvcache.loader;

import org.jspecify.annotations.NullMarked;
