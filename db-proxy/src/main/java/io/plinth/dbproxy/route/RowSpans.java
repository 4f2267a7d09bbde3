package io.plinth.dbproxy.route;

import io.plinth.dbproxy.route.StatementPlan.ShardKey;
import io.plinth.dbproxy.shard.Bound;
import io.plinth.dbproxy.sql.SqlLexer;
import io.plinth.dbproxy.sql.SqlTokens;
import io.plinth.dbproxy.wire.SqlException;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Where the rows of an INSERT stand in its text, so that each shard can be sent its own. Immutable. */
public final class RowSpans {
    /** A single row, wherever it stands. */
    static final RowSpans ONE = new RowSpans(0, 0, List.of(), List.of());

    private final int start;
    private final int end;
    private final List<Integer> starts;
    private final List<Integer> ends;

    /**
     * What one shard is sent.
     *
     * @param parameters which of the statement's parameters it has, in the order of their numbers in it
     */
    public record Piece(byte[] sql, List<Integer> parameters) {}

    /** Byte positions: the statement's, and each row's with its parentheses. */
    RowSpans(int start, int end, List<Integer> starts, List<Integer> ends) {
        this.start = start;
        this.end = end;
        this.starts = List.copyOf(starts);
        this.ends = List.copyOf(ends);
    }

    /** The statement of each shard that gets rows, in the order of their names; null when that is one. */
    public @Nullable Map<String, Piece> split(byte[] sql, List<ShardKey> keys, @Nullable Bound bound, Topology topology)
            throws SqlException {
        if (keys.size() < 2) {
            return null;
        }
        Map<String, List<Integer>> rows = new TreeMap<>();
        for (int i = 0; i < keys.size(); i++) {
            String shard = Places.one(keys.get(i), bound, topology);
            if (shard == null) {
                throw Places.nowhere(keys.get(i).table());
            }
            rows.computeIfAbsent(shard, name -> new ArrayList<>()).add(i);
        }
        if (rows.size() < 2) {
            return null;
        }
        Map<String, Piece> statements = new LinkedHashMap<>();
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
            statements.put(shard, numbered(out.toByteArray()));
        });
        return statements;
    }

    /** Numbers the parameters that are left from one on: a server cannot tell the type of one that it does not see. */
    private static Piece numbered(byte[] sql) {
        SqlTokens tokens = SqlLexer.lex(sql, Integer.MAX_VALUE);
        if (tokens == null) {
            throw new IllegalStateException("rows of a statement do not make one - bytes=" + sql.length);
        }
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        Map<Integer, Integer> numbers = new LinkedHashMap<>();
        int copied = 0;
        for (int i = 0; i < tokens.count(); i++) {
            if (tokens.kind(i) == SqlTokens.PARAMETER) {
                int index = Integer.parseInt(tokens.text(i).substring(1)) - 1;
                int number = numbers.computeIfAbsent(index, each -> numbers.size() + 1);
                out.write(sql, copied, tokens.start(i) - copied);
                out.writeBytes(("$" + number).getBytes(StandardCharsets.US_ASCII));
                copied = tokens.end(i);
            }
        }
        out.write(sql, copied, sql.length - copied);
        return new Piece(out.toByteArray(), List.copyOf(numbers.keySet()));
    }
}
