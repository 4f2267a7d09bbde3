/**
 * What a client sends up to a Sync, Flush or query, as one: gather -&gt; plan -&gt; write to a server, or answer.
 */
@NullMarked
package io.plinth.dbproxy.group;

import org.jspecify.annotations.NullMarked;
