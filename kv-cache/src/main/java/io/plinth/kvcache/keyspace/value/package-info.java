/**
 * What a key can hold. Each collection has a packed form, one byte array, and a large one; all are guarded by the segment's lock
 * of their key and changed only through the segment.
 */
@NullMarked
package io.plinth.kvcache.keyspace.value;

import org.jspecify.annotations.NullMarked;
