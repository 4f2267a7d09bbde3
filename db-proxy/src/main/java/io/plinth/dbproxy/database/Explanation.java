package io.plinth.dbproxy.database;

import io.plinth.dbproxy.route.Router;
import io.plinth.dbproxy.route.SqlPlan;
import io.plinth.dbproxy.route.StatementPlan;
import io.plinth.dbproxy.wire.SqlException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Where a statement would go, outside a transaction, told by what routes it. Immutable.
 *
 * @param kind read or write, and what more there is to it
 * @param tables sharded tables by whose keys it goes
 * @param shards none when it is refused
 * @param server {@code primary}, {@code replica} or {@code none}
 * @param refused the error's text, or empty
 */
public record Explanation(
        String kind, List<String> tables, List<String> shards, String server, String why, String refused) {

    public Explanation {
        tables = List.copyOf(tables);
        shards = List.copyOf(shards);
    }

    /** One for each statement of the text. */
    public static List<Explanation> of(Database database, byte[] sql) {
        SqlPlan plan = database.classifier().plan(sql);
        List<Explanation> all = new ArrayList<>();
        for (StatementPlan statement : plan.statements()) {
            all.add(of(database, statement, sql));
        }
        return all;
    }

    private static Explanation of(Database database, StatementPlan plan, byte[] sql) {
        String kind = (plan.readOnly() ? "read" : "write")
                + (plan.kind() == StatementPlan.Kind.OTHER
                        ? ""
                        : " " + plan.kind().name().toLowerCase(Locale.ROOT).replace('_', ' '));
        if (plan.need() instanceof StatementPlan.Everywhere everywhere) {
            return new Explanation(
                    kind,
                    List.of(everywhere.table().name()),
                    database.topology().shards(),
                    "primary",
                    "a definition of a sharded table runs on every shard",
                    "");
        }
        if (plan.need() instanceof StatementPlan.Scattered scattered) {
            return new Explanation(
                    kind,
                    List.of(scattered.table().name()),
                    database.topology().shards(),
                    server(database, plan),
                    "no key is named: every shard answers and the rows are merged",
                    "");
        }
        if (plan.need() instanceof StatementPlan.Keyed keyed && keyed.rows() != null) {
            Map<String, String> split = keyed.rows().split(sql, keyed.keys(), database.topology());
            if (split != null) {
                return new Explanation(
                        kind,
                        tables(plan),
                        List.copyOf(split.keySet()),
                        "primary",
                        "the rows' keys are of several shards: each is sent its own",
                        "");
            }
        }
        Router router = new Router(database.topology(), null);
        try {
            router.run(plan, null);
        } catch (SqlException e) {
            boolean parameter = plan.need() instanceof StatementPlan.Keyed keyed
                    && keyed.keys().stream().anyMatch(StatementPlan.Parameter.class::isInstance);
            return new Explanation(
                    kind,
                    tables(plan),
                    List.of(),
                    parameter ? server(database, plan) : "none",
                    parameter
                            ? "the shard follows from a parameter, once it is bound"
                            : "it cannot be routed correctly",
                    parameter ? "" : e.error().message());
        }
        return new Explanation(
                kind, tables(plan), List.of(router.shard()), server(database, plan), why(database, plan), "");
    }

    private static List<String> tables(StatementPlan plan) {
        return plan.need() instanceof StatementPlan.Keyed keyed
                ? keyed.keys().stream()
                        .map(key -> key.table().name())
                        .distinct()
                        .toList()
                : List.of();
    }

    private static String server(Database database, StatementPlan plan) {
        boolean replica = plan.readOnly() && !database.rules().sessionMode() && database.hasReplicas();
        return replica ? "replica" : "primary";
    }

    private static String why(Database database, StatementPlan plan) {
        String where = switch (plan.need()) {
            case StatementPlan.Unsharded _ ->
                database.topology().sharded() ? "no sharded table is named: the default shard" : "the only shard";
            case StatementPlan.Hinted _ -> "by the hint in its comment";
            case StatementPlan.Anywhere _ -> "needs no table: wherever the session is";
            case StatementPlan.Keyed keyed ->
                "by " + keyed.keys().getFirst().table().key();
            case StatementPlan.Everywhere _, StatementPlan.Scattered _ -> "every shard";
            case StatementPlan.Refused refused -> refused.message();
        };
        String who = plan.readOnly()
                ? database.hasReplicas() ? "; it reads only, so a replica that is fresh enough may serve it" : ""
                : "; it may write or lock";
        String effect = plan.effect() instanceof StatementPlan.Pin pin && pin.keeps()
                ? "; its client keeps the server connection: " + pin.reason()
                : "";
        return where + who + effect;
    }
}
