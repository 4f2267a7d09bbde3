package io.plinth.kvcache.lua.code;

import io.plinth.kvcache.lua.Frame;
import io.plinth.kvcache.lua.LuaFunction;
import io.plinth.kvcache.lua.LuaTable;
import io.plinth.kvcache.lua.Meta;
import io.plinth.kvcache.lua.Values;
import org.jspecify.annotations.Nullable;

/** Calls. */
final class Calls {
    private Calls() {}

    /** A call of a function or method. */
    abstract static class AnyCall extends Expr implements Frame.CallSite {
        final int line;

        AnyCall(int line) {
            this.line = line;
        }

        /** Evaluates function and arguments into the frame's {@code tail} and answers the arguments. */
        abstract @Nullable Object[] prepare(Frame f);

        @Override
        final @Nullable Object eval(Frame f) {
            return Values.first(several(f));
        }

        @Override
        boolean multiple() {
            return true;
        }

        final @Nullable Object[] callable(Frame f, @Nullable Object called, @Nullable Object[] args, Meta.Named named) {
            f.line = line;
            if (called instanceof LuaFunction function) {
                f.tail = function;
                return args;
            }
            f.tail = Meta.callable(f.in, called, named);
            @Nullable Object[] all = new Object[args.length + 1];
            all[0] = called;
            System.arraycopy(args, 0, all, 1, args.length);
            return all;
        }

        @Override
        final @Nullable Object several(Frame f) {
            @Nullable Object[] args = prepare(f);
            LuaFunction function = f.tail;
            f.line = line;
            f.site = this;
            return function == null ? null : function.call(f.in, args);
        }
    }

    static final class Call extends AnyCall {
        private final Expr function;
        private final Expr[] args;

        Call(Expr function, Expr[] args, int line) {
            super(line);
            this.function = function;
            this.args = args;
        }

        @Override
        @Nullable
        Object[] prepare(Frame f) {
            Object called = function.eval(f);
            @Nullable Object[] values = Expr.list(f, args, 0);
            return callable(f, called, values, function);
        }

        @Override
        public @Nullable String calledName() {
            return function.name();
        }
    }

    static final class MethodCall extends AnyCall {
        private final Expr object;
        private final String method;
        private final int hash;
        private final Expr[] args;

        MethodCall(Expr object, String method, Expr[] args, int line) {
            super(line);
            this.object = object;
            this.method = method;
            this.hash = LuaTable.hash(method);
            this.args = args;
        }

        @Override
        @Nullable
        Object[] prepare(Frame f) {
            Object self = object.eval(f);
            Object called = self instanceof LuaTable table ? table.get(method, hash) : null;
            if (called == null) {
                f.line = line;
                called = Meta.index(f.in, self, method, object);
            }
            @Nullable Object[] values = Expr.list(f, args, 1);
            values[0] = self;
            return callable(f, called, values, this::calledName);
        }

        @Override
        public String calledName() {
            return "method '" + method + "'";
        }
    }

    /** A call as a statement. */
    static final class CallStatement extends Stat {
        private final AnyCall call;

        CallStatement(AnyCall call) {
            this.call = call;
        }

        @Override
        int exec(Frame f) {
            call.several(f);
            return NORMAL;
        }
    }

    /** {@code return f(...)}: the call takes the frame's place. */
    static final class TailCall extends Stat {
        private final AnyCall call;

        TailCall(AnyCall call) {
            this.call = call;
        }

        @Override
        int exec(Frame f) {
            f.result = call.prepare(f);
            f.line = call.line;
            f.site = call;
            return TAIL;
        }
    }
}
