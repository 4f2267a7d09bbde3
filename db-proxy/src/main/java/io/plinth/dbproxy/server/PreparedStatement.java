package io.plinth.dbproxy.server;

import io.plinth.dbproxy.route.SqlPlan;
import io.plinth.dbproxy.rule.Rule;
import io.plinth.dbproxy.rule.RuleSet;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A text of SQL with parameter types, known on an event loop under one name for every client and server connection.
 * Owned by that loop; compared by identity.
 */
public final class PreparedStatement {
    private final long id;
    private final byte[] sql;
    private final int[] types;
    private final SqlPlan plan;
    private final String definition;
    private final @Nullable PreparedStatement needs;
    private final boolean cached;
    private @Nullable String serverName;
    private RuleSet ruledBy = RuleSet.NONE;
    private List<Rule> matching = List.of();
    private @Nullable Map<Rule, PreparedStatement> routed;

    public PreparedStatement(long id, byte[] sql, int[] types, SqlPlan plan) {
        this(id, sql, types, plan, "", null, true);
    }

    /**
     * A statement of SQL's own PREPARE or EXECUTE.
     *
     * @param definition what follows the name in PREPARE, empty for {@code AS} and the text
     * @param needs what the server must have prepared before
     */
    public PreparedStatement(
            long id, byte[] sql, int[] types, SqlPlan plan, String definition, @Nullable PreparedStatement needs) {
        this(id, sql, types, plan, definition, needs, false);
    }

    private PreparedStatement(
            long id,
            byte[] sql,
            int[] types,
            SqlPlan plan,
            String definition,
            @Nullable PreparedStatement needs,
            boolean cached) {
        this.cached = cached;
        this.needs = needs;
        this.definition = definition;
        this.id = id;
        this.sql = sql;
        this.types = types;
        this.plan = plan;
    }

    /** The rules that match its text, whoever sends it. */
    @SuppressWarnings("ReferenceEquality") // A reload makes another set, even of the same rules.
    public List<Rule> matching(RuleSet rules) {
        if (rules != ruledBy) {
            PreparedStatement text = needs == null ? this : needs;
            matching = rules.matching(text.sql, text.plan);
            ruledBy = rules;
            routed = null;
        }
        return matching;
    }

    /** The same statement as a rule of {@link #matching} routes it. */
    public PreparedStatement routed(Rule rule, Function<Rule, PreparedStatement> made) {
        Map<Rule, PreparedStatement> known = routed;
        if (known == null) {
            known = new HashMap<>();
            routed = known;
        }
        return known.computeIfAbsent(rule, made);
    }

    /** Its name on server connections, when the client has named it. */
    public String serverName() {
        String name = serverName;
        if (name == null) {
            // Most are sent once as they are, and never named.
            name = "plinth_" + id;
            serverName = name;
        }
        return name;
    }

    /** Whether it is the client's own text. */
    public boolean cached() {
        return cached;
    }

    public @Nullable PreparedStatement needs() {
        return needs;
    }

    /** The statement that prepares it with SQL. */
    public String prepare() {
        return "PREPARE " + serverName() + " "
                + (definition.isEmpty() ? "AS " + new String(sql, StandardCharsets.UTF_8) : definition);
    }

    public byte[] sql() {
        return sql;
    }

    public int[] types() {
        return types;
    }

    public SqlPlan plan() {
        return plan;
    }
}
