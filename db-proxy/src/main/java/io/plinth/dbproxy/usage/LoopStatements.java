package io.plinth.dbproxy.usage;

import io.plinth.dbproxy.sql.SqlLexer;
import io.plinth.dbproxy.sql.SqlTokens;
import java.util.LinkedHashMap;
import java.util.Map;

/** How long one event loop's statements of one database took; the least recently used is forgotten. Owned by that loop. */
public final class LoopStatements {
    private static final int MOST_TOKENS = 1000;
    private static final int LONGEST_TEXT = 500;

    private final StatementBook book;
    private final String database;
    private final int limit;
    private final Map<Long, Latencies.Recorder> recorders = new LinkedHashMap<>(16, 0.75f, true);

    LoopStatements(StatementBook book, String database, int limit) {
        this.book = book;
        this.database = database;
        this.limit = limit;
    }

    /** A statement took this long. */
    public void add(long fingerprint, byte[] sql, long nanos) {
        if (fingerprint == 0 || limit == 0) {
            return;
        }
        Latencies.Recorder known = recorders.get(fingerprint);
        if (known == null) {
            if (recorders.size() >= limit) {
                Map.Entry<Long, Latencies.Recorder> eldest =
                        recorders.entrySet().iterator().next();
                recorders.remove(eldest.getKey());
                book.close(database, eldest.getKey(), eldest.getValue());
            }
            known = book.open(database, fingerprint, text(sql));
            recorders.put(fingerprint, known);
        }
        known.record(nanos);
    }

    /** A statement's text without its values. */
    public static String text(byte[] sql) {
        SqlTokens tokens = SqlLexer.lex(sql, MOST_TOKENS);
        return tokens == null ? "(too long, or without its end)" : tokens.maskedText(LONGEST_TEXT);
    }
}
