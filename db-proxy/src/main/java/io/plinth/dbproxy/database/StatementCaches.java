package io.plinth.dbproxy.database;

import io.plinth.dbproxy.route.Classifier;
import io.plinth.dbproxy.route.SqlPlan;
import io.plinth.dbproxy.route.StatementPlan;
import io.plinth.dbproxy.server.PreparedStatement;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.WeakHashMap;
import org.jspecify.annotations.Nullable;

/** Planned texts of SQL, by database, least recently used first to go. Owned by one event loop. */
public final class StatementCaches {
    private static final int LONGEST_TEXT = 16 << 10;

    private final int limit;
    private final Map<Classifier, Cache> byClassifier = new WeakHashMap<>();
    private long nextId = 1;

    public StatementCaches(int limit) {
        this.limit = limit;
    }

    /** The one object that stands for this text and these types on this loop, while it is remembered. */
    public PreparedStatement statement(Database database, byte[] sql, int[] types) {
        if (sql.length > LONGEST_TEXT) {
            return plan(database, sql, types);
        }
        Cache cache = byClassifier.computeIfAbsent(database.classifier(), c -> new Cache(limit));
        Text text = new Text(sql, types);
        PreparedStatement known = cache.get(text);
        if (known == null) {
            known = plan(database, sql, types);
            cache.put(text, known);
        }
        return known;
    }

    /** A statement that a client prepares with SQL: its own, whatever others have prepared. */
    public PreparedStatement prepared(Database database, StatementPlan.SqlPrepare prepare) {
        byte[] sql = prepare.sql().getBytes(StandardCharsets.UTF_8);
        return new PreparedStatement(
                nextId++, sql, new int[0], database.classifier().plan(sql), prepare.definition(), null);
    }

    /** A text of ours that is run once, with the plan of another statement, which may have to be prepared first. */
    public PreparedStatement once(String sql, SqlPlan plan, @Nullable PreparedStatement needs) {
        return new PreparedStatement(nextId++, sql.getBytes(StandardCharsets.UTF_8), new int[0], plan, "", needs);
    }

    PreparedStatement plan(Database database, byte[] sql, int[] types) {
        return new PreparedStatement(nextId++, sql, types, database.classifier().plan(sql));
    }

    private static final class Cache extends LinkedHashMap<Text, PreparedStatement> {
        private final int limit;

        Cache(int limit) {
            super(16, 0.75f, true);
            this.limit = limit;
        }

        @Override
        protected boolean removeEldestEntry(Map.Entry<Text, PreparedStatement> eldest) {
            return size() > limit;
        }
    }

    private static final class Text {
        private final byte[] sql;
        private final int[] types;
        private final int hash;

        Text(byte[] sql, int[] types) {
            this.sql = sql;
            this.types = types;
            this.hash = 31 * Arrays.hashCode(sql) + Arrays.hashCode(types);
        }

        @Override
        public int hashCode() {
            return hash;
        }

        @Override
        public boolean equals(@Nullable Object other) {
            return other instanceof Text text && Arrays.equals(sql, text.sql) && Arrays.equals(types, text.types);
        }
    }
}
