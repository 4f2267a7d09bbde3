package io.plinth.kvcache.lua;

import org.jspecify.annotations.Nullable;

/** The slow ways of operations: conversions, metamethods, errors. */
public final class Meta {
    private static final int MAX_LOOP = 100;

    private Meta() {}

    /** Names an expression in an error message, {@code local 'x'}; null for one without a name. */
    @FunctionalInterface
    public interface Named {
        @Nullable
        String name();
    }

    public static @Nullable LuaTable metatable(Interp in, @Nullable Object value) {
        if (value instanceof LuaTable table) {
            return table.metatable();
        }
        return value instanceof String ? in.stringMeta() : null;
    }

    /** A metamethod, or nil. */
    public static @Nullable Object method(Interp in, @Nullable Object value, String event) {
        LuaTable meta = metatable(in, value);
        return meta == null ? null : meta.get(event);
    }

    private static LuaError wrong(Interp in, String operation, @Nullable Object value, @Nullable Named named) {
        String name = named == null ? null : named.name();
        String type = Values.type(value);
        return in.error("attempt to " + operation + " " + (name == null ? "" : name + " (") + "a " + type + " value"
                + (name == null ? "" : ")"));
    }

    /** {@code o[key]}. */
    public static @Nullable Object index(Interp in, @Nullable Object o, @Nullable Object key, @Nullable Named named) {
        Object at = o;
        for (int i = 0; i < MAX_LOOP; i++) {
            Object handler;
            if (at instanceof LuaTable table) {
                Object value = table.get(key);
                LuaTable meta = table.metatable();
                if (value != null || meta == null) {
                    return value;
                }
                handler = meta.get("__index");
                if (handler == null) {
                    return null;
                }
            } else {
                handler = method(in, at, "__index");
                if (handler == null) {
                    throw wrong(in, "index", at, i == 0 ? named : null);
                }
            }
            if (handler instanceof LuaFunction function) {
                return Values.first(in.callMethod(function, at, key));
            }
            at = handler;
        }
        throw in.error("loop in gettable");
    }

    /** {@code o[key] = value}. */
    public static void setIndex(
            Interp in, @Nullable Object o, @Nullable Object key, @Nullable Object value, @Nullable Named named) {
        Object at = o;
        for (int i = 0; i < MAX_LOOP; i++) {
            Object handler;
            if (at instanceof LuaTable table) {
                LuaTable meta = table.metatable();
                handler = meta == null || table.get(key) != null ? null : meta.get("__newindex");
                if (handler == null) {
                    rawSet(in, table, key, value);
                    return;
                }
            } else {
                handler = method(in, at, "__newindex");
                if (handler == null) {
                    throw wrong(in, "index", at, i == 0 ? named : null);
                }
            }
            if (handler instanceof LuaFunction function) {
                in.callMethod(function, at, key, value);
                return;
            }
            at = handler;
        }
        throw in.error("loop in settable");
    }

    /** Stores without metamethods, for Lua code. */
    public static void rawSet(Interp in, LuaTable table, @Nullable Object key, @Nullable Object value) {
        String problem = problem(table, key);
        if (problem != null) {
            throw in.error(problem);
        }
        put(in, table, key, value);
    }

    /** Stores without metamethods, for a built-in function, whose errors name no place. */
    public static void store(Interp in, LuaTable table, @Nullable Object key, @Nullable Object value) {
        String problem = problem(table, key);
        if (problem != null) {
            throw in.raise(problem);
        }
        put(in, table, key, value);
    }

    private static @Nullable String problem(LuaTable table, @Nullable Object key) {
        if (table.readOnly()) {
            return "Attempt to modify a readonly table";
        }
        if (key == null) {
            return "table index is nil";
        }
        return key instanceof Double number && Double.isNaN(number) ? "table index is NaN" : null;
    }

    private static void put(Interp in, LuaTable table, @Nullable Object key, @Nullable Object value) {
        if (key == null) {
            return;
        }
        long grown = table.set(key, value);
        if (grown > 0) {
            in.charge(grown);
        }
    }

    /** The function a call of this runs. */
    static LuaFunction callable(Interp in, @Nullable Object value) {
        return callable(in, value, null);
    }

    /** The function a call of this runs; for other than functions that is {@code __call} with the value before the arguments. */
    public static LuaFunction callable(Interp in, @Nullable Object value, @Nullable Named named) {
        if (value instanceof LuaFunction function) {
            return function;
        }
        if (method(in, value, "__call") instanceof LuaFunction function) {
            return function;
        }
        throw wrong(in, "call", value, named);
    }

