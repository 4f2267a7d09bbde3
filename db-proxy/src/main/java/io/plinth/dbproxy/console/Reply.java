package io.plinth.dbproxy.console;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a command is answered with.
 *
 * @param columns empty for a command without a table
 * @param notice shown beside it, or empty
 */
record Reply(List<Column> columns, List<List<@Nullable String>> rows, String tag, String notice) {
    /** A column; {@code type} is its OID. */
    record Column(String name, int type) {
        static final int TEXT = 25;
        static final int INT = 23;
        static final int BIG = 20;
    }

    static Reply done(String tag) {
        return new Reply(List.of(), List.of(), tag, "");
    }

    static Reply table(List<Column> columns, List<List<@Nullable String>> rows) {
        return new Reply(columns, rows, "SHOW", "");
    }
}
