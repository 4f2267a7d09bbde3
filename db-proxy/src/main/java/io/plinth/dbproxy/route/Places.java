package io.plinth.dbproxy.route;

import io.plinth.dbproxy.route.StatementPlan.Constant;
import io.plinth.dbproxy.route.StatementPlan.Elements;
import io.plinth.dbproxy.route.StatementPlan.Parameter;
import io.plinth.dbproxy.route.StatementPlan.Part;
import io.plinth.dbproxy.route.StatementPlan.ShardKey;
import io.plinth.dbproxy.shard.Bound;
import io.plinth.dbproxy.shard.KeyType;
import io.plinth.dbproxy.shard.ShardedTable;
import io.plinth.dbproxy.wire.SqlError;
import io.plinth.dbproxy.wire.SqlException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.SortedSet;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** Where keys are, once parameters are bound. Stateless. */
public final class Places {
    /** How many keys the arrays of one statement may stand for. */
    private static final int MOST_KEYS = 100_000;

    private Places() {}

    /** The shards of all keys, none for those that no shard is meant for. */
    public static SortedSet<String> of(Collection<ShardKey> keys, @Nullable Bound bound, Topology topology)
            throws SqlException {
        SortedSet<String> shards = new TreeSet<>();
        for (ShardKey key : keys) {
            add(key, bound, topology, shards);
        }
        return shards;
    }

    /** Whether it stands for more than one key. */
    static boolean several(ShardKey key) {
        for (Part part : key.parts()) {
            if (part instanceof Elements) {
                return true;
            }
        }
        return false;
    }

    /** The one shard of the key; null when no shard is meant for it. */
    static @Nullable String one(ShardKey key, @Nullable Bound bound, Topology topology) throws SqlException {
        List<Object> values = new ArrayList<>(key.parts().size());
        for (int i = 0; i < key.parts().size(); i++) {
            values.add(value(key, i, bound));
        }
        return topology.shard(key.table(), values);
    }

    private static void add(ShardKey key, @Nullable Bound bound, Topology topology, SortedSet<String> shards)
            throws SqlException {
        if (!several(key)) {
            String shard = one(key, bound, topology);
            if (shard != null) {
                shards.add(shard);
            }
            return;
        }
        List<List<Object>> all = new ArrayList<>(List.of(List.of()));
        for (int i = 0; i < key.parts().size(); i++) {
            List<List<Object>> longer = new ArrayList<>();
            for (Object value : values(key, i, bound)) {
                for (List<Object> before : all) {
                    List<Object> with = new ArrayList<>(before);
                    with.add(value);
                    longer.add(with);
                    if (longer.size() > MOST_KEYS) {
                        throw new SqlException(
                                SqlError.LIMIT_EXCEEDED,
                                "sharded table " + key.table().name() + ": more than " + MOST_KEYS
                                        + " keys in one statement");
                    }
                }
            }
            all = longer;
        }
        for (List<Object> values : all) {
            String shard = topology.shard(key.table(), values);
            if (shard != null) {
                shards.add(shard);
            }
        }
    }

    private static List<Object> values(ShardKey key, int column, @Nullable Bound bound) throws SqlException {
        if (!(key.parts().get(column) instanceof Elements elements)) {
            return List.of(value(key, column, bound));
        }
        List<Object> found = bound == null ? null : bound.elements(elements.index(), type(key, column));
        if (found == null) {
            throw notSurely(key.table(), column);
        }
        return found;
    }

    private static KeyType type(ShardKey key, int column) {
        return key.table().columns().get(column).type();
    }

    private static Object value(ShardKey key, int column, @Nullable Bound bound) throws SqlException {
        Object value = switch (key.parts().get(column)) {
            case Constant constant -> constant.value();
            case Parameter parameter -> bound == null ? null : bound.value(parameter.index(), type(key, column));
            case Elements _ -> null;
        };
        if (value == null) {
            throw notSurely(key.table(), column);
        }
        if (key.stored() && type(key, column).mayBeCut(value)) {
            throw new SqlException(new SqlError(
                    SqlError.NOT_SUPPORTED,
                    "sharded table " + key.table().name() + ": "
                            + key.table().columns().get(column).name()
                            + " ends in a blank, which varchar(n) may cut off",
                    "Store it without blanks at its end."));
        }
        return value;
    }

    private static SqlException notSurely(ShardedTable table, int column) {
        return new SqlException(new SqlError(
                SqlError.NOT_SUPPORTED,
                "sharded table " + table.name() + ": the parameter for "
                        + table.columns().get(column).name()
                        + " is null or not surely a "
                        + table.columns().get(column).type().name().toLowerCase(Locale.ROOT),
                "Bind it with the column's own type."));
    }

    /** No shard is meant for a row. */
    static SqlException nowhere(ShardedTable table) {
        return new SqlException(new SqlError(
                "23514",
                "no shard of table " + table.name() + " is meant for the row's " + table.key(),
                "Give that value a shard: " + table.scheme().title() + " of tables." + table.name() + "."));
    }
}
