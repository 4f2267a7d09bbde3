package io.plinth.dbproxy.route;

import io.plinth.dbproxy.shard.KeyType;
import io.plinth.dbproxy.shard.ShardedTable;
import io.plinth.dbproxy.sql.SqlTokens;
import io.plinth.dbproxy.sql.TokenShape;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** How long the plan of an OLTP statement takes: by the parser, and by its shape. Run by hand; the numbers are in ARCHITECTURE.md. */
public final class RoutingBench {
    private static final String[] STATEMENTS = {
        "SELECT abalance FROM pgbench_accounts WHERE aid = %d;",
        "UPDATE pgbench_accounts SET abalance = abalance + 5 WHERE aid = %d;",
        "INSERT INTO pgbench_accounts (aid, bid, abalance, filler) VALUES (%d, 1, 0, 'x')",
        "SELECT a.aid, a.abalance, l.amount FROM pgbench_accounts a JOIN lines l ON l.aid = a.aid WHERE a.aid = %d AND"
                + " l.kind IN ('a', 'b', 'c') ORDER BY l.at DESC",
    };
    private static final int TEXTS = 1000;
    private static final int ROUNDS = 300;

    private RoutingBench() {}

    public static void main(String[] arguments) {
        Classifier classifier = new Classifier(
                Topology.byName(List.of(
                        new ShardedTable("pgbench_accounts", "aid", KeyType.BIGINT),
                        new ShardedTable("lines", "aid", KeyType.BIGINT))),
                true);
        for (String statement : STATEMENTS) {
            byte[][] texts = new byte[TEXTS][];
            for (int i = 0; i < TEXTS; i++) {
                texts[i] = statement.formatted(100_000 + 7 * i).getBytes(StandardCharsets.UTF_8);
            }
            Map<TokenShape, SharedPlan> shapes = new HashMap<>();
            double parser = Double.MAX_VALUE;
            double shape = Double.MAX_VALUE;
            for (int round = 0; round < ROUNDS; round++) {
                parser = Math.min(parser, measure(() -> {
                    int statements = 0;
                    for (byte[] text : texts) {
                        statements += classifier.plan(text).statements().size();
                    }
                    return statements;
                }));
                shape = Math.min(shape, measure(() -> {
                    int statements = 0;
                    for (byte[] text : texts) {
                        statements +=
                                plan(classifier, shapes, text).statements().size();
                    }
                    return statements;
                }));
            }
            System.out.printf("%.2f us by the parser, %.2f us by the shape: %s%n", parser, shape, statement);
        }
    }

    private interface Work {
        int run();
    }

    /** Processor time of this thread, so that others on the core do not count; microseconds for one text. */
    private static double measure(Work work) {
        long begun = ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime();
        int done = work.run();
        return (ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime() - begun) / 1e3 / done;
    }

    private static SqlPlan plan(Classifier classifier, Map<TokenShape, SharedPlan> shapes, byte[] text) {
        SqlTokens tokens = Objects.requireNonNull(Classifier.tokens(text));
        TokenShape shape = new TokenShape(tokens);
        SharedPlan known = shapes.get(shape);
        SqlPlan plan = known == null ? null : known.of(tokens);
        if (plan != null) {
            return plan;
        }
        SqlPlan made = classifier.plan(text, tokens);
        SharedPlan shared = SharedPlan.of(shape, made);
        if (shared != null) {
            shapes.put(shape, shared);
        }
        return made;
    }
}
