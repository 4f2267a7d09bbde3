package io.plinth.kvcache.lua.code;

import io.plinth.kvcache.lua.Cell;
import io.plinth.kvcache.lua.Closure;
import io.plinth.kvcache.lua.Coroutine;
import io.plinth.kvcache.lua.Frame;
import io.plinth.kvcache.lua.Interp;
import io.plinth.kvcache.lua.LuaFunction;
import io.plinth.kvcache.lua.LuaTable;
import io.plinth.kvcache.lua.Values;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** A function written in Lua. */
final class ScriptFunction extends Closure {
    private static final Cell[] NONE = new Cell[0];

    private final Prototype code;

    ScriptFunction(Prototype code, Cell[] upvalues) {
        super(upvalues);
        this.code = code;
    }

    static ScriptFunction main(Prototype code) {
        return new ScriptFunction(code, NONE);
    }

    @Override
    public @Nullable Object call(Interp in, @Nullable Object[] args) {
        in.step();
        Frame frame = frame(in, args, in.top());
        int weight = code.weight;
        if (!in.enter(frame, weight)) {
            in.leave(frame, weight);
            if (in.mayGoDeeper()) {
                return Coroutine.deeper(in, this, args);
            }
            throw in.error("stack overflow");
        }
        int signal = code.body.exec(frame);
        while (signal == Stat.TAIL) {
            LuaFunction next = java.util.Objects.requireNonNull(frame.tail);
            @Nullable Object[] passed = Values.list(frame.result);
            if (!(next instanceof ScriptFunction script)) {
                Object result = next.call(in, passed);
                in.leave(frame, weight);
                return result;
            }
            in.step();
            Frame replaced = script.frame(in, passed, frame.caller);
            in.replace(replaced);
            frame = replaced;
            signal = script.code.body.exec(frame);
        }
        in.leave(frame, weight);
        return signal == Stat.RETURN ? frame.result : Values.NOTHING;
    }

    private Frame frame(Interp in, @Nullable Object[] args, @Nullable Frame caller) {
        Prototype p = code;
        int fixed = p.parameters.length;
        @Nullable
        Object[] varargs =
                p.vararg && args.length > fixed ? Arrays.copyOfRange(args, fixed, args.length) : Values.NOTHING;
        @Nullable Object[] slots = new Object[p.slots];
        int given = Math.min(fixed, args.length);
        for (int i = 0; i < fixed; i++) {
            Object value = i < given ? args[i] : null;
            slots[i] = p.parameters[i].captured ? new Cell(value) : value;
        }
        if (p.arg != null) {
            LuaTable table = new LuaTable(varargs.length, 1);
            for (int i = 0; i < varargs.length; i++) {
                table.set(i + 1, varargs[i]);
            }
            table.set("n", Values.number(varargs.length));
            slots[p.arg.slot] = p.arg.captured ? new Cell(table) : table;
        }
        return new Frame(in, slots, upvalues(), varargs, p.chunk, caller);
    }
}
