package io.plinth.kvcache.lua.code;

import io.plinth.kvcache.lua.Cell;
import io.plinth.kvcache.lua.Frame;
import io.plinth.kvcache.lua.LuaTable;
import io.plinth.kvcache.lua.Meta;
import io.plinth.kvcache.lua.Values;
import org.jspecify.annotations.Nullable;

/** Values that are written down: constants, tables, functions; and {@code ...}. */
final class Literals {
    private static final int CLOSURE_BYTES = 64;

    private Literals() {}

    static final class Constant extends Expr {
        final @Nullable Object value;

        Constant(@Nullable Object value) {
            this.value = value;
        }

        @Override
        @Nullable
        Object eval(Frame f) {
            return value;
        }
    }

    static final class Varargs extends Expr {
        @Override
        @Nullable
        Object eval(Frame f) {
            return f.varargs.length == 0 ? null : f.varargs[0];
        }

        @Override
        Object several(Frame f) {
            return f.varargs;
        }

        @Override
        boolean multiple() {
            return true;
        }
    }

    /** An expression in parentheses: one value, and no name. */
    static final class Single extends Expr {
        private final Expr inner;

        Single(Expr inner) {
            this.inner = inner;
        }

        @Override
        @Nullable
        Object eval(Frame f) {
            return inner.eval(f);
        }

        @Override
        boolean test(Frame f) {
            return inner.test(f);
        }

        @Override
        public @Nullable String name() {
            return inner.name();
        }
    }

    /** A function expression. */
    static final class FunctionBody extends Expr {
        private final Prototype code;

        FunctionBody(Prototype code) {
            this.code = code;
        }

        @Override
        Object eval(Frame f) {
            int[] captures = code.captures;
            f.in.charge(CLOSURE_BYTES);
            Cell[] upvalues = new Cell[captures.length];
            for (int i = 0; i < captures.length; i++) {
                int from = captures[i];
                upvalues[i] = from < 0 ? f.upvalues[-1 - from] : (Cell) f.slots[from];
            }
            return new ScriptFunction(code, upvalues);
        }
    }

    /** A table constructor: a null key is a place in the list. */
    static final class TableBody extends Expr {
        private static final int FLUSH = 50;

        private final @Nullable Expr[] keys;
        private final Expr[] values;
        private final int listed;
        private final int named;
        private final int line;

        TableBody(@Nullable Expr[] keys, Expr[] values, int line) {
            this.keys = keys;
            this.values = values;
            this.line = line;
            int positions = 0;
            for (Expr key : keys) {
                positions += key == null ? 1 : 0;
            }
            named = keys.length - positions;
            boolean open = keys.length > 0 && keys[keys.length - 1] == null && values[keys.length - 1].multiple();
            listed = open ? positions - 1 : positions;
        }

        @Override
        Object eval(Frame f) {
            LuaTable table = new LuaTable(listed, named);
            f.in.charge(table.bytes());
            int mark = f.in.pin(table);
            @Nullable Object[] waiting = listed == 0 ? Values.NOTHING : new Object[Math.min(listed, FLUSH)];
            int count = 0;
            int stored = 0;
            for (int i = 0; i < values.length; i++) {
                Expr key = keys[i];
                if (key != null) {
                    Object k = key.eval(f);
                    Object v = values[i].eval(f);
                    f.line = line;
                    Meta.rawSet(f.in, table, k, v);
                } else if (i == values.length - 1 && values[i].multiple()) {
                    @Nullable Object[] rest = Values.list(values[i].several(f));
                    table.reserve(stored + count + rest.length);
                    f.in.charge(8L * rest.length);
                    store(table, rest, rest.length, stored + count);
                } else {
                    if (count == FLUSH) {
                        store(table, waiting, count, stored);
                        stored += count;
                        count = 0;
                    }
                    waiting[count++] = values[i].eval(f);
                }
            }
            store(table, waiting, count, stored);
            f.in.unpin(mark);
            return table;
        }

        private static void store(LuaTable table, @Nullable Object[] values, int count, int after) {
            for (int i = count; i > 0; i--) {
                table.set(after + i, values[i - 1]);
            }
        }
    }
}
