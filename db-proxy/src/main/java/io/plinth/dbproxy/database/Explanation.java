package io.plinth.dbproxy.database;

import io.plinth.dbproxy.group.Parting;
import io.plinth.dbproxy.route.Router;
import io.plinth.dbproxy.route.SqlPlan;
import io.plinth.dbproxy.route.StatementPlan;
import io.plinth.dbproxy.rule.Rule;
import io.plinth.dbproxy.rule.RuleSet;
import io.plinth.dbproxy.server.PreparedStatement;
import io.plinth.dbproxy.wire.SqlException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

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
    public static List<Explanation> of(Database database, byte[] sql, String user) {
        SqlPlan plan = database.classifier().plan(sql);
        List<Rule> matching = database.rules().statements().matching(sql, plan);
        Rule routing = RuleSet.routing(matching, user);
        Rule denying = RuleSet.denying(matching, user);
        String route = routing == null ? null : routing.config().route();
        SqlPlan routed = route == null ? plan : database.classifier().plan(sql, route);
        List<Explanation> all = new ArrayList<>();
        for (StatementPlan statement : routed.statements()) {
            Explanation found = of(database, statement, sql);
            all.add(found.ruled(
                    RuleSet.concerning(matching, user),
                    denying == null ? null : denying.config().deny()));
        }
        return all;
    }

    private Explanation ruled(List<Rule> matching, @Nullable String deny) {
        String told = matching.stream()
                .map(rule -> "; rule " + rule.name() + " (" + rule.action() + ")")
                .collect(Collectors.joining());
        return deny == null
                ? new Explanation(kind, tables, shards, server, why + told, refused)
                : new Explanation(kind, tables, List.of(), "none", "a rule denies it" + told, deny);
    }

    private static Explanation of(Database database, StatementPlan plan, byte[] sql) {
        String kind = (plan.readOnly() ? "read" : "write")
                + (plan.kind() == StatementPlan.Kind.OTHER
                        ? ""
                        : " " + plan.kind().name().toLowerCase(Locale.ROOT).replace('_', ' '));
        Parting parting = null;
        try {
            PreparedStatement statement = new PreparedStatement(0, sql, new int[0], new SqlPlan(List.of(plan), null));
            parting = Parting.of(plan, statement, null, database.topology());
        } catch (SqlException e) {
            // What refuses it, or a parameter that is not bound: told below.
        }
        if (parting != null) {
            return parted(database, plan, parting, kind);
        }
        Router router = new Router(database.topology(), null);
        try {
            router.run(plan, null);
        } catch (SqlException e) {
            boolean parameter = plan.need() instanceof StatementPlan.Keyed keyed
                    && keyed.keys().stream()
                            .flatMap(key -> key.parts().stream())
                            .anyMatch(part -> !(part instanceof StatementPlan.Constant));
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

    private static Explanation parted(Database database, StatementPlan plan, Parting parting, String kind) {
        List<String> all = database.topology().shards();
        return switch (parting) {
            case Parting.Query query ->
                new Explanation(
                        kind,
                        tables(plan),
                        query.shards(),
                        server(database, plan),
                        plan.need() instanceof StatementPlan.Keyed
                                ? "the keys are of several shards: their rows are merged"
                                : "no key is named: every shard answers and the rows are merged",
                        "");
            case Parting.Copy _ ->
                new Explanation(kind, tables(plan), all, "primary", "each row goes to or comes from its shard", "");
            case Parting.Change(var parts, var answer) ->
                new Explanation(
                        kind,
                        tables(plan),
                        List.copyOf(parts.keySet()),
                        "primary",
                        switch (answer) {
                            case LAST -> "a definition of a sharded table runs on every shard";
                            case FIRST -> "a reference table: every shard makes the change";
                            case SUM -> "the rows' keys are of several shards: each is sent its own";
                        },
                        "");
        };
    }

    private static List<String> tables(StatementPlan plan) {
        return switch (plan.need()) {
            case StatementPlan.Keyed keyed ->
                keyed.keys().stream().map(key -> key.table().name()).distinct().toList();
            case StatementPlan.Everywhere everywhere -> List.of(everywhere.what());
            case StatementPlan.Scattered scattered -> List.of(scattered.table().name());
            case StatementPlan.Copying copying -> List.of(copying.copy().table().name());
            case StatementPlan.Placed placed -> List.of(placed.table().name());
            default -> List.of();
        };
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
                "by " + keyed.keys().getFirst().table().key() + " ("
                        + keyed.keys().getFirst().table().scheme().title() + ")";
            case StatementPlan.Placed placed -> "the whole of " + placed.table().name() + " is there";
            case StatementPlan.Everywhere _, StatementPlan.Scattered _, StatementPlan.Copying _ -> "every shard";
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
