package io.plinth.dbproxy.route;

import static io.plinth.dbproxy.sql.SqlTokens.*;

import io.plinth.dbproxy.route.StatementPlan.Answer;
import io.plinth.dbproxy.route.StatementPlan.Everywhere;
import io.plinth.dbproxy.route.StatementPlan.Need;
import io.plinth.dbproxy.route.StatementPlan.Placed;
import io.plinth.dbproxy.route.StatementPlan.Refused;
import io.plinth.dbproxy.shard.Scheme;
import io.plinth.dbproxy.shard.ShardedTable;
import io.plinth.dbproxy.sql.Functions;
import io.plinth.dbproxy.sql.RelativeTimes;
import io.plinth.dbproxy.sql.SqlTokens;
import io.plinth.dbproxy.sql.TableNames;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Where a statement goes that names reference tables, or tables that are on one shard as a whole, and no others with a key. */
final class UnkeyedStatement {
    /** What has another value on each shard. */
    private static final Set<String> DIFFERING = Set.of(
            "random",
            "now",
            "clock_timestamp",
            "statement_timestamp",
            "transaction_timestamp",
            "timeofday",
            "uuidv4",
            "uuidv7",
            "gen_random_uuid",
            "random_normal",
            "pg_backend_pid",
            "inet_server_addr",
            "inet_server_port",
            "inet_client_addr",
            "inet_client_port",
            "age",
            "pg_relation_size",
            "pg_table_size",
            "pg_indexes_size",
            "pg_total_relation_size",
            "pg_database_size",
            "to_regclass",
            "to_regtype",
            "regclass",
            "regtype",
            "ctid",
            "xmin",
            "xmax",
            "tableoid",
            "string_agg",
            "array_agg",
            "json_agg",
            "jsonb_agg",
            "json_object_agg",
            "jsonb_object_agg",
            "json_arrayagg",
            "json_objectagg",
            "xmlagg",
            "any_value",
            "cmin",
            "cmax",
            "regproc",
            "regprocedure",
            "regoper",
            "regoperator",
            "regrole",
            "regnamespace",
            "regcollation",
            "regconfig",
            "regdictionary",
            "current_setting",
            "tablesample",
            "pg_postmaster_start_time",
            "current_timestamp",
            "current_date",
            "current_time",
            "localtime",
            "localtimestamp",
            "default");

    /** Whether a function or word has another value on each shard. */
    static boolean differs(String word) {
        return DIFFERING.contains(word) || word.equals("nextval");
    }

    /** What the servers themselves are asked by calls of pg_...; the others have the same answer everywhere. */
    private static final Set<String> ALIKE = Set.of("pg_typeof", "pg_size_pretty", "pg_size_bytes", "pg_sleep");

    private final SqlTokens tokens;
    private final int from;
    private final int to;
    private final Map<String, ShardedTable> tables;
    private final Map<String, String> schemas;
    private @Nullable String shard;
    private @Nullable ShardedTable placed;
    private @Nullable ShardedTable copied;
    private @Nullable ShardedTable changed;
    private @Nullable String other;

    UnkeyedStatement(
            SqlTokens tokens, int from, int to, Map<String, ShardedTable> tables, Map<String, String> schemas) {
        this.tokens = tokens;
        this.from = from;
        this.to = to;
        this.tables = tables;
        this.schemas = schemas;
    }

    Need need(boolean readOnly) {
        try {
            for (TableNames.Name name : new TableNames(tokens, from, to).read()) {
                take(name);
            }
            ShardedTable written = changed;
            if (written != null) {
                return change(written);
            }
            String at = shard;
            ShardedTable whole = placed;
            if (at == null || whole == null) {
                return copied != null && other == null && readOnly ? StatementPlan.ANYWHERE : StatementPlan.UNSHARDED;
            }
            if (other != null) {
                throw new Unroutable("a statement may not combine " + whole.name() + ", which is on shard " + at
                        + " as a whole, with " + other + ", which is not there");
            }
            return new Placed(whole, at);
        } catch (Unroutable e) {
            return new Refused(e.message, "Use tables of one shard and reference tables.");
        }
    }

