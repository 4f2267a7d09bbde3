package io.plinth.kvcache.lua;

import org.jspecify.annotations.Nullable;

/** The arguments of a built-in function, checked in the words of Lua's auxiliary library. Arguments count from 1. */
public final class Arguments {
    private final Interp in;
    private final @Nullable Object[] values;

    Arguments(Interp in, @Nullable Object[] values) {
        this.in = in;
        this.values = values;
    }

    public int count() {
        return values.length;
    }

    public @Nullable Object[] all() {
        return values;
    }

    /** An argument, nil where there is none. */
    public @Nullable Object get(int i) {
        return i <= values.length ? values[i - 1] : null;
    }

    /** The arguments from one on. */
    public @Nullable Object[] from(int i) {
        return i > values.length ? Values.NOTHING : java.util.Arrays.copyOfRange(values, i - 1, values.length);
    }

    /** An argument's type as messages name it. */
    public String typeName(int i) {
        return i > values.length ? "no value" : Values.type(values[i - 1]);
    }

    /** {@code bad argument #i to 'f' (reason)}. */
    public LuaError bad(int i, String reason) {
        Frame.CallSite site = in.callSite();
        String called = site == null ? null : site.calledName();
        if (called == null) {
            return in.error("bad argument #" + i + " to '?' (" + reason + ")");
        }
        String name = called.substring(called.indexOf('\'') + 1, called.length() - 1);
        if (called.startsWith("method")) {
            if (i == 1) {
                return in.error("calling '" + name + "' on bad self (" + reason + ")");
            }
            return in.error("bad argument #" + (i - 1) + " to '" + name + "' (" + reason + ")");
        }
        return in.error("bad argument #" + i + " to '" + name + "' (" + reason + ")");
    }

    private LuaError wrong(int i, String expected) {
        return bad(i, expected + " expected, got " + typeName(i));
    }

    /** Something, nil included. */
    public @Nullable Object any(int i) {
        if (i > values.length) {
            throw bad(i, "value expected");
        }
        return values[i - 1];
    }

    public LuaTable table(int i) {
        if (get(i) instanceof LuaTable table) {
            return table;
        }
        throw wrong(i, "table");
    }

    public LuaFunction function(int i) {
        if (get(i) instanceof LuaFunction f) {
            return f;
        }
        throw wrong(i, "function");
    }

    public String text(int i) {
        String text = Values.toText(get(i));
        if (text == null) {
            throw wrong(i, "string");
        }
        return text;
    }

    /** A text, or this where the argument is nil or not there. */
    public String text(int i, String otherwise) {
        return get(i) == null ? otherwise : text(i);
    }

    public double number(int i) {
        if (get(i) instanceof Double number) {
            return number;
        }
        Double number = Values.toNumber(get(i));
        if (number == null) {
            throw wrong(i, "number");
        }
        return number;
    }

    public double number(int i, double otherwise) {
        return get(i) == null ? otherwise : number(i);
    }

    /** A number cut to an integer as C does on 64-bit machines. */
    public long integer(int i) {
        return cut(number(i));
    }

    public long integer(int i, long otherwise) {
        return get(i) == null ? otherwise : integer(i);
    }

    /** A 32-bit integer, cut from the 64-bit one. */
    public int small(int i) {
        return (int) integer(i);
    }

    public int small(int i, int otherwise) {
        return get(i) == null ? otherwise : small(i);
    }

    /** A double as a 64-bit integer; the smallest where it does not fit. */
    public static long cut(double value) {
        return value >= -0x1p63 && value < 0x1p63 ? (long) value : Long.MIN_VALUE;
    }
}
