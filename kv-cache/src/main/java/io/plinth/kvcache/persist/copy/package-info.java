/** Files of all keys at one moment in Redis's form, for who asks this node for a copy. */
@NullMarked
package io.plinth.kvcache.persist.copy;

import org.jspecify.annotations.NullMarked;
