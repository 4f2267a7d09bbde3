package io.plinth.dbproxy.database;

import io.plinth.dbproxy.route.Classifier;
import io.plinth.dbproxy.route.SharedPlan;
import io.plinth.dbproxy.route.SqlPlan;
import io.plinth.dbproxy.server.PreparedStatement;
import io.plinth.dbproxy.sql.SqlTokens;
import io.plinth.dbproxy.sql.TokenShape;
import java.util.Arrays;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.ToLongFunction;
import org.jspecify.annotations.Nullable;

/**
 * Plans of one database on one event loop, which owns it: by whole texts, and by texts apart from their literals. Least
 * recently used first to go.
 */
final class PlanCache {
    private static final int LONGEST_TEXT = 16 << 10;

    /** What a plan takes beside its text, about. */
    private static final int OVERHEAD = 400;

    private final Classifier classifier;
    private final PlanCounts counts;
    private final Recent<Text, PreparedStatement> texts;
    private final Recent<TokenShape, SharedPlan> shapes;
    private boolean shared;

    PlanCache(Classifier classifier, int limit, long mostBytes, PlanCounts counts) {
        this.classifier = classifier;
        this.counts = counts;
        this.texts = new Recent<>(limit, mostBytes, text -> OVERHEAD + text.sql.length + 4L * text.types.length);
        this.shapes = new Recent<>(limit, mostBytes, shape -> OVERHEAD + shape.bytes());
    }

    /** The statement kept for this text, or null. */
    @Nullable
    PreparedStatement text(byte[] sql, int[] types) {
        PreparedStatement known = sql.length > LONGEST_TEXT ? null : texts.get(new Text(sql, types));
        if (known != null) {
            counts.byText.inc();
        }
        return known;
    }

    void keep(PreparedStatement statement) {
        if (statement.sql().length <= LONGEST_TEXT) {
            texts.add(new Text(statement.sql(), statement.types()), statement);
        }
    }

    /** The plan of a text that is not kept. */
    SqlPlan plan(byte[] sql) {
        shared = false;
        SqlTokens tokens = Classifier.tokens(sql);
        // A hint is in a comment, which the shape leaves out.
        if (tokens == null || tokens.hint() != null || sql.length > LONGEST_TEXT) {
            counts.anew.inc();
            return classifier.plan(sql, tokens);
        }
        TokenShape shape = new TokenShape(tokens);
        if (shape.hasLiterals()) {
            SharedPlan known = shapes.get(shape);
            SqlPlan plan = known == null ? null : known.of(tokens);
            if (plan != null) {
                shared = true;
                counts.byShape.inc();
                return plan;
            }
        }
        counts.anew.inc();
        SqlPlan plan = classifier.plan(sql, tokens);
        SharedPlan made = shape.hasLiterals() ? SharedPlan.of(shape, plan) : null;
        if (made != null) {
            shared = true;
            shapes.add(shape, made);
        }
        return plan;
    }

    /** Whether the plan made last is kept for texts that differ in their literals. */
    boolean shared() {
        return shared;
    }

    private static final class Recent<K, V> {
        private final Map<K, V> all = new LinkedHashMap<>(16, 0.75f, true);
        private final int limit;
        private final long mostBytes;
        private final ToLongFunction<K> size;
        private long bytes;

        Recent(int limit, long mostBytes, ToLongFunction<K> size) {
            this.limit = limit;
            this.mostBytes = mostBytes;
            this.size = size;
        }

        @Nullable
        V get(K key) {
            return all.get(key);
        }

        void add(K key, V value) {
            if (all.put(key, value) == null) {
                bytes += size.applyAsLong(key);
            }
            Iterator<K> eldest = all.keySet().iterator();
            while (all.size() > limit || bytes > mostBytes) {
                bytes -= size.applyAsLong(eldest.next());
                eldest.remove();
            }
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
