/** Tests of copies. */
@NullMarked
package io.plinth.kvcache.persist.copy;

import org.jspecify.annotations.NullMarked;
