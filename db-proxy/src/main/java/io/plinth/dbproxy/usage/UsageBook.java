package io.plinth.dbproxy.usage;

import io.netty.channel.EventLoop;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** Every event loop's counts by database. Immutable but for the counts, each its loop's own. */
public final class UsageBook {
    private final Map<EventLoop, Map<String, Usage>> byLoop = new HashMap<>();

    private final StatementBook statements;

    public UsageBook(List<EventLoop> loops, StatementBook statements) {
        this.statements = statements;
        loops.forEach(loop -> byLoop.put(loop, new HashMap<>()));
    }

    /** The counts of a database on a loop, for that loop only. */
    public Usage of(EventLoop loop, String database) {
        assert loop.inEventLoop() : "usage counted off its event loop";
        Map<String, Usage> counts = byLoop.get(loop);
        if (counts == null) {
            throw new IllegalArgumentException("event loop: " + loop + " (expected: one of the node's)");
        }
        return counts.computeIfAbsent(database, d -> new Usage(statements.loop(d)));
    }

    /** All loops' counts by database. */
    public CompletionStage<Map<String, Totals>> totals() {
        CompletableFuture<Map<String, Totals>> all = CompletableFuture.completedFuture(new TreeMap<>());
        for (Map.Entry<EventLoop, Map<String, Usage>> entry : byLoop.entrySet()) {
            all = all.thenCombine(
                    CompletableFuture.supplyAsync(() -> copy(entry.getValue()), entry.getKey()), (sum, more) -> {
                        more.forEach((name, totals) -> sum.merge(name, totals, Totals::plus));
                        return sum;
                    });
        }
        return all;
    }

    private static Map<String, Totals> copy(Map<String, Usage> counts) {
        Map<String, Totals> copy = new HashMap<>();
        counts.forEach((name, usage) -> copy.put(name, usage.totals()));
        return copy;
    }

    /** Counts that nobody is shown, for what no client has sent. */
    public Usage uncounted() {
        return new Usage(new LoopStatements(statements, "", 0));
    }
}
