/**
 * PostgreSQL's v3 protocol: bytes -&gt; length-bounded frames -&gt; messages, and back.
 */
@NullMarked
package io.plinth.dbproxy.wire;

import org.jspecify.annotations.NullMarked;
