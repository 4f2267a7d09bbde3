package io.plinth.dbproxy.route;

import static io.plinth.dbproxy.sql.SqlTokens.*;

import io.plinth.dbproxy.route.StatementPlan.Kind;
import io.plinth.dbproxy.route.StatementPlan.Pin;
import io.plinth.dbproxy.route.StatementPlan.Refused;
import io.plinth.dbproxy.shard.Scheme;
import io.plinth.dbproxy.shard.ShardedCopy;
import io.plinth.dbproxy.shard.ShardedTable;
import io.plinth.dbproxy.sql.BlockBody;
import io.plinth.dbproxy.sql.Functions;
import io.plinth.dbproxy.sql.SqlLexer;
import io.plinth.dbproxy.sql.SqlTokens;
import io.plinth.dbproxy.sql.StatementEnds;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Says of SQL what routing must know. It never judges syntax: what it does not understand goes unchanged to the
 * primary of the default shard, unless a sharded table is named in it, and then it is refused.
 */
public final class Classifier {
    private static final int MOST_TOKENS = 1_000_000;

    private static final Words CHANGING = Words.of("insert", "update", "delete", "merge", "into", "share");

    private final Map<String, ShardedTable> tables;
    private final long traits;
    private final Map<String, String> schemas;
    private final boolean sharded;

    /** {@code sharded} is whether there is more than one shard. */
    public Classifier(Map<String, ShardedTable> tables, boolean sharded) {
        this(tables, Map.of(), sharded);
    }

    /** {@code schemas} are the shards of schemas that are on one as a whole. */
    public Classifier(Map<String, ShardedTable> tables, Map<String, String> schemas, boolean sharded) {
        this.tables = Map.copyOf(tables);
        this.traits = SqlTokens.traits(this.tables.keySet());
        this.schemas = Map.copyOf(schemas);
        this.sharded = sharded;
    }

    /** The plan of a string of statements. */
    public SqlPlan plan(byte[] sql) {
        return plan(sql, tokens(sql));
    }

    /** What the plan is made of; null where the text has no end, or too many tokens. */
    public static @Nullable SqlTokens tokens(byte[] sql) {
        return SqlLexer.lex(sql, MOST_TOKENS);
    }

    /** As above, of a text that is cut into {@link #tokens}. */
    public SqlPlan plan(byte[] sql, @Nullable SqlTokens tokens) {
        return plan(sql, tokens, "");
    }

    /** The plan with a further hint, such as a rule's; of two shards the further one counts. */
    public SqlPlan plan(byte[] sql, String further) {
        return plan(sql, tokens(sql), further);
    }

    private SqlPlan plan(byte[] sql, @Nullable SqlTokens tokens, String further) {
        if (tokens == null) {
            StatementPlan plan = StatementPlan.write(StatementPlan.UNSHARDED);
            return new SqlPlan(
                    List.of(
                            sharded && sql.length > MOST_TOKENS
                                    ? plan.refused(
                                            "statement: more than " + MOST_TOKENS + " tokens (expected: fewer)",
                                            "Split it, or use COPY.")
                                    : plan),
                    null);
        }
        List<StatementPlan> plans = new ArrayList<>();
        int from = 0;
        String hint = tokens.hint();
        Hints hints = hint == null && further.isEmpty() ? null : Hints.of((hint == null ? "" : hint + " ") + further);
        while (from < tokens.count()) {
            int to = StatementEnds.end(tokens, from);
            if (to > from) {
                StatementPlan plan = statement(tokens, from, to);
                plans.add(hints == null ? plan : hints.apply(plan, tokens, from));
            }
            from = to + 1;
        }
        boolean begins = plans.size() == 1 && plans.getFirst().kind() == Kind.BEGIN;
        return new SqlPlan(
                plans, begins ? begin(tokens) : null, tokens.fingerprint(), hints == null ? null : hints.key());
    }

