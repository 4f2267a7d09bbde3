/** Transactions over several shards: two-phase commit, the log of its decisions, and what a crash leaves open. */
@NullMarked
package io.plinth.dbproxy.commit;

import org.jspecify.annotations.NullMarked;
