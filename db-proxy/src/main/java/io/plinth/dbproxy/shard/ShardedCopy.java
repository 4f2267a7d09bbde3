package io.plinth.dbproxy.shard;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A COPY of a table whose rows are on several shards, or on all.
 *
 * @param in whether rows come from the client
 * @param columns the columns it names; empty for all that the table has
 * @param header whether the first line is no row
 * @param none the text that stands for NULL
 * @param fallback the text that stands for the column's default, or null where there is none
 * @param quoted the columns that are quoted in any case; {@code *} among them for all
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
        String none,
        @Nullable String fallback,
        List<String> quoted) {
    /** How rows are written. */
    public enum Format {
        TEXT,
        CSV,
        BINARY
    }

    public ShardedCopy {
        columns = List.copyOf(columns);
        quoted = List.copyOf(quoted);
    }

    /** Whether a field of this text, not quoted, has no value that is known here. */
    public boolean unknown(String field) {
        return field.equals(none) || field.equals(fallback);
    }
}
