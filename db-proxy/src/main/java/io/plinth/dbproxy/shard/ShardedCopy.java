package io.plinth.dbproxy.shard;

import java.util.List;

/**
 * A COPY of a table whose rows are on several shards, or on all.
 *
 * @param in whether rows come from the client
 * @param columns the columns it names; empty for all that the table has
 * @param header whether the first line is no row
 * @param none the text that stands for NULL
 */
public record ShardedCopy(
        ShardedTable table,
        boolean in,
        List<String> columns,
        Format format,
        byte delimiter,
        byte quote,
        byte escape,
        boolean header,
        String none) {
    /** How rows are written. */
    public enum Format {
        TEXT,
        CSV,
        BINARY
    }

    public ShardedCopy {
        columns = List.copyOf(columns);
    }
}
