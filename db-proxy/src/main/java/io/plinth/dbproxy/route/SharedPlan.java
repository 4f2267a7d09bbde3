package io.plinth.dbproxy.route;

import io.plinth.dbproxy.route.StatementPlan.Constant;
import io.plinth.dbproxy.route.StatementPlan.Keyed;
import io.plinth.dbproxy.route.StatementPlan.Part;
import io.plinth.dbproxy.route.StatementPlan.ShardKey;
import io.plinth.dbproxy.sql.SqlTokens;
import io.plinth.dbproxy.sql.TokenShape;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The plan of all texts of one shape: of their literals nothing is known to it but where those stand that are values of keys,
 * which are read anew from each text. Immutable.
 */
public final class SharedPlan {
    private final TokenShape shape;
    private final SqlPlan plan;
    private final boolean keyed;

    private SharedPlan(TokenShape shape, SqlPlan plan, boolean keyed) {
        this.shape = shape;
        this.plan = plan;
        this.keyed = keyed;
    }

    /** What the plan of a text says of all of its shape; null when a literal, a position or a comment has had a say in it. */
    public static @Nullable SharedPlan of(TokenShape shape, SqlPlan plan) {
        SqlTokens tokens = shape.tokens();
        tokens.forgetNames();
        if (tokens.literalsRead() || tokens.hint() != null) {
            return null;
        }
        Set<Part> constants = Collections.newSetFromMap(new IdentityHashMap<>());
        for (StatementPlan statement : plan.statements()) {
            if (statement.need() instanceof Keyed keyed) {
                for (ShardKey key : keyed.keys()) {
                    for (Part part : key.parts()) {
                        if (tokens.origin(part) != null) {
                            constants.add(part);
                        }
                    }
                }
            }
        }
        // A value that was read and is no key has decided on something else.
        return constants.size() == tokens.derived() ? new SharedPlan(shape, plan, !constants.isEmpty()) : null;
    }

    /** The plan of a text of the shape; null when one of its keys has a value that must be looked at more closely. */
    public @Nullable SqlPlan of(SqlTokens tokens) {
        if (!keyed) {
            return plan;
        }
        KeyReader reader = new KeyReader(tokens);
        List<StatementPlan> statements = new ArrayList<>(plan.statements().size());
        for (StatementPlan statement : plan.statements()) {
            StatementPlan next = statement.need() instanceof Keyed keys ? with(statement, keys, reader) : statement;
            if (next == null) {
                return null;
            }
            statements.add(next);
        }
        return new SqlPlan(statements, plan.begin(), plan.fingerprint(), plan.key());
    }

    private @Nullable StatementPlan with(StatementPlan statement, Keyed keyed, KeyReader reader) {
        List<ShardKey> keys = new ArrayList<>(keyed.keys().size());
        for (ShardKey key : keyed.keys()) {
            List<Part> parts = new ArrayList<>(key.parts().size());
            for (int i = 0; i < key.parts().size(); i++) {
                Part part = key.parts().get(i);
                int[] origin = shape.tokens().origin(part);
                Part next = origin == null
                        ? part
                        : reader.constant(key.table().columns().get(i).type(), origin[0], origin[1]);
                if (next == null || (origin != null && !(next instanceof Constant))) {
                    return null;
                }
                parts.add(next);
            }
            keys.add(new ShardKey(key.table(), parts, key.stored()));
        }
        return new StatementPlan(
                statement.kind(),
                statement.readOnly(),
                new Keyed(keys, keyed.rows(), keyed.spread()),
                statement.effect());
    }
}