    private void take(TableNames.Name name) throws Unroutable {
        String title = tokens.name(name.at());
        String schema = name.schema() < 0 ? "" : tokens.name(name.schema());
        String domain = schemas.get(schema);
        ShardedTable table = domain == null
                ? tables.get(title)
                : new ShardedTable(schema + "." + title, List.of(), new Scheme.Whole(domain), null);
        if (table == null) {
            boolean catalog = schema.equals("pg_catalog")
                    || schema.equals("information_schema")
                    || (schema.isEmpty() && title.startsWith("pg_"));
            other = catalog ? other : title;
            if (name.changed() && !catalog) {
                other = title;
            }
            return;
        }
        switch (table.scheme()) {
            case Scheme.Whole whole -> {
                if (shard != null && !shard.equals(whole.shard())) {
                    throw new Unroutable("a statement may not combine tables of shard " + shard + " and of shard "
                            + whole.shard() + " (" + table.name() + ")");
                }
                shard = whole.shard();
                placed = table;
            }
            case Scheme.Copied _ -> {
                copied = table;
                changed = name.changed() ? table : changed;
            }
            default -> throw new Unroutable("sharded table " + table.name() + " may not stand here");
        }
    }

    /** A change of a reference table: every shard must come to the same rows by itself. */
    private Need change(ShardedTable written) throws Unroutable {
        if (shard != null || other != null) {
            throw new Unroutable("a change of reference table " + written.name() + " may not use "
                    + (other == null ? "tables of shard " + shard : other) + ": other shards do not have it");
        }
        for (int i = from; i < to; i++) {
            String word = tokens.isName(i) && tokens.kind(i - 1) != DOT ? tokens.name(i) : "";
            boolean call = tokens.kind(i + 1) == OPEN && !word.isEmpty() && !isPlace(i);
            boolean clock = RelativeTimes.literal(tokens, i);
            boolean asked = call && word.startsWith("pg_") && !ALIKE.contains(word);
            if (some(i)) {
                throw new Unroutable("a change of reference table " + written.name() + " may not take some rows by "
                        + tokens.text(i).toUpperCase(Locale.ROOT) + ": they would differ from shard to shard");
            }
            if (clock || asked || DIFFERING.contains(word) || (call && !Functions.harmless(word))) {
                throw new Unroutable("a change of reference table " + written.name() + " may not use "
                        + (clock ? tokens.text(i) : word)
                        + ": it would differ from shard to shard");
            }
        }
        return new Everywhere(written.name(), Answer.FIRST, null);
    }

    /** Whether it depends on where rows stand on a server which of them are taken, or how they are numbered. */
    private boolean some(int i) {
        if (tokens.kind(i - 1) == DOT || tokens.is(i - 1, "as")) {
            return false;
        }
        boolean all = tokens.is(i + 1, "all") || tokens.is(i + 1, "null");
        return (tokens.is(i, "limit") && !all)
                || tokens.is(i, "offset")
                || (tokens.is(i, "fetch") && (tokens.is(i + 1, "first") || tokens.is(i + 1, "next")))
                || (tokens.is(i, "distinct") && tokens.is(i + 1, "on"))
                || (tokens.is(i, "over") && tokens.kind(i - 1) == SHUT);
    }

    /** Whether the name is a table's or list's, not a function's: {@code INTO t (a)}, {@code ON CONFLICT (a)}. */
    private boolean isPlace(int i) {
        int before = i - 1;
        while (tokens.kind(before) == DOT) {
            before -= 2;
        }
        return tokens.is(before, "into")
                || tokens.is(i, "conflict")
                || tokens.is(i, "values")
                || tokens.is(before, "as")
                || tokens.is(i, "set");
    }
}
