package io.plinth.dbproxy.route;

import io.plinth.dbproxy.route.StatementPlan.Kind;
import io.plinth.dbproxy.route.StatementPlan.Pin;
import io.plinth.dbproxy.route.StatementPlan.Setting;
import io.plinth.dbproxy.route.StatementPlan.Settings;
import io.plinth.dbproxy.sql.SqlTokens;
import java.util.ArrayList;
import java.util.List;

/** SET in all its forms, so that what a client has set can be set again on the next server connection it gets. */
final class SettingStatement {
    private final SqlTokens tokens;
    private final int from;
    private final int to;
    private final boolean sharded;

    SettingStatement(SqlTokens tokens, int from, int to, boolean sharded) {
        this.tokens = tokens;
        this.from = from;
        this.to = to;
        this.sharded = sharded;
    }

    StatementPlan plan() {
        int i = from + 1;
        if (tokens.is(i, "local") || tokens.is(i, "transaction") || tokens.is(i, "constraints")) {
            return StatementPlan.neutral(Kind.NEUTRAL);
        }
        if (tokens.is(i, "session") && tokens.is(i + 1, "characteristics")) {
            return characteristics(i + 4);
        }
        if (tokens.is(i, "session") && tokens.is(i + 1, "authorization")) {
            return special(sharded, "SET SESSION AUTHORIZATION");
        }
        if (tokens.is(i, "session") && tokens.is(i + 1, "role")) {
            i++;
        }
        if (tokens.is(i, "role") && i + 2 == to) {
            boolean none = tokens.is(i + 1, "none");
            return StatementPlan.read(StatementPlan.ANYWHERE)
                    .with(new Setting("role", none ? null : "SET ROLE " + tokens.text(i + 1)));
        }
        if (tokens.is(i, "session")) {
            i++;
        }
        if (tokens.is(i, "time") && tokens.is(i + 1, "zone")) {
            return setting("timezone", i, "SET TIME ZONE " + tokens.source(i + 2, to), i + 2);
        }
        if (tokens.is(i, "names")) {
            return setting("client_encoding", i, "SET NAMES " + tokens.source(i + 1, to), i + 1);
        }
        if (tokens.is(i, "schema")) {
            return setting("search_path", i, "SET SCHEMA " + tokens.source(i + 1, to), i + 1);
        }
        StringBuilder name = new StringBuilder(tokens.name(i));
        int next = i + 1;
        while (tokens.kind(next) == SqlTokens.DOT) {
            name.append('.').append(tokens.name(next + 1));
            next += 2;
        }
        if ((!tokens.is(next, "to") && !tokens.isOperator(next, "=")) || name.isEmpty()) {
            return special(sharded, "this form of SET");
        }
        String key = name.toString();
        if (key.equalsIgnoreCase("standard_conforming_strings") && !tokens.is(next + 1, "on")) {
            return StatementPlan.write(StatementPlan.ANYWHERE)
                    .refused("standard_conforming_strings: only on is supported", "Write E'...' for escapes.");
        }
        if (key.equalsIgnoreCase("search_path") && firstIsTemp(next + 1)) {
            return StatementPlan.write(StatementPlan.ANYWHERE)
                    .refused(
                            "search_path: pg_temp first is not supported",
                            "Name pg_temp last, and write CREATE TEMP for temporary objects.");
        }
        return setting(key, i, "SET " + tokens.source(i, to), next + 1);
    }

    /** Whether tables would be created as temporary ones, on a connection that is not the client's to keep. */
    private boolean firstIsTemp(int value) {
        return value < to && tokens.text(value).replaceAll("[\"']", "").startsWith("pg_temp");
    }

    private StatementPlan setting(String name, int at, String sql, int value) {
        boolean reset = tokens.is(value, "default") || (name.equals("timezone") && tokens.is(value, "local"));
        if (sharded && name.equalsIgnoreCase("client_encoding") && value < to && !reset && !utf8(tokens.text(value))) {
            return StatementPlan.write(StatementPlan.ANYWHERE)
                    .refused(
                            "client_encoding: " + tokens.text(value) + " (expected: UTF8, with more than one shard)",
                            "Shard keys are hashed as UTF-8.");
        }
        if (at >= to || value >= to) {
            return StatementPlan.write(StatementPlan.ANYWHERE);
        }
        return StatementPlan.read(StatementPlan.ANYWHERE).with(new Setting(fold(name), reset ? null : sql));
    }

    /** Whether an encoding's name, quoted or not, is UTF-8's. */
    static boolean utf8(String name) {
        String plain = fold(name).replaceAll("[^a-z0-9]", "");
        return plain.equals("utf8") || plain.equals("unicode");
    }

    private StatementPlan characteristics(int i) {
        List<Setting> all = new ArrayList<>();
        for (int k = i; k < to; k++) {
            if (tokens.is(k, "read") && (tokens.is(k + 1, "only") || tokens.is(k + 1, "write"))) {
                all.add(characteristic("default_transaction_read_only", tokens.is(k + 1, "only") ? "on" : "off"));
            } else if (tokens.is(k, "level")) {
                String level = tokens.is(k + 1, "serializable")
                        ? "serializable"
                        : (tokens.name(k + 1) + " " + tokens.name(k + 2));
                all.add(characteristic("default_transaction_isolation", "'" + level + "'"));
            } else if (tokens.is(k, "deferrable")) {
                all.add(characteristic("default_transaction_deferrable", tokens.is(k - 1, "not") ? "off" : "on"));
            }
        }
        return StatementPlan.read(StatementPlan.ANYWHERE).with(new Settings(all));
    }

    private static Setting characteristic(String name, String value) {
        return new Setting(name, "SET " + name + " TO " + value);
    }

    static StatementPlan reset(SqlTokens tokens, int from, int to, boolean sharded) {
        int i = from + 1;
        StatementPlan plan = StatementPlan.read(StatementPlan.ANYWHERE);
        if (tokens.is(i, "all")) {
            return plan.with(new StatementPlan.ResetAll());
        }
        if (tokens.is(i, "session")) {
            return special(sharded, "RESET SESSION AUTHORIZATION");
        }
        if (tokens.is(i, "time")) {
            return plan.with(new Setting("timezone", null));
        }
        return plan.with(new Setting(fold(tokens.source(i, to)), null));
    }

    /** Settings' names are compared without regard to case (guc.c). */
    private static String fold(String name) {
        return name.toLowerCase(java.util.Locale.ROOT);
    }

    /** What cannot be replayed stays with its server session; with several shards the others would not have it. */
    private static StatementPlan special(boolean sharded, String what) {
        StatementPlan plan = StatementPlan.write(StatementPlan.UNSHARDED);
        return sharded
                ? plan.refused(
                        what + " is not supported with more than one shard",
                        "Connect as the role, or use SET LOCAL inside a transaction.")
                : plan.with(new Pin(what));
    }
}
