package io.plinth.kvcache.lua.lib;

import io.plinth.kvcache.lua.Builtin;
import io.plinth.kvcache.lua.Coroutine;
import io.plinth.kvcache.lua.Interp;
import io.plinth.kvcache.lua.LuaError;
import io.plinth.kvcache.lua.LuaFunction;
import io.plinth.kvcache.lua.LuaTable;
import java.util.Locale;

/** {@code coroutine}. */
public final class CoroutineLibrary {
    private static final int BYTES = 2_048;

    private CoroutineLibrary() {}

    /** Adds it. */
    public static void open(Interp in) {
        LuaTable library = new LuaTable();
        in.globals().set("coroutine", library);
        Builtin.add(library, "create", (i, args) -> {
            LuaFunction body = args.get(1) instanceof LuaFunction function ? function : null;
            if (body == null || body instanceof Builtin) {
                throw args.bad(1, "Lua function expected");
            }
            i.charge(BYTES);
            return new Coroutine(i, body);
        });
        Builtin.add(library, "resume", (i, args) -> {
            Coroutine coroutine = coroutine(args);
            try {
                return BaseLibrary.join(true, coroutine.resume(args.from(2)));
            } catch (LuaError e) {
                return new Object[] {false, e.value()};
            }
        });
        Builtin.add(library, "wrap", (i, args) -> {
            LuaFunction body = args.get(1) instanceof LuaFunction function ? function : null;
            if (body == null || body instanceof Builtin) {
                throw args.bad(1, "Lua function expected");
            }
            i.charge(BYTES);
            Coroutine coroutine = new Coroutine(i, body);
            return new Builtin((in2, passed) -> {
                try {
                    return coroutine.resume(passed.all());
                } catch (LuaError e) {
                    throw e.value() instanceof String text ? in2.raise(in2.where(1) + text) : e;
                }
            });
        });
        Builtin.add(library, "yield", (i, args) -> {
            Coroutine running = i.running();
            if (running == null || !running.canYield()) {
                throw i.raise("attempt to yield across metamethod/C-call boundary");
            }
            return running.suspend(args.all());
        });
        Builtin.add(
                library, "status", (i, args) -> coroutine(args).status().name().toLowerCase(Locale.ROOT));
        Builtin.add(library, "running", (i, args) -> i.running());
    }

    private static Coroutine coroutine(io.plinth.kvcache.lua.Arguments args) {
        if (args.get(1) instanceof Coroutine coroutine) {
            return coroutine;
        }
        throw args.bad(1, "coroutine expected");
    }
}
