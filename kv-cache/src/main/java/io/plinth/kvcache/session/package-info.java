/**
 * One client's connection: bytes in -&gt; decoder -&gt; {@link io.plinth.kvcache.session.Dispatcher} -&gt; one flush per read; and
 * what connections share: their registry and the subscriptions.
 */
@NullMarked
package io.plinth.kvcache.session;

import org.jspecify.annotations.NullMarked;