    private StatementPlan statement(SqlTokens tokens, int from, int to) {
        StatementPlan plan = switch (tokens.name(from)) {
            case "select", "values", "table", "with" -> query(tokens, from, to);
            case "insert", "update", "delete", "merge" ->
                shard(tokens, from, to, StatementPlan.write(StatementPlan.UNSHARDED));
            case "begin" -> StatementPlan.neutral(Kind.BEGIN);
            case "start" -> StatementPlan.neutral(Kind.BEGIN);
            case "commit", "end" ->
                tokens.is(from + 1, "prepared") ? write(tokens, from, to) : end(tokens, from, to, Kind.COMMIT);
            case "rollback" -> rollback(tokens, from, to);
            case "abort" -> end(tokens, from, to, Kind.ROLLBACK);
            case "savepoint", "release", "fetch", "move", "close" -> StatementPlan.neutral(Kind.NEUTRAL);
            case "set" -> new SettingStatement(tokens, from, to, sharded).plan();
            case "reset" -> SettingStatement.reset(tokens, from, to, sharded);
            case "show" -> StatementPlan.read(StatementPlan.ANYWHERE);
            case "explain" -> explain(tokens, from, to);
            case "declare" -> declare(tokens, from, to);
            case "copy" -> copy(tokens, from, to);
            case "discard" ->
                tokens.is(from + 1, "all")
                        ? StatementPlan.write(StatementPlan.UNSHARDED).with(new StatementPlan.DiscardAll())
                        : StatementPlan.write(StatementPlan.UNSHARDED);
            case "deallocate" -> deallocate(tokens, from, to);
            case "prepare" -> prepare(tokens, from, to);
            case "load" -> StatementPlan.write(StatementPlan.UNSHARDED).with(new Pin("load"));
            case "listen", "unlisten" -> listen(tokens, from, to);
            case "execute" -> execute(tokens, from, to);
            case "create",
                    "alter",
                    "drop",
                    "truncate",
                    "comment",
                    "grant",
                    "revoke",
                    "analyze",
                    "vacuum",
                    "reindex",
                    "cluster" -> definition(tokens, from, to);
            // (SELECT ...) UNION ...
            default -> tokens.kind(from) == OPEN ? query(tokens, from, to) : write(tokens, from, to);
        };
        return pinned(tokens, from, to, plan);
    }

    /** SELECT and what is read like it. */
    private StatementPlan query(SqlTokens tokens, int from, int to) {
        boolean readOnly = true;
        for (int i = from; i < to && readOnly; i++) {
            if (tokens.kind(i) == WORD) {
                readOnly = !changes(tokens, i);
            } else if (tokens.kind(i) == QUOTED) {
                readOnly = tokens.kind(i + 1) != OPEN;
            } else if (tokens.kind(i) == OPAQUE && tokens.kind(i + 1) == OPEN) {
                readOnly = false;
            }
        }
        return shard(
                tokens, from, to, new StatementPlan(Kind.OTHER, readOnly, StatementPlan.UNSHARDED, StatementPlan.NONE));
    }

    /** Whether the word at {@code i} may make a query change something, or lock rows. */
    private static boolean changes(SqlTokens tokens, int i) {
        if (tokens.kind(i + 1) == OPEN) {
            if (Functions.isNone(tokens, i)) {
                return false;
            }
            boolean qualified = tokens.kind(i - 1) == DOT && !tokens.is(i - 2, "pg_catalog");
            return qualified || !Functions.harmless(tokens.name(i));
        }
        if (!tokens.isOneOf(i, CHANGING)) {
            return false;
        }
        return tokens.is(i, "share") ? tokens.is(i - 1, "for") || tokens.is(i - 1, "key") : tokens.kind(i - 1) != DOT;
    }

    private StatementPlan rollback(SqlTokens tokens, int from, int to) {
        for (int i = from + 1; i < to; i++) {
            if (tokens.is(i, "to")) {
                return StatementPlan.neutral(Kind.ROLLBACK_TO);
            }
        }
        return tokens.is(from + 1, "prepared") ? write(tokens, from, to) : end(tokens, from, to, Kind.ROLLBACK);
    }

    /** AND CHAIN opens the next transaction at once: its server connection stays, whatever it brings. */
    private static StatementPlan end(SqlTokens tokens, int from, int to, Kind kind) {
        StatementPlan plan = StatementPlan.neutral(kind);
        for (int i = from + 1; i < to; i++) {
            if (tokens.is(i, "chain") && !tokens.is(i - 1, "no")) {
                return plan.with(new Pin("AND CHAIN"));
            }
        }
        return plan;
    }

