package io.plinth.kvcache.lua.code;

import io.plinth.kvcache.lua.Cell;
import io.plinth.kvcache.lua.Frame;
import io.plinth.kvcache.lua.LuaTable;
import io.plinth.kvcache.lua.Meta;
import org.jspecify.annotations.Nullable;

/** Variables and fields. */
final class Access {
    private Access() {}

    /** What can be assigned to. */
    abstract static class Target extends Expr {
        abstract void set(Frame f, @Nullable Object value);
    }

    static final class LocalVariable extends Target {
        final Local local;
        private final int slot;

        LocalVariable(Local local) {
            this.local = local;
            this.slot = local.slot;
        }

        @Override
        @Nullable
        Object eval(Frame f) {
            Object value = f.slots[slot];
            return value instanceof Cell cell ? cell.value : value;
        }

        @Override
        void set(Frame f, @Nullable Object value) {
            if (f.slots[slot] instanceof Cell cell) {
                cell.value = value;
            } else {
                f.slots[slot] = value;
            }
        }

        /** A new variable of its own, also where an older one is captured. */
        static void declare(Frame f, Local local, @Nullable Object value) {
            f.slots[local.slot] = local.captured ? new Cell(value) : value;
        }

        @Override
        public String name() {
            return "local '" + local.name + "'";
        }
    }

    static final class Upvalue extends Target {
        private final int index;
        private final String name;

        Upvalue(int index, String name) {
            this.index = index;
            this.name = name;
        }

        @Override
        @Nullable
        Object eval(Frame f) {
            return f.upvalues[index].value;
        }

        @Override
        void set(Frame f, @Nullable Object value) {
            f.upvalues[index].value = value;
        }

        @Override
        public String name() {
            return "upvalue '" + name + "'";
        }
    }

    static final class Global extends Target {
        private final String name;
        private final int hash;
        private final int line;

        Global(String name, int line) {
            this.name = name;
            this.hash = LuaTable.hash(name);
            this.line = line;
        }

        @Override
        @Nullable
        Object eval(Frame f) {
            Object value = f.in.globals().get(name, hash);
            if (value != null) {
                return value;
            }
            f.line = line;
            return Meta.index(f.in, f.in.globals(), name, null);
        }

        @Override
        void set(Frame f, @Nullable Object value) {
            f.line = line;
            Meta.setIndex(f.in, f.in.globals(), name, value, null);
        }

        @Override
        public String name() {
            return "global '" + name + "'";
        }
    }

    /** {@code object.name}. */
    static final class Field extends Target {
        final Expr object;
        final String key;
        private final int hash;
        private final int line;

        Field(Expr object, String key, int line) {
            this.object = object;
            this.key = key;
            this.hash = LuaTable.hash(key);
            this.line = line;
        }

        @Override
        @Nullable
        Object eval(Frame f) {
            Object o = object.eval(f);
            if (o instanceof LuaTable table) {
                Object value = table.get(key, hash);
                if (value != null || table.metatable() == null) {
                    return value;
                }
            }
            f.line = line;
            return Meta.index(f.in, o, key, object);
        }

        @Override
        void set(Frame f, @Nullable Object value) {
            store(f, object.eval(f), value);
        }

        void store(Frame f, @Nullable Object o, @Nullable Object value) {
            f.line = line;
            Meta.setIndex(f.in, o, key, value, object);
        }

        @Override
        public String name() {
            return "field '" + key + "'";
        }
    }

    /** {@code object[key]}. */
    static final class Index extends Target {
        final Expr object;
        final Expr key;
        private final int line;

        Index(Expr object, Expr key, int line) {
            this.object = object;
            this.key = key;
            this.line = line;
        }

        @Override
        @Nullable
        Object eval(Frame f) {
            Object o = object.eval(f);
            return at(f, o, key.eval(f));
        }

        private @Nullable Object at(Frame f, @Nullable Object o, @Nullable Object k) {
            if (o instanceof LuaTable table) {
                Object value = table.get(k);
                if (value != null || table.metatable() == null) {
                    return value;
                }
            }
            f.line = line;
            return Meta.index(f.in, o, k, object);
        }

        @Override
        void set(Frame f, @Nullable Object value) {
            Object o = object.eval(f);
            store(f, o, key.eval(f), value);
        }

        void store(Frame f, @Nullable Object o, @Nullable Object k, @Nullable Object value) {
            f.line = line;
            Meta.setIndex(f.in, o, k, value, object);
        }

        @Override
        public String name() {
            return "field '?'";
        }
    }
}
