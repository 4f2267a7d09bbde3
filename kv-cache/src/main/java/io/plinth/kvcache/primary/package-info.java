/** What this node is to those who copy it: SYNC, PSYNC and REPLCONF. */
@NullMarked
package io.plinth.kvcache.primary;

import org.jspecify.annotations.NullMarked;
