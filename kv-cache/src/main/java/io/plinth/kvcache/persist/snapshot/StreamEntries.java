package io.plinth.kvcache.persist.snapshot;

import io.plinth.kvcache.keyspace.rdb.RdbException;
import io.plinth.kvcache.keyspace.stream.StreamId;
import java.util.List;

/** Takes the entries of a stream, in the order of their ids. */
@FunctionalInterface
public interface StreamEntries {
    /** The next one; {@code fields} are fields and values in turn. */
    void entry(StreamId id, List<byte[]> fields) throws RdbException;
}