    private StatementPlan explain(SqlTokens tokens, int from, int to) {
        int i = from + 1;
        boolean analyze = false;
        if (tokens.kind(i) == OPEN) {
            while (i < to && tokens.kind(i) != SHUT) {
                analyze |= tokens.is(i, "analyze");
                i++;
            }
            i++;
        } else {
            while (tokens.is(i, "analyze") || tokens.is(i, "verbose")) {
                analyze |= tokens.is(i, "analyze");
                i++;
            }
        }
        if (i >= to) {
            return write(tokens, from, to);
        }
        StatementPlan inner = statement(tokens, i, to);
        if (inner.need() instanceof StatementPlan.Scattered) {
            return inner.refused("EXPLAIN of a query over several shards is not supported", "Ask a shard itself.");
        }
        if (inner.need() instanceof StatementPlan.Everywhere) {
            return inner.refused("EXPLAIN of a statement for every shard is not supported", "Ask a shard itself.");
        }
        return new StatementPlan(
                Kind.OTHER,
                !analyze || inner.readOnly(),
                inner.onOneShard(),
                analyze ? inner.effect() : StatementPlan.NONE);
    }

    private StatementPlan declare(SqlTokens tokens, int from, int to) {
        for (int i = from + 1; i < to; i++) {
            if (tokens.is(i, "for")) {
                StatementPlan inner = query(tokens, i + 1, to);
                if (inner.need() instanceof StatementPlan.Scattered) {
                    inner = inner.refused("a cursor over several shards is not supported", "Use a plain SELECT.");
                }
                inner = new StatementPlan(inner.kind(), inner.readOnly(), inner.onOneShard(), inner.effect());
                boolean hold = false;
                for (int k = from; k < i; k++) {
                    hold |= tokens.is(k, "hold") && tokens.is(k - 1, "with");
                }
                return hold ? inner.with(new Pin("a cursor WITH HOLD")) : inner;
            }
        }
        return write(tokens, from, to);
    }

    private StatementPlan copy(SqlTokens tokens, int from, int to) {
        boolean in = false;
        int close = to;
        int depth = 0;
        for (int i = from; i < to; i++) {
            depth += tokens.kind(i) == OPEN ? 1 : tokens.kind(i) == SHUT ? -1 : 0;
            in |= depth == 0 && tokens.is(i, "from");
            close = close == to && depth == 0 && tokens.kind(i) == SHUT ? i : close;
        }
        StatementPlan plan =
                new StatementPlan(in ? Kind.COPY_IN : Kind.OTHER, false, StatementPlan.UNSHARDED, StatementPlan.NONE);
        ShardedTable table = mention(tokens, from, to);
        if (table == null) {
            return plan;
        }
        try {
            if (tokens.kind(from + 1) == OPEN) {
                StatementPlan inner = statement(tokens, from + 2, close);
                return new StatementPlan(
                        plan.kind(),
                        false,
                        new CopyParser(tokens, from, to, tables).query(inner, close),
                        StatementPlan.NONE);
            }
            ShardedCopy copy = new CopyParser(tokens, from, to, tables).read();
            StatementPlan.Need need = copy.table().scheme() instanceof Scheme.Whole whole
                    ? new StatementPlan.Placed(copy.table(), whole.shard())
                    : copy.table().scheme() instanceof Scheme.Copied && !copy.in()
                            ? StatementPlan.ANYWHERE
                            : new StatementPlan.Copying(copy, null);
            return new StatementPlan(plan.kind(), false, need, StatementPlan.NONE);
        } catch (Unroutable e) {
            return plan.refused(
                    e.message,
                    "Copy a table from STDIN or to STDOUT, or a plain query, in text, csv or binary format.");
        }
    }

    private StatementPlan deallocate(SqlTokens tokens, int from, int to) {
        int name = tokens.is(from + 1, "prepare") ? from + 2 : from + 1;
        StatementPlan plan = StatementPlan.write(StatementPlan.UNSHARDED);
        if (tokens.is(name, "all")) {
            return plan.with(new StatementPlan.DeallocateAll());
        }
        return name < to
                ? new StatementPlan(
                        Kind.DEALLOCATE,
                        false,
                        StatementPlan.UNSHARDED,
                        new StatementPlan.Deallocate(tokens.name(name)))
                : plan;
    }

