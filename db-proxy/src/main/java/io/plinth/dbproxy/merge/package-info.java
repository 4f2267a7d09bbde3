/**
 * One answer out of several shards': rows -&gt; compared, combined -&gt; the client's rows. Plain logic.
 */
@NullMarked
package io.plinth.dbproxy.merge;

import org.jspecify.annotations.NullMarked;
