package io.plinth.dbproxy.group;

import io.plinth.dbproxy.merge.MergePlan;
import io.plinth.dbproxy.route.Places;
import io.plinth.dbproxy.route.RowSpans;
import io.plinth.dbproxy.route.StatementPlan;
import io.plinth.dbproxy.route.StatementPlan.Answer;
import io.plinth.dbproxy.route.Topology;
import io.plinth.dbproxy.server.PreparedStatement;
import io.plinth.dbproxy.shard.Bound;
import io.plinth.dbproxy.shard.BucketMap;
import io.plinth.dbproxy.shard.ShardedCopy;
import io.plinth.dbproxy.sql.RelativeTimes;
import io.plinth.dbproxy.wire.ClientMessage;
import io.plinth.dbproxy.wire.SqlError;
import io.plinth.dbproxy.wire.SqlException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedSet;
import org.jspecify.annotations.Nullable;

/** A statement that is alone in its group and concerns several shards: which ones, and what each is sent. Stateless. */
public sealed interface Parting {
    /** A statement that changes something: each shard's part, in the order in which they are asked. */
    record Change(Map<String, Part> parts, Answer answer) implements Parting {}

    /** A query whose rows are merged; those of a COPY are told as {@code copy} says. */
    record Query(
            MergePlan merge,
            List<String> shards,
            boolean readOnly,
            @Nullable ShardedCopy copy) implements Parting {}

    /** COPY of rows that are not merged. */
    record Copy(ShardedCopy copy, List<String> shards) implements Parting {}

    /** Whether it may run inside a transaction, also on shards where that is not open yet, and which it does not note. */
    default boolean mayBeInside() {
        return this instanceof Query query && query.readOnly();
    }

    /** Null when one shard is enough; {@code bind} null in the simple protocol. */
    static @Nullable Parting of(
            StatementPlan plan, PreparedStatement statement, ClientMessage.@Nullable Bind bind, Topology topology)
            throws SqlException {
        Parting parting = parted(plan, statement, bind, topology);
        if (parting != null && !(plan.effect() instanceof StatementPlan.NoEffect)) {
            throw new SqlException(new SqlError(
                    SqlError.NOT_SUPPORTED,
                    (plan.effect() instanceof StatementPlan.Pin pin ? pin.reason() : "a change of the session")
                            + " in a statement for several shards is not supported",
                    "It needs one server's session: name one shard's key."));
        }
        return parting;
    }

    private static @Nullable Parting parted(
            StatementPlan plan, PreparedStatement statement, ClientMessage.@Nullable Bind bind, Topology topology)
            throws SqlException {
        Bound bound = bind == null ? null : new Bound(bind.body(), bind.tail(), statement.types());
        return switch (plan.need()) {
            case StatementPlan.Everywhere everywhere ->
                change(everywhere, topology.shards(), statement, bound, topology);
            case StatementPlan.Scattered scattered ->
                new Query(resolved(scattered.merge(), bound), topology.shards(), plan.readOnly(), null);
            case StatementPlan.Copying copying -> copy(copying, bound, topology.shards());
            case StatementPlan.Keyed keyed -> keyed(keyed, plan.readOnly(), statement, bound, topology);
            default -> null;
        };
    }

    private static @Nullable Parting keyed(
            StatementPlan.Keyed keyed,
            boolean readOnly,
            PreparedStatement statement,
            @Nullable Bound bound,
            Topology topology)
            throws SqlException {
        RowSpans rows = keyed.rows();
        if (rows != null) {
            Map<String, RowSpans.Piece> pieces =
                    statement.plan().only() == null ? null : rows.split(statement.sql(), keyed.keys(), bound, topology);
            return pieces == null ? null : new Change(parts(pieces, statement, bound), Answer.SUM);
        }
        StatementPlan.Need spread = keyed.spread();
        if (spread == null) {
            return null;
        }
        SortedSet<String> shards = Places.of(keyed.keys(), bound, topology);
        if (shards.size() < 2) {
            return null;
        }
        return switch (spread) {
            case StatementPlan.Scattered scattered ->
                new Query(resolved(scattered.merge(), bound), List.copyOf(shards), readOnly, null);
            case StatementPlan.Copying copying -> copy(copying, bound, List.copyOf(shards));
            case StatementPlan.Everywhere everywhere -> change(everywhere, shards, statement, bound, topology);
            case StatementPlan.Refused(String message, String hint) ->
                throw new SqlException(new SqlError(
                        SqlError.NOT_SUPPORTED, message + " (shards " + String.join(", ", shards) + ")", hint));
            default -> null;
        };
    }

