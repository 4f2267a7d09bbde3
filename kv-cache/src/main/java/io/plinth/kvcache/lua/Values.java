package io.plinth.kvcache.lua;

import org.jspecify.annotations.Nullable;

/** What all Lua values have in common. */
public final class Values {
    /** No value at all, which is not the same as nil. */
    public static final @Nullable Object[] NOTHING = new Object[0];

    private static final int CACHED = 1024;
    private static final Double[] SMALL = small();

    private Values() {}

    private static Double[] small() {
        Double[] numbers = new Double[CACHED];
        for (int i = 0; i < CACHED; i++) {
            numbers[i] = (double) i;
        }
        return numbers;
    }

    /** A number, shared where it is a small one. */
    public static Double number(int value) {
        return value >= 0 && value < CACHED ? SMALL[value] : (Double) (double) value;
    }

    /** Neither nil nor false. */
    public static boolean truth(@Nullable Object value) {
        return value != null && !(value instanceof Boolean yes && !yes);
    }

    /** The first of several values, nil for none. */
    public static @Nullable Object first(@Nullable Object result) {
        if (result instanceof Object[] several) {
            return several.length == 0 ? null : several[0];
        }
        return result;
    }

    /** A result as an array. */
    public static @Nullable Object[] list(@Nullable Object result) {
        return result instanceof Object[] several ? several : new Object[] {result};
    }

    /** The name of a value's type. */
    public static String type(@Nullable Object value) {
        return switch (value) {
            case null -> "nil";
            case Boolean b -> "boolean";
            case Double d -> "number";
            case String s -> "string";
            case LuaTable t -> "table";
            case LuaFunction f -> "function";
            case Coroutine c -> "thread";
            default -> "userdata";
        };
    }

    /** Equality without metamethods. */
    public static boolean rawEqual(@Nullable Object a, @Nullable Object b) {
        if (a instanceof Double x) {
            return b instanceof Double y && x.doubleValue() == y.doubleValue();
        }
        return a == null ? b == null : a.equals(b);
    }

    /** A number, also from a text that is one; null for none. */
    public static @Nullable Double toNumber(@Nullable Object value) {
        if (value instanceof Double number) {
            return number;
        }
        return value instanceof String text ? NumberText.parse(text) : null;
    }

    /** A text, also from a number; null for neither. */
    public static @Nullable String toText(@Nullable Object value) {
        if (value instanceof String text) {
            return text;
        }
        return value instanceof Double number ? NumberText.format(number) : null;
    }

    /** As {@code tostring} shows what has no metamethod for it. */
    public static String show(@Nullable Object value) {
        return switch (value) {
            case null -> "nil";
            case Boolean b -> b.toString();
            case Double d -> NumberText.format(d);
            case String s -> s;
            case LuaNull n -> "userdata: (nil)";
            default -> type(value) + ": 0x" + String.format("%012x", 0x7f0000000000L | System.identityHashCode(value));
        };
    }
}
