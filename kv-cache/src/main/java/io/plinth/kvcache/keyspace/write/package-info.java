/** Changes of collections: each takes a segment that is locked, changes the value, and has the segment tell the effect. */
@NullMarked
package io.plinth.kvcache.keyspace.write;

import org.jspecify.annotations.NullMarked;