    private static Parting copy(StatementPlan.Copying copying, @Nullable Bound bound, List<String> shards)
            throws SqlException {
        if (bound != null && bound.count() > 0) {
            throw new SqlException(SqlError.PROTOCOL_VIOLATION, "parameters of COPY (expected: none)");
        }
        MergePlan merge = copying.merge();
        return merge == null
                ? new Copy(copying.copy(), shards)
                : new Query(resolved(merge, null), shards, false, copying.copy());
    }

    private static Map<String, Part> parts(
            Map<String, RowSpans.Piece> pieces, PreparedStatement statement, @Nullable Bound bound) {
        Map<String, Part> parts = new LinkedHashMap<>();
        pieces.forEach((shard, piece) -> {
            if (bound == null) {
                parts.put(shard, Part.of(piece.sql()));
                return;
            }
            int[] types = piece.parameters().stream()
                    .mapToInt(i -> i < statement.types().length ? statement.types()[i] : 0)
                    .toArray();
            parts.put(shard, new Part(piece.sql(), types, bound.only(piece.parameters())));
        });
        return parts;
    }

    private static Change change(
            StatementPlan.Everywhere everywhere,
            Iterable<String> shards,
            PreparedStatement statement,
            @Nullable Bound bound,
            Topology topology)
            throws SqlException {
        if (bound != null && everywhere.answer() == Answer.FIRST) {
            demandNoClock(everywhere.what(), bound);
        }
        Map<String, Part> parts = new LinkedHashMap<>();
        String others = everywhere.others();
        for (String shard : shards) {
            byte[] sql = others == null || shard.equals(topology.defaultShard())
                    ? statement.sql()
                    : others.getBytes(StandardCharsets.UTF_8);
            Part part = bound == null
                    ? Part.of(sql)
                    : new Part(
                            sql,
                            statement.types(),
                            Arrays.copyOfRange(bound.body(), bound.offset(), bound.body().length));
            String counts = everywhere.counts();
            parts.put(shard, counts == null ? part : part.then(numbering(counts, topology.number(shard))));
        }
        return new Change(parts, everywhere.answer());
    }

    /** A reference table must not get another time on each shard. */
    private static void demandNoClock(String table, Bound bound) throws SqlException {
        for (String text : bound.texts()) {
            if (RelativeTimes.in(text)) {
                throw new SqlException(new SqlError(
                        SqlError.NOT_SUPPORTED,
                        "a change of reference table " + table + " may not use the parameter '" + text
                                + "': it would differ from shard to shard",
                        "Bind the time itself."));
            }
        }
    }

    /** New counters of bigint go up in steps of as many as there may be shards, each shard from its own number on. */
    private static String numbering(String table, int number) {
        return """
            DO $plinth$ DECLARE s record; BEGIN
              FOR s IN SELECT q.seqrelid::pg_catalog.regclass AS name FROM pg_catalog.pg_sequence q
                JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
                  AND d.objid = q.seqrelid AND d.deptype IN ('a', 'i')
                WHERE d.refobjid = '%s'::pg_catalog.regclass AND q.seqtypid = 'bigint'::pg_catalog.regtype
                  AND q.seqincrement = 1 AND pg_catalog.pg_sequence_last_value(q.seqrelid) IS NULL
              LOOP
                EXECUTE pg_catalog.format('ALTER SEQUENCE %%s INCREMENT BY %d START WITH %d RESTART WITH %d', s.name);
              END LOOP;
            END $plinth$\
            """.formatted(table.replace("'", "''"), BucketMap.BUCKETS, number, number);
    }

    private static MergePlan resolved(MergePlan plan, @Nullable Bound bound) throws SqlException {
        if (!plan.waits()) {
            return plan;
        }
        if (bound == null) {
            throw new SqlException("42P02", "a parameter without a value");
        }
        Long limit = plan.limit();
        long offset = plan.offset();
        if (plan.late().limit() >= 0) {
            long given = count(bound, plan.late().limit(), "2201W", "LIMIT");
            limit = given < 0 ? null : (Long) given;
        }
        if (plan.late().offset() >= 0) {
            offset = Math.max(0, count(bound, plan.late().offset(), "2201X", "OFFSET"));
        }
        List<MergePlan.Condition> having = new ArrayList<>();
        for (MergePlan.Condition condition : plan.having()) {
            having.add(
                    condition.parameter() < 0
                            ? condition
                            : new MergePlan.Condition(
                                    condition.column(),
                                    condition.operator(),
                                    bound.decimal(condition.parameter()),
                                    -1));
        }
        return plan.with(limit, offset, having);
    }

    private static long count(Bound bound, int index, String code, String what) throws SqlException {
        Long number = bound.number(index);
        if (number == null) {
            throw new SqlException(code, what + " must not be negative, nor anything but a whole number");
        }
        return number;
    }
}
