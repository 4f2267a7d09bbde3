/** Writes that are acknowledged once they are on this node's disk, and handed on to their loaders afterwards. */
@NullMarked
package io.plinth.kvcache.loader.behind;

import org.jspecify.annotations.NullMarked;
