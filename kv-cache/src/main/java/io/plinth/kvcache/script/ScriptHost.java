package io.plinth.kvcache.script;

import io.netty.buffer.ByteBufAllocator;
import io.plinth.kvcache.command.CommandExecutor;
import io.plinth.kvcache.command.CommandTable;
import io.plinth.kvcache.command.NodeState;
import io.plinth.kvcache.lua.Builtin;
import io.plinth.kvcache.lua.Interp;
import io.plinth.kvcache.lua.LuaAbort;
import io.plinth.kvcache.lua.LuaError;
import io.plinth.kvcache.lua.LuaFunction;
import io.plinth.kvcache.lua.LuaTable;
import io.plinth.kvcache.lua.Values;
import io.plinth.kvcache.lua.lib.BaseLibrary;
import io.plinth.kvcache.lua.lib.BitLibrary;
import io.plinth.kvcache.lua.lib.CjsonLibrary;
import io.plinth.kvcache.lua.lib.CoroutineLibrary;
import io.plinth.kvcache.lua.lib.MathLibrary;
import io.plinth.kvcache.lua.lib.MessagePackLibrary;
import io.plinth.kvcache.lua.lib.StringLibrary;
import io.plinth.kvcache.lua.lib.StructLibrary;
import io.plinth.kvcache.lua.lib.TableLibrary;
import io.plinth.kvcache.session.Client;
import io.plinth.kvcache.session.NoOutlet;
import io.plinth.kvcache.session.Outlet;
import io.plinth.kvcache.wire.ReplyWriter;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/** Owned by one thread: an interpreter with everything scripts can call, and the client that their commands come from. */
final class ScriptHost {
    /** The client of scripts has no connection. */
    private static final Outlet NOBODY = new NoOutlet();

    private final NodeState node;
    private final Scripts scripts;
    private final LongSupplier nanos;
    private final CommandExecutor executor;
    private final Interp in = new Interp();
    private final RedisTable redis;
    private final LuaTable globals = in.globals();
    private final FunctionHost functions;

    ScriptHost(NodeState node, CommandTable table, Scripts scripts, LongSupplier nanos) {
        this.node = node;
        this.scripts = scripts;
        this.nanos = nanos;
        this.executor = new CommandExecutor(node, table);
        int limit = (int) Math.min(Integer.MAX_VALUE / 2, 2 * scripts.limits().memory());
        Client client = new Client(
                0, "script", "script", 0, new ReplyWriter(ByteBufAllocator.DEFAULT, limit), NOBODY, node.memory());
        client.authenticated(true);
        this.redis = new RedisTable(node, executor, client);
        libraries();
        this.functions = new FunctionHost(in, redis, scripts);
        protect(globals);
        in.stringMeta().readOnly(true);
    }

    /** Its thread runs no more scripts. */
    void end() {
        executor.end();
    }

    private void libraries() {
        BaseLibrary.open(in);
        StringLibrary.open(in);
        TableLibrary.open(in);
        MathLibrary.open(in);
        CoroutineLibrary.open(in);
        CjsonLibrary.open(in);
        MessagePackLibrary.open(in);
        BitLibrary.open(in);
        StructLibrary.open(in);
        LuaTable table = redis.build(false);
        globals.set("redis", table);
        globals.set("server", table);
        globals.set("KEYS", new LuaTable());
        globals.set("ARGV", new LuaTable());
        Builtin.add(globals, "pcall", (i, args) -> {
            Object function = args.any(1);
            @Nullable Object[] passed = args.from(2);
            return i.protect(() -> BaseLibrary.join(true, i.call(function, passed)), e -> {
                // As before Redis 7: who catches an error of a command gets its text.
                Object text = e.value() instanceof LuaTable error ? error.get("err") : null;
                return new Object[] {false, text instanceof String ? text : e.value()};
            });
        });
        LuaTable guard = new LuaTable();
        Builtin.add(guard, "__index", (i, args) -> {
            throw i.error("Script attempted to access nonexistent global variable '" + Values.show(args.get(2)) + "'");
        });
        guard.readOnly(true);
        globals.metatable(guard);
    }

