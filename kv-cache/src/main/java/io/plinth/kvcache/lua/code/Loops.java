package io.plinth.kvcache.lua.code;

import io.plinth.kvcache.lua.Frame;
import io.plinth.kvcache.lua.LuaFunction;
import io.plinth.kvcache.lua.LuaTable;
import io.plinth.kvcache.lua.Meta;
import io.plinth.kvcache.lua.Values;
import org.jspecify.annotations.Nullable;

/** Loops. */
final class Loops {
    private Loops() {}

    static final class While extends Stat {
        private final Expr condition;
        private final Stat body;

        While(Expr condition, Stat body) {
            this.condition = condition;
            this.body = body;
        }

        @Override
        int exec(Frame f) {
            while (condition.test(f)) {
                f.in.step();
                int signal = body.exec(f);
                if (signal != NORMAL) {
                    return signal == BREAK ? NORMAL : signal;
                }
            }
            return NORMAL;
        }
    }

    static final class Repeat extends Stat {
        private final Stat body;
        private final Expr condition;

        Repeat(Stat body, Expr condition) {
            this.body = body;
            this.condition = condition;
        }

        @Override
        int exec(Frame f) {
            do {
                f.in.step();
                int signal = body.exec(f);
                if (signal != NORMAL) {
                    return signal == BREAK ? NORMAL : signal;
                }
            } while (!condition.test(f));
            return NORMAL;
        }
    }

    static final class NumericFor extends Stat {
        private final Local variable;
        private final Expr from;
        private final Expr to;
        private final @Nullable Expr by;
        private final Stat body;
        private final int line;

        NumericFor(Local variable, Expr from, Expr to, @Nullable Expr by, Stat body, int line) {
            this.variable = variable;
            this.from = from;
            this.to = to;
            this.by = by;
            this.body = body;
            this.line = line;
        }

        private double number(Frame f, @Nullable Object value, String what) {
            Double number = Values.toNumber(value);
            if (number == null) {
                f.line = line;
                throw f.in.error("'for' " + what + " must be a number");
            }
            return number;
        }

        @Override
        int exec(Frame f) {
            Object first = from.eval(f);
            Object last = to.eval(f);
            Object stride = by == null ? null : by.eval(f);
            double at = number(f, first, "initial value");
            double limit = number(f, last, "limit");
            double step = by == null ? 1 : number(f, stride, "step");
            while (step > 0 ? at <= limit : limit <= at) {
                f.in.step();
                int small = (int) at;
                Access.LocalVariable.declare(f, variable, small == at ? Values.number(small) : (Double) at);
                int signal = body.exec(f);
                if (signal != NORMAL) {
                    return signal == BREAK ? NORMAL : signal;
                }
                at += step;
            }
            return NORMAL;
        }
    }

    static final class GenericFor extends Stat {
        private final Local[] variables;
        private final Expr[] values;
        private final Stat body;
        private final int line;

        GenericFor(Local[] variables, Expr[] values, Stat body, int line) {
            this.variables = variables;
            this.values = values;
            this.body = body;
            this.line = line;
        }

        @Override
        int exec(Frame f) {
            @Nullable Object[] given = Expr.list(f, values, 0);
            Object iterator = given.length > 0 ? given[0] : null;
            Object state = given.length > 1 ? given[1] : null;
            Object control = given.length > 2 ? given[2] : null;
            int mark = f.in.pin(state);
            f.in.pin(iterator);
            int signal = control == null && state instanceof LuaTable table && f.in.isNext(iterator)
                    ? pairs(f, table)
                    : iterate(f, iterator, state, control);
            f.in.unpin(mark);
            return signal == BREAK ? NORMAL : signal;
        }

        private int iterate(Frame f, @Nullable Object iterator, @Nullable Object state, @Nullable Object start) {
            Object control = start;
            while (true) {
                f.in.step();
                f.line = line;
                Object result = iterator instanceof LuaFunction function
                        ? f.in.iterate(function, state, control)
                        : f.in.call(Meta.callable(f.in, iterator, null), iterator, state, control);
                control = Values.first(result);
                if (control == null) {
                    return NORMAL;
                }
                Access.LocalVariable.declare(f, variables[0], control);
                for (int i = 1; i < variables.length; i++) {
                    Object value = result instanceof Object[] several && i < several.length ? several[i] : null;
                    Access.LocalVariable.declare(f, variables[i], value);
                }
                int signal = body.exec(f);
                if (signal != NORMAL) {
                    return signal;
                }
            }
        }

        /** Goes through a table by place as long as it is not laid out anew. */
        private int pairs(Frame f, LuaTable table) {
            Object key = null;
            while (true) {
                f.in.step();
                int place = table.placeAfter(key);
                if (place < 0) {
                    f.line = line;
                    throw f.in.error("invalid key to 'next'");
                }
                if (place >= table.places()) {
                    return NORMAL;
                }
                key = table.keyAt(place);
                Access.LocalVariable.declare(f, variables[0], key);
                if (variables.length > 1) {
                    Access.LocalVariable.declare(f, variables[1], table.valueAt(place));
                    for (int i = 2; i < variables.length; i++) {
                        Access.LocalVariable.declare(f, variables[i], null);
                    }
                }
                int signal = body.exec(f);
                if (signal != NORMAL) {
                    return signal;
                }
            }
        }
    }
}
