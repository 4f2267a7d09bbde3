package io.plinth.kvcache.script;

import io.plinth.kvcache.command.CommandException;
import io.plinth.kvcache.lua.Arguments;
import io.plinth.kvcache.lua.Builtin;
import io.plinth.kvcache.lua.Interp;
import io.plinth.kvcache.lua.LuaAbort;
import io.plinth.kvcache.lua.LuaError;
import io.plinth.kvcache.lua.LuaFunction;
import io.plinth.kvcache.lua.LuaTable;
import io.plinth.kvcache.lua.Values;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Owned by one thread: the libraries as they were loaded into this thread's interpreter, each when it is first called. */
final class FunctionHost {
    private record Loaded(Libraries.Library library, Map<String, LuaFunction> functions) {}

    private final Interp in;
    private final Scripts scripts;
    private final LuaTable loading;
    private final Map<String, Loaded> loaded = new HashMap<>();
    private List<Libraries.Declared> declared = new ArrayList<>();
    private Map<String, LuaFunction> callbacks = new HashMap<>();
    private boolean registering;

    FunctionHost(Interp in, RedisTable redis, Scripts scripts) {
        this.in = in;
        this.scripts = scripts;
        this.loading = redis.build(true);
        Builtin.add(loading, "register_function", this::register);
    }

    /** A function by name. */
    LuaFunction find(String name) {
        Libraries.Library library = scripts.libraries().ofFunction(name);
        Loaded present = library == null ? null : loaded.get(library.name());
        if (library != null && (present == null || !present.library.code().equals(library.code()))) {
            load(library);
            present = new Loaded(library, callbacks);
            loaded.put(library.name(), present);
            loaded.keySet()
                    .removeIf(other -> scripts.libraries().all().stream()
                            .noneMatch(known -> known.name().equals(other)));
        }
        LuaFunction function = present == null ? null : present.functions.get(name);
        if (function == null) {
            throw new CommandException("ERR Function not found");
        }
        return function;
    }

    /** Runs a library's code; answers what it registers. */
    List<Libraries.Declared> load(Libraries.Library library) {
        declared = new ArrayList<>();
        callbacks = new HashMap<>();
        LuaTable globals = in.globals();
        Object calling = globals.get("redis");
        LuaTable guarded = new LuaTable();
        for (int i = 0; i < loading.places(); i++) {
            Object key = loading.keyAt(i);
            if (loading.valueAt(i) != null && key != null) {
                guarded.set(key, loading.valueAt(i));
            }
        }
        LuaTable guard = new LuaTable();
        Builtin.add(guard, "__index", (i, args) -> {
            throw i.error("Script attempted to access nonexistent global variable '" + Values.show(args.get(2)) + "'");
        });
        guard.readOnly(true);
        guarded.metatable(guard);
        guarded.readOnly(true);
        registering = true;
        globals.set("redis", guarded);
        globals.set("server", guarded);
        try {
            library.chunk().function().call(in, Values.NOTHING);
        } catch (LuaError e) {
            String text = e.value() instanceof LuaTable table && table.get("err") instanceof String error
                    ? error
                    : "ERR " + Values.show(e.value());
            throw new CommandException("ERR Error registering functions: " + Replies.line(text));
        } catch (LuaAbort e) {
            throw new CommandException("ERR Error registering functions: " + e.getMessage());
        } finally {
            registering = false;
            globals.set("redis", calling);
            globals.set("server", calling);
        }
        if (declared.isEmpty()) {
            throw new CommandException("ERR No functions registered");
        }
        return declared;
    }

    private LuaError wrong(Interp i, String text) {
        return i.raise(RedisTable.error("ERR " + text));
    }

    private Object register(Interp i, Arguments args) {
        if (!registering) {
            throw wrong(i, "redis.register_function can only be called on FUNCTION LOAD command");
        }
        if (args.count() < 1 || args.count() > 2) {
            throw wrong(i, "wrong number of arguments to redis.register_function");
        }
        if (args.count() == 1) {
            if (!(args.get(1) instanceof LuaTable named)) {
                throw wrong(
                        i,
                        "calling redis.register_function with a single argument is only applicable to Lua table"
                                + " (representing named arguments).");
            }
            return named(i, named);
        }
        if (!(args.get(1) instanceof String name)) {
            throw wrong(i, "first argument to redis.register_function must be a string");
        }
        if (!(args.get(2) instanceof LuaFunction callback)) {
            throw wrong(i, "second argument to redis.register_function must be a function");
        }
        return add(i, name, null, Set.of(), callback);
    }

    private Object named(Interp i, LuaTable given) {
        String name = null;
        String description = null;
        LuaFunction callback = null;
        Set<String> flags = Set.of();
        for (int place = 0; place < given.places(); place++) {
            Object value = given.valueAt(place);
            if (value == null) {
                continue;
            }
            switch (String.valueOf(given.keyAt(place))) {
                case "function_name" ->
                    name = string(i, value, "function_name argument given to redis.register_function must be a string");
                case "description" ->
                    description =
                            string(i, value, "description argument given to redis.register_function must be a string");
                case "callback" -> {
                    if (!(value instanceof LuaFunction function)) {
                        throw wrong(i, "callback argument given to redis.register_function must be a function");
                    }
                    callback = function;
                }
                case "flags" -> flags = flags(i, value);
                default -> throw wrong(i, "unknown argument given to redis.register_function");
            }
        }
        if (name == null) {
            throw wrong(i, "redis.register_function must get a function name argument");
        }
        if (callback == null) {
            throw wrong(i, "redis.register_function must get a callback argument");
        }
        return add(i, name, description, flags, callback);
    }

    private String string(Interp i, Object value, String problem) {
        if (value instanceof String text) {
            return text;
        }
        throw wrong(i, problem);
    }

    private Set<String> flags(Interp i, Object value) {
        if (!(value instanceof LuaTable list)) {
            throw wrong(i, "flags argument to redis.register_function must be a table representing function flags");
        }
        Set<String> flags = new HashSet<>();
        for (int n = 1; list.get(n) != null; n++) {
            if (!(list.get(n) instanceof String flag) || !Script.isFlag(flag)) {
                throw wrong(i, "unknown flag given");
            }
            flags.add(flag);
        }
        return flags;
    }

    private Object add(Interp i, String name, @Nullable String description, Set<String> flags, LuaFunction callback) {
        if (!Libraries.validName(name)) {
            throw wrong(
                    i,
                    "Library names can only contain letters, numbers, or underscores(_) and must be at least one"
                            + " character long");
        }
        if (callbacks.putIfAbsent(name, callback) != null) {
            throw wrong(i, "Function already exists in the library");
        }
        declared.add(new Libraries.Declared(name, description, flags));
        return Values.NOTHING;
    }
}
