/**
 * One connection to a PostgreSQL server: connect -&gt; log in -&gt; send and account for every reply -&gt; close when in doubt.
 */
@NullMarked
package io.plinth.dbproxy.server;

import org.jspecify.annotations.NullMarked;
