package io.plinth.dbproxy.database;

import io.plinth.dbproxy.route.Classifier;
import io.plinth.dbproxy.route.SqlPlan;
import io.plinth.dbproxy.route.StatementPlan;
import io.plinth.dbproxy.rule.Rule;
import io.plinth.dbproxy.rule.RuleSet;
import io.plinth.dbproxy.server.PreparedStatement;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.WeakHashMap;
import org.jspecify.annotations.Nullable;

/** Planned texts of SQL, by database. Owned by one event loop; its counts may be read from anywhere. */
public final class StatementCaches {
    private static final int[] NO_TYPES = {};

    private final int limit;
    private final long mostBytes;
    private final PlanCounts counts;
    private final Map<Classifier, PlanCache> byClassifier = new WeakHashMap<>();
    private @Nullable Classifier recent;
    private @Nullable PlanCache recentCache;
    private long nextId = 1;

    /**
     * Caches of one loop.
     *
     * @param limit texts of a database that are kept, and as many shapes of texts
     * @param mostBytes what each of the two may take
     */
    public StatementCaches(int limit, long mostBytes, PlanCounts counts) {
        this.limit = limit;
        this.mostBytes = mostBytes;
        this.counts = counts;
    }

    /** The one object that stands for this text and these types on this loop, while it is remembered. */
    public PreparedStatement statement(Database database, byte[] sql, int[] types) {
        PlanCache cache = cache(database.classifier());
        PreparedStatement known = cache.text(sql, types);
        if (known == null) {
            known = new PreparedStatement(nextId++, sql, types, cache.plan(sql));
            cache.keep(known);
        }
        return known;
    }

    /** A text that is run as it is: it is not remembered by itself where others differ from it in literals only. */
    public PreparedStatement query(Database database, byte[] sql) {
        PlanCache cache = cache(database.classifier());
        PreparedStatement known = cache.text(sql, NO_TYPES);
        if (known == null) {
            known = new PreparedStatement(nextId++, sql, NO_TYPES, cache.plan(sql));
            if (!cache.shared()) {
                cache.keep(known);
            }
        }
        return known;
    }

    @SuppressWarnings("ReferenceEquality") // Nearly always the very same as before.
    private PlanCache cache(Classifier classifier) {
        PlanCache cache = recentCache;
        if (cache == null || classifier != recent) {
            cache = byClassifier.computeIfAbsent(classifier, each -> new PlanCache(each, limit, mostBytes, counts));
            recent = classifier;
            recentCache = cache;
        }
        return cache;
    }

    /** The statement as the rules route what this user sends. */
    public PreparedStatement routed(Database database, PreparedStatement statement, String user) {
        RuleSet rules = database.rules().statements();
        Rule rule = rules.isEmpty() ? null : RuleSet.routing(statement.matching(rules), user);
        String route = rule == null ? null : rule.config().route();
        return rule == null || route == null
                ? statement
                : statement.routed(
                        rule,
                        by -> new PreparedStatement(
                                nextId++,
                                statement.sql(),
                                statement.types(),
                                database.classifier().plan(statement.sql(), route)));
    }

    /** A statement that a client prepares with SQL: its own, whatever others have prepared. */
    public PreparedStatement prepared(Database database, StatementPlan.SqlPrepare prepare) {
        byte[] sql = prepare.sql().getBytes(StandardCharsets.UTF_8);
        return new PreparedStatement(
                nextId++, sql, NO_TYPES, database.classifier().plan(sql), prepare.definition(), null);
    }

    /** A text of ours that is run once, with the plan of another statement, which may have to be prepared first. */
    public PreparedStatement once(String sql, SqlPlan plan, @Nullable PreparedStatement needs) {
        return new PreparedStatement(nextId++, sql.getBytes(StandardCharsets.UTF_8), NO_TYPES, plan, "", needs);
    }
}
