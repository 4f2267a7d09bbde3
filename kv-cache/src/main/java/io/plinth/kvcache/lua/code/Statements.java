package io.plinth.kvcache.lua.code;

import io.plinth.kvcache.lua.Frame;
import org.jspecify.annotations.Nullable;

/** Statements but loops and calls. */
final class Statements {
    private Statements() {}

    static final class Block extends Stat {
        private final Stat[] stats;

        Block(Stat[] stats) {
            this.stats = stats;
        }

        @Override
        int exec(Frame f) {
            for (Stat stat : stats) {
                int signal = stat.exec(f);
                if (signal != NORMAL) {
                    return signal;
                }
            }
            return NORMAL;
        }
    }

    static final class If extends Stat {
        private final Expr[] conditions;
        private final Stat[] branches;

        /** One branch more than conditions is the {@code else}. */
        If(Expr[] conditions, Stat[] branches) {
            this.conditions = conditions;
            this.branches = branches;
        }

        @Override
        int exec(Frame f) {
            for (int i = 0; i < conditions.length; i++) {
                if (conditions[i].test(f)) {
                    return branches[i].exec(f);
                }
            }
            return branches.length > conditions.length ? branches[conditions.length].exec(f) : NORMAL;
        }
    }

    static final class Break extends Stat {
        @Override
        int exec(Frame f) {
            return BREAK;
        }
    }

    static final class Return extends Stat {
        private final Expr[] values;

        Return(Expr[] values) {
            this.values = values;
        }

        @Override
        int exec(Frame f) {
            f.result = values.length == 1 ? values[0].several(f) : Expr.list(f, values, 0);
            return RETURN;
        }
    }

    /** {@code local a, b = ...}. */
    static final class LocalDeclaration extends Stat {
        private final Local[] locals;
        private final Expr[] values;

        LocalDeclaration(Local[] locals, Expr[] values) {
            this.locals = locals;
            this.values = values;
        }

        @Override
        int exec(Frame f) {
            if (locals.length == 1 && values.length == 1) {
                Access.LocalVariable.declare(f, locals[0], values[0].eval(f));
                return NORMAL;
            }
            @Nullable Object[] given = Expr.list(f, values, 0);
            for (int i = 0; i < locals.length; i++) {
                Access.LocalVariable.declare(f, locals[i], i < given.length ? given[i] : null);
            }
            return NORMAL;
        }
    }

    /** {@code local function f}: the variable is there before its value. */
    static final class LocalFunction extends Stat {
        private final Local local;
        private final Expr body;

        LocalFunction(Local local, Expr body) {
            this.local = local;
            this.body = body;
        }

        @Override
        int exec(Frame f) {
            Access.LocalVariable.declare(f, local, null);
            new Access.LocalVariable(local).set(f, body.eval(f));
            return NORMAL;
        }
    }

    static final class Assign extends Stat {
        private final Access.Target target;
        private final Expr value;

        Assign(Access.Target target, Expr value) {
            this.target = target;
            this.value = value;
        }

        @Override
        int exec(Frame f) {
            if (target instanceof Access.Index index) {
                Object o = index.object.eval(f);
                Object k = index.key.eval(f);
                index.store(f, o, k, value.eval(f));
            } else if (target instanceof Access.Field field) {
                Object o = field.object.eval(f);
                field.store(f, o, value.eval(f));
            } else {
                target.set(f, value.eval(f));
            }
            return NORMAL;
        }
    }

    /** {@code a, b = ...}: what is assigned to is known before the values, and filled from the last on. */
    static final class AssignSeveral extends Stat {
        private final Access.Target[] targets;
        private final Expr[] values;

        AssignSeveral(Access.Target[] targets, Expr[] values) {
            this.targets = targets;
            this.values = values;
        }

        @Override
        int exec(Frame f) {
            @Nullable Object[] objects = new Object[targets.length];
            @Nullable Object[] keys = new Object[targets.length];
            for (int i = 0; i < targets.length; i++) {
                if (targets[i] instanceof Access.Index index) {
                    objects[i] = index.object.eval(f);
                    keys[i] = index.key.eval(f);
                } else if (targets[i] instanceof Access.Field field) {
                    objects[i] = field.object.eval(f);
                }
            }
            @Nullable Object[] given = Expr.list(f, values, 0);
            for (int i = targets.length - 1; i >= 0; i--) {
                Object value = i < given.length ? given[i] : null;
                if (targets[i] instanceof Access.Index index) {
                    index.store(f, objects[i], keys[i], value);
                } else if (targets[i] instanceof Access.Field field) {
                    field.store(f, objects[i], value);
                } else {
                    targets[i].set(f, value);
                }
            }
            return NORMAL;
        }
    }
}
