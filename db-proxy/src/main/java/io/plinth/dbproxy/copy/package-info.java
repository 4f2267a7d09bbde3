/** COPY of tables over several shards: the client's bytes -&gt; rows -&gt; the shard of each; each shard's rows -&gt; one stream. */
@NullMarked
package io.plinth.dbproxy.copy;

import org.jspecify.annotations.NullMarked;
