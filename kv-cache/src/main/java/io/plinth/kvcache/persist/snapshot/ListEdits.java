package io.plinth.kvcache.persist.snapshot;

import io.plinth.kvcache.keyspace.rdb.RdbException;

/** Is told how a list changed. */
public interface ListEdits {
    /** An element was put before the one at an index; it stands at a place, a length and the bytes. */
    void insert(long index, long at) throws RdbException;

    /** The element at an index is another one. */
    void set(long index, long at) throws RdbException;

    /** Elements went from an index on. */
    void cut(long index, long count) throws RdbException;
}