    /** What an arithmetic operation comes to. */
    public static @Nullable Object arithmetic(
            Interp in,
            String event,
            @Nullable Object a,
            @Nullable Object b,
            @Nullable Named left,
            @Nullable Named right) {
        Double x = Values.toNumber(a);
        Double y = Values.toNumber(b);
        if (x != null && y != null) {
            return compute(event, x, y);
        }
        Object handler = method(in, a, event);
        if (handler == null) {
            handler = method(in, b, event);
        }
        if (handler == null) {
            throw x == null
                    ? wrong(in, "perform arithmetic on", a, left)
                    : wrong(in, "perform arithmetic on", b, right);
        }
        return Values.first(in.callMethod(handler, a, b));
    }

    private static double compute(String event, double x, double y) {
        return switch (event) {
            case "__add" -> x + y;
            case "__sub" -> x - y;
            case "__mul" -> x * y;
            case "__div" -> x / y;
            case "__mod" -> modulo(x, y);
            case "__pow" -> Math.pow(x, y);
            default -> -x;
        };
    }

    /** Lua's modulo: the sign is the divisor's. */
    public static double modulo(double x, double y) {
        return x - Math.floor(x / y) * y;
    }

    /** Two values of a concatenation that are not both text. */
    public static @Nullable Object concat(
            Interp in, @Nullable Object a, @Nullable Object b, @Nullable Named left, @Nullable Named right) {
        Object handler = method(in, a, "__concat");
        if (handler == null) {
            handler = method(in, b, "__concat");
        }
        if (handler != null) {
            return Values.first(in.callMethod(handler, a, b));
        }
        boolean firstIsText = a instanceof String || a instanceof Double;
        throw firstIsText ? wrong(in, "concatenate", b, right) : wrong(in, "concatenate", a, left);
    }

    /** {@code ==}. */
    public static boolean equal(Interp in, @Nullable Object a, @Nullable Object b) {
        if (a instanceof LuaTable x && b instanceof LuaTable y && !x.equals(y)) {
            Object handler = x.metatable() == null ? null : x.metatable().get("__eq");
            return handler != null
                    && y.metatable() != null
                    && handler.equals(y.metatable().get("__eq"))
                    && Values.truth(Values.first(in.callMethod(handler, a, b)));
        }
        return Values.rawEqual(a, b);
    }

    /** {@code <}. */
    public static boolean less(Interp in, @Nullable Object a, @Nullable Object b) {
        if (a instanceof Double x && b instanceof Double y) {
            return x < y;
        }
        if (a instanceof String x && b instanceof String y) {
            return x.compareTo(y) < 0;
        }
        Object handler = sameHandler(in, a, b, "__lt");
        if (handler == null) {
            throw notComparable(in, a, b);
        }
        return Values.truth(Values.first(in.callMethod(handler, a, b)));
    }

    /** {@code <=}. */
    public static boolean lessOrEqual(Interp in, @Nullable Object a, @Nullable Object b) {
        if (a instanceof Double x && b instanceof Double y) {
            return x <= y;
        }
        if (a instanceof String x && b instanceof String y) {
            return x.compareTo(y) <= 0;
        }
        Object handler = sameHandler(in, a, b, "__le");
        if (handler != null) {
            return Values.truth(Values.first(in.callMethod(handler, a, b)));
        }
        handler = sameHandler(in, a, b, "__lt");
        if (handler == null) {
            throw notComparable(in, a, b);
        }
        return !Values.truth(Values.first(in.callMethod(handler, b, a)));
    }

    private static @Nullable Object sameHandler(Interp in, @Nullable Object a, @Nullable Object b, String event) {
        if (!Values.type(a).equals(Values.type(b))) {
            return null;
        }
        Object handler = method(in, a, event);
        return handler != null && Values.rawEqual(handler, method(in, b, event)) ? handler : null;
    }

    private static LuaError notComparable(Interp in, @Nullable Object a, @Nullable Object b) {
        String x = Values.type(a);
        String y = Values.type(b);
        // Lua 5.1 tells types apart by their third letter.
        return in.error(
                x.charAt(2) == y.charAt(2)
                        ? "attempt to compare two " + x + " values"
                        : "attempt to compare " + x + " with " + y);
    }

    /** {@code #}. */
    public static Object length(Interp in, @Nullable Object value, @Nullable Named named) {
        if (value instanceof String text) {
            return Values.number(text.length());
        }
        if (value instanceof LuaTable table) {
            return Values.number(table.length());
        }
        throw wrong(in, "get length of", value, named);
    }

    /** {@code tostring}. */
    public static @Nullable Object show(Interp in, @Nullable Object value) {
        Object handler = method(in, value, "__tostring");
        return handler == null ? Values.show(value) : Values.first(in.callMethod(handler, value));
    }
}
