/**
 * Server connections to share: ask -&gt; idle one, new one or wait -&gt; use -&gt; give back.
 */
@NullMarked
package io.plinth.dbproxy.pool;

import org.jspecify.annotations.NullMarked;
