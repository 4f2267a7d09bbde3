package io.plinth.dbproxy.route;

import io.plinth.dbproxy.route.StatementPlan.Constant;
import io.plinth.dbproxy.route.StatementPlan.ShardKey;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Where the rows of an INSERT with several of them stand in its text, so that each shard can be sent its own. Immutable. */
public final class RowSpans {
    private final int start;
    private final int end;
    private final List<Integer> starts;
    private final List<Integer> ends;

    /** Byte positions: the statement's, and each row's with its parentheses. */
    RowSpans(int start, int end, List<Integer> starts, List<Integer> ends) {
        this.start = start;
        this.end = end;
        this.starts = List.copyOf(starts);
        this.ends = List.copyOf(ends);
    }

    /** The statement of each shard that gets rows, in the order of their names; null when that is one, or not known yet. */
    public @Nullable Map<String, String> split(byte[] sql, List<ShardKey> keys, Topology topology) {
        Map<String, List<Integer>> rows = new TreeMap<>();
        for (int i = 0; i < keys.size(); i++) {
            if (!(keys.get(i) instanceof Constant constant)) {
                return null;
            }
            rows.computeIfAbsent(topology.shard(constant.hash()), shard -> new ArrayList<>())
                    .add(i);
        }
        if (rows.size() < 2) {
            return null;
        }
        Map<String, String> statements = new LinkedHashMap<>();
        rows.forEach((shard, some) -> {
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            out.write(sql, start, starts.getFirst() - start);
            for (int row : some) {
                if (row != some.getFirst()) {
                    out.write(',');
                }
                out.write(sql, starts.get(row), ends.get(row) - starts.get(row));
            }
            out.write(sql, ends.getLast(), end - ends.getLast());
            statements.put(shard, out.toString(StandardCharsets.UTF_8));
        });
        return statements;
    }
}
