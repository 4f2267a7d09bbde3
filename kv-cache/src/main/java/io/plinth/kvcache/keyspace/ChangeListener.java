package io.plinth.kvcache.keyspace;

/** Reads the stream of changes. Called under the segment's lock, in the order of the segment's sequence; must not block. */
@FunctionalInterface
public interface ChangeListener {
    void changed(Change change);
}
