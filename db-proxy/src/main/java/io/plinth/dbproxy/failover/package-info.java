/**
 * How servers are: probe -&gt; role, position, lag -&gt; who may take reads. Promotion comes later.
 */
@NullMarked
package io.plinth.dbproxy.failover;

import org.jspecify.annotations.NullMarked;
