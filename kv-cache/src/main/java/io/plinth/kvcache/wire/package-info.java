/**
 * RESP2 and RESP3: request bytes -&gt; {@link io.plinth.kvcache.wire.Args}; replies through {@link io.plinth.kvcache.wire.ReplyWriter}.
 */
@NullMarked
package io.plinth.kvcache.wire;

import org.jspecify.annotations.NullMarked;