    /** Makes a table and the tables in it unchangeable. */
    private static void protect(LuaTable table) {
        if (table.readOnly()) {
            return;
        }
        table.readOnly(true);
        for (int i = 0; i < table.places(); i++) {
            if (table.valueAt(i) instanceof LuaTable inner
                    && !"KEYS".equals(table.keyAt(i))
                    && !"ARGV".equals(table.keyAt(i))) {
                protect(inner);
            }
        }
    }

    /**
     * Runs it and writes its reply. {@link ScriptRun.Again} where it is to be begun again elsewhere; the turn is waited for
     * {@code patient}ly only where the thread may.
     */
    void run(Request request, long nowMillis, ReplyWriter out, boolean movable, boolean patient) {
        boolean room = node.keyspace().turn().mine() || node.keyspace().makeRoom(0);
        Script script = request.script();
        boolean withTurn = patient || (script != null && script.takesTurn && !request.readOnly());
        while (true) {
            ScriptRun run = new ScriptRun(node.keyspace(), scripts, nanos, request, movable);
            int mark = out.size();
            run.begin(request.keys(), withTurn, patient);
            try {
                redis.begin(run, request, nowMillis, !room);
                once(request, run, out);
                if (script != null && run.hadTurn()) {
                    script.takesTurn = true;
                }
                executor.served(run.segments(), nowMillis);
                break;
            } catch (ScriptRun.Again e) {
                out.rewind(mark);
                if (e.elsewhere) {
                    throw e;
                }
                withTurn = true;
            } finally {
                in.end();
                redis.end();
                run.end();
            }
        }
        executor.servedAfterwards(nowMillis);
    }

    private void once(Request request, ScriptRun run, ReplyWriter out) {
        ScriptLimits limits = scripts.limits();
        in.begin(limits.memory(), limits.steps(), run);
        try {
            Object result;
            if (request.script() != null) {
                globals.set("KEYS", list(request.keys()));
                globals.set("ARGV", list(request.args()));
                result = request.script().chunk.function().call(in, Values.NOTHING);
            } else {
                LuaFunction function = functions.find(request.name());
                result = function.call(in, new Object[] {list(request.keys()), list(request.args())});
            }
            Replies.write(out, Values.first(result), redis.version());
        } catch (LuaError e) {
            out.error(Replies.line(message(e, request.name())));
        } catch (ScriptRun.Again e) {
            throw e;
        } catch (StackOverflowError e) {
            out.error("ERR stack overflow script: " + request.name() + ".");
        } catch (LuaAbort e) {
            String chunk = request.script() == null ? "user_function" : "user_script";
            int line = in.top() == null ? 1 : in.top().line;
            out.error("ERR " + e.getMessage() + " script: " + request.name() + ", on @" + chunk + ":" + line + ".");
        }
    }

    static String message(LuaError e, String name) {
        String text;
        if (e.value() instanceof LuaTable table) {
            text = table.get("err") instanceof String error ? error : "ERR unknown error";
        } else {
            text = "ERR " + Values.show(e.value());
        }
        return e.source() == null ? text : text + " script: " + name + ", on @" + e.source() + ":" + e.line() + ".";
    }

    private static LuaTable list(List<byte[]> values) {
        LuaTable table = new LuaTable();
        for (int i = 0; i < values.size(); i++) {
            table.set(i + 1, new String(values.get(i), StandardCharsets.ISO_8859_1));
        }
        return table;
    }

    /** Checks a library by loading it here; answers what it registers. */
    List<Libraries.Declared> tryLibrary(Libraries.Library library) {
        ScriptLimits limits = scripts.limits();
        long start = nanos.getAsLong();
        in.begin(limits.memory(), limits.steps(), () -> {
            if (nanos.getAsLong() - start > 500_000_000L) {
                throw new LuaAbort("FUNCTION LOAD timeout");
            }
        });
        try {
            return functions.load(library);
        } finally {
            in.end();
        }
    }
}
