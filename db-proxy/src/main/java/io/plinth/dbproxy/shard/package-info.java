/**
 * Where a row is: key -&gt; hash -&gt; bucket -&gt; shard.
 */
@NullMarked
package io.plinth.dbproxy.shard;

import org.jspecify.annotations.NullMarked;