    private StatementPlan prepare(SqlTokens tokens, int from, int to) {
        if (tokens.is(from + 1, "transaction")) {
            return write(tokens, from, to).with(new Pin("PREPARE TRANSACTION", false, null));
        }
        StatementPlan plan = write(tokens, from, to);
        int as = from + 2;
        while (as < to && !tokens.is(as, "as")) {
            as++;
        }
        boolean plain = tokens.isName(from + 1) && as + 1 < to && plan.need() instanceof StatementPlan.Unsharded;
        return plain
                ? plan.with(new StatementPlan.SqlPrepare(
                        tokens.name(from + 1), tokens.source(from + 2, to), tokens.source(as + 1, to)))
                : plan.with(new Pin("PREPARE"));
    }

    private StatementPlan execute(SqlTokens tokens, int from, int to) {
        StatementPlan plan = write(tokens, from, to);
        return tokens.isName(from + 1)
                ? plan.with(new StatementPlan.SqlExecute(tokens.name(from + 1), tokens.source(from + 2, to)))
                : plan;
    }

    private static StatementPlan listen(SqlTokens tokens, int from, int to) {
        StatementPlan plan = StatementPlan.write(StatementPlan.UNSHARDED);
        boolean on = tokens.is(from, "listen");
        boolean all = !on && tokens.isOperator(from + 1, "*");
        boolean plain = to == from + 2 && (all || tokens.isName(from + 1));
        return plain
                ? plan.with(new StatementPlan.Listen(all ? "*" : tokens.name(from + 1), on))
                : on ? plan.with(new Pin("listen")) : plan;
    }

    /** Definitions: those of sharded tables go to every shard. */
    private StatementPlan definition(SqlTokens tokens, int from, int to) {
        StatementPlan plan = StatementPlan.write(StatementPlan.UNSHARDED);
        if (tokens.is(from, "create")) {
            int i = from + 1;
            while (tokens.is(i, "global") || tokens.is(i, "local") || tokens.is(i, "or") || tokens.is(i, "replace")) {
                i++;
            }
            if (temp(tokens, i)) {
                plan = plan.with(new Pin("a temporary object"));
            }
        }
        for (int i = from; i < to; i++) {
            if (temporary(tokens, i)) {
                plan = plan.with(new Pin("a temporary object"));
            }
        }
        return sharded ? new ShardedDefinition(tokens, from, to, tables, schemas).plan(plan) : plan;
    }

    /** A statement of which nothing but its sharded tables matters. */
    private StatementPlan write(SqlTokens tokens, int from, int to) {
        StatementPlan plan = StatementPlan.write(StatementPlan.UNSHARDED);
        ShardedTable table = sharded ? mention(tokens, from, to) : null;
        if (table == null && sharded) {
            table = bodyMention(tokens, from, to);
        }
        return table == null
                ? plan
                : plan.refused(
                        tokens.name(from).toUpperCase(java.util.Locale.ROOT) + " with sharded table " + table.name()
                                + " is not supported",
                        "Write it as SELECT, INSERT, UPDATE or DELETE with " + table.key() + ".");
    }

    private StatementPlan shard(SqlTokens tokens, int from, int to, StatementPlan plan) {
        if (!sharded) {
            return plan;
        }
        if (mention(tokens, from, to) == null && !namesSchema(tokens, from, to)) {
            return plan;
        }
        StatementPlan.Need need = new ShardedStatement(tokens, from, to, tables, schemas).need(plan.readOnly());
        return new StatementPlan(plan.kind(), plan.readOnly(), need, plan.effect());
    }

    private boolean namesSchema(SqlTokens tokens, int from, int to) {
        for (int i = from; i < to && !schemas.isEmpty(); i++) {
            if (tokens.kind(i + 1) == DOT && tokens.isName(i) && schemas.containsKey(tokens.name(i))) {
                return true;
            }
        }
        return false;
    }

    private static boolean temp(SqlTokens tokens, int i) {
        return tokens.is(i, "temporary") || tokens.is(i, "temp");
    }

