/**
 * Where a statement goes: SQL bytes -&gt; tokens -&gt; plan -&gt; key -&gt; bucket -&gt; shard; primary or replica.
 */
@NullMarked
package io.plinth.dbproxy.route;

import org.jspecify.annotations.NullMarked;
