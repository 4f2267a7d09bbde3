/** Requests sent a second time, to a server whose answers nobody waits for: picked -&gt; queued -&gt; sent -&gt; compared. */
@NullMarked
package io.plinth.dbproxy.mirror;

import org.jspecify.annotations.NullMarked;
