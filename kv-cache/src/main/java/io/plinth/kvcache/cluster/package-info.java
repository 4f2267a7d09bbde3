/**
 * Which node owns which slot: the file's nodes and the stored slot table -&gt; {@link io.plinth.kvcache.cluster.Topology}.
 */
@NullMarked
package io.plinth.kvcache.cluster;

import org.jspecify.annotations.NullMarked;
