/**
 * A client's conversation: start-up -&gt; authentication -&gt; group of messages -&gt; plan -&gt; server connection -&gt; replies.
 */
@NullMarked
package io.plinth.dbproxy.client;

import org.jspecify.annotations.NullMarked;