    /** Whether a temporary object may be named here: {@code INTO TEMP x}, {@code pg_temp.x}. */
    private static boolean temporary(SqlTokens tokens, int i) {
        if (tokens.is(i, "into") && !tokens.is(i - 1, "insert") && !tokens.is(i - 1, "merge")) {
            boolean prefixed = tokens.is(i + 1, "local") || tokens.is(i + 1, "global");
            return temp(tokens, prefixed ? i + 2 : i + 1);
        }
        return tokens.kind(i + 1) == DOT && tokens.begins(i, "pg_temp");
    }

    /** What a call leaves in the session, whatever the statement; and text that is run as SQL. */
    private StatementPlan pinned(SqlTokens tokens, int from, int to, StatementPlan plan) {
        StatementPlan result = plan;
        if (tokens.is(from, "do") && BlockBody.leavesSomething(tokens, from, to)) {
            result = result.with(new Pin("a DO block that may change the session"));
        }
        for (int i = from; i < to; i++) {
            if (temporary(tokens, i)) {
                result = result.with(new Pin("a temporary object"));
            }
            if (tokens.kind(i + 1) != OPEN || !tokens.isName(i)) {
                continue;
            }
            String name = tokens.name(i);
            if (Functions.remembers(name)) {
                result = result.with(Pin.past(name + "()"));
            } else if (Functions.pins(name)) {
                result = result.with(new Pin(name + "()"));
            } else if (name.equals("set_config")) {
                result = setConfig(tokens, i, result);
            } else if (sharded && Functions.executes(name)) {
                ShardedTable table = bodyMention(tokens, from, to);
                if (table != null) {
                    result = result.refused(
                            name + "() with sharded table " + table.name() + " is not supported",
                            "Write the inner statement itself.");
                }
            }
        }
        return result;
    }

    /** set_config(name, value, true) ends with the transaction; any other is a setting that cannot be followed. */
    private StatementPlan setConfig(SqlTokens tokens, int call, StatementPlan plan) {
        int depth = 0;
        for (int i = call + 1; i < tokens.count(); i++) {
            depth += tokens.kind(i) == OPEN ? 1 : tokens.kind(i) == SHUT ? -1 : 0;
            if (depth == 0) {
                if (tokens.is(i - 1, "true") && tokens.kind(i - 2) == COMMA) {
                    return plan;
                }
                break;
            }
        }
        return sharded
                ? plan.refused(
                        "set_config() for the session is not supported with more than one shard",
                        "Use SET, or true as the third argument.")
                : plan.with(new Pin("set_config()"));
    }

    /** The first sharded table named by an identifier that may be a table's. */
    private @Nullable ShardedTable mention(SqlTokens tokens, int from, int to) {
        boolean any = sharded && tokens.mentions(tables, traits).length > 0;
        return any ? ShardedStatement.mention(tokens, from, to, tables) : null;
    }

    /** A sharded table named inside a string: a function's body, a DO block, SQL as text. */
    private @Nullable ShardedTable bodyMention(SqlTokens tokens, int from, int to) {
        return ShardedDefinition.bodyMention(tokens, from, to, tables);
    }

    private static SqlPlan.@Nullable Begin begin(SqlTokens tokens) {
        Boolean readOnly = null;
        boolean serializable = false;
        for (int i = 1; i < tokens.count(); i++) {
            if (tokens.is(i, "read") && tokens.is(i + 1, "only")) {
                readOnly = true;
            } else if (tokens.is(i, "read") && tokens.is(i + 1, "write")) {
                readOnly = false;
            } else if (tokens.is(i, "serializable")) {
                serializable = true;
            }
            boolean known = switch (tokens.name(i)) {
                case "work",
                        "transaction",
                        "isolation",
                        "level",
                        "read",
                        "only",
                        "write",
                        "committed",
                        "uncommitted",
                        "repeatable",
                        "serializable",
                        "deferrable",
                        "not" -> true;
                default -> tokens.kind(i) == COMMA || tokens.kind(i) == SEMICOLON;
            };
            if (!known) {
                return null;
            }
        }
        return new SqlPlan.Begin(readOnly, serializable);
    }

    /** Whether a need stands in the way of any answer, for callers that only ask that. */
    static boolean isRefused(StatementPlan plan) {
        return plan.need() instanceof Refused;
    }
}
