/**
 * kv-cache: bytes -&gt; {@code listen} -&gt; {@code wire} (RESP) -&gt; {@code session} (one client) -&gt; {@code command}
 * (checks, {@code cluster} slots, segment locks) -&gt; {@code keyspace} -&gt; reply, one flush per read.
 */
@NullMarked
package io.plinth.kvcache;

import org.jspecify.annotations.NullMarked;
