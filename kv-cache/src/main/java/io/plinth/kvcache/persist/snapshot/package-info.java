/** Snapshots: all keys in one file, written while they change. */
@NullMarked
package io.plinth.kvcache.persist.snapshot;

import org.jspecify.annotations.NullMarked;
