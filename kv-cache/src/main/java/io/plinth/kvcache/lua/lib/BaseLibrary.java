package io.plinth.kvcache.lua.lib;

import io.plinth.kvcache.lua.Arguments;
import io.plinth.kvcache.lua.Builtin;
import io.plinth.kvcache.lua.Interp;
import io.plinth.kvcache.lua.LuaFunction;
import io.plinth.kvcache.lua.LuaTable;
import io.plinth.kvcache.lua.Meta;
import io.plinth.kvcache.lua.Values;
import io.plinth.kvcache.lua.code.Chunk;
import io.plinth.kvcache.lua.code.SyntaxError;
import org.jspecify.annotations.Nullable;

/** The functions without a library's name. */
public final class BaseLibrary {
    private static final double BASE_KILOBYTES = 40;
    private static final int MAX_UNPACKED = 8_000;

    private BaseLibrary() {}

    /** Adds them and every other library. */
    public static void open(Interp in) {
        LuaTable to = in.globals();
        to.set("_G", to);
        to.set("_VERSION", "Lua 5.1");
        Builtin.add(to, "assert", (i, args) -> {
            if (Values.truth(args.any(1))) {
                return args.all();
            }
            Object message = args.count() < 2 ? "assertion failed!" : args.get(2);
            throw i.error(args.text(2, String.valueOf(message)));
        });
        Builtin.add(to, "error", BaseLibrary::error);
        Builtin.add(to, "pcall", (i, args) -> {
            Object function = args.any(1);
            @Nullable Object[] passed = args.from(2);
            return i.protect(() -> join(true, i.call(function, passed)), e -> new Object[] {false, e.value()});
        });
        Builtin.add(to, "xpcall", (i, args) -> {
            args.any(2);
            Object function = args.any(1);
            Object handler = args.get(2);
            return i.protect(() -> join(true, i.call(function)), e ->
                    new Object[] {false, Values.first(i.call(handler, e.value()))});
        });
        Builtin.add(to, "tostring", (i, args) -> Meta.show(i, args.any(1)));
        Builtin.add(to, "tonumber", BaseLibrary::tonumber);
        Builtin.add(to, "type", (i, args) -> Values.type(args.any(1)));
        Builtin.add(to, "rawequal", (i, args) -> Values.rawEqual(args.any(1), args.any(2)));
        Builtin.add(to, "rawget", (i, args) -> {
            LuaTable table = args.table(1);
            return table.get(args.any(2));
        });
        Builtin.add(to, "rawset", (i, args) -> {
            LuaTable table = args.table(1);
            Object key = args.any(2);
            Meta.store(i, table, key, args.any(3));
            return table;
        });
        Builtin.add(to, "getmetatable", (i, args) -> {
            Object guard = Meta.method(i, args.any(1), "__metatable");
            return guard != null ? guard : Meta.metatable(i, args.get(1));
        });
        Builtin.add(to, "setmetatable", BaseLibrary::setMetatable);
        Builtin.add(to, "select", BaseLibrary::select);
        Builtin.add(to, "unpack", BaseLibrary::unpack);
        Builtin.add(to, "collectgarbage", BaseLibrary::collect);
        Builtin.add(to, "gcinfo", (i, args) -> new Object[] {Math.floor(i.charged() / 1024.0), 0.0});
        iteration(in, to);
        loading(to);
    }

    private static void iteration(Interp in, LuaTable to) {
        Builtin next = new Builtin((i, args) -> {
            LuaTable table = args.table(1);
            int place = table.placeAfter(args.get(2));
            if (place < 0) {
                throw i.raise("invalid key to 'next'");
            }
            return place >= table.places() ? null : new Object[] {table.keyAt(place), table.valueAt(place)};
        });
        to.set("next", next);
        in.next(next);
        Builtin.add(to, "pairs", (i, args) -> new Object[] {next, args.table(1), null});
        Builtin step = new Builtin((i, args) -> {
            int index = args.small(2) + 1;
            Object value = args.table(1).get(index);
            return value == null ? Values.NOTHING : new Object[] {Values.number(index), value};
        });
        Builtin.add(to, "ipairs", (i, args) -> new Object[] {step, args.table(1), 0.0});
    }

    private static void loading(LuaTable to) {
        Builtin.add(to, "loadstring", (i, args) -> {
            String text = args.text(1);
            return load(text, args.text(2, text));
        });
        Builtin.add(to, "load", (i, args) -> {
            LuaFunction reader = args.function(1);
            String name = args.text(2, "=(load)");
            StringBuilder text = new StringBuilder();
            while (true) {
                Object piece = Values.first(i.call(reader));
                if (piece == null || piece.equals("")) {
                    return load(text.toString(), name);
                }
                String more = Values.toText(piece);
                if (more == null) {
                    return new Object[] {null, "reader function must return a string"};
                }
                i.charge(more.length());
                text.append(more);
            }
        });
    }

    private static Object load(String text, String name) {
        try {
            return Chunk.compile(text, name).function();
        } catch (SyntaxError e) {
            return new Object[] {null, e.getMessage()};
        }
    }

    public static @Nullable Object[] join(@Nullable Object first, @Nullable Object rest) {
        @Nullable Object[] more = Values.list(rest);
        @Nullable Object[] all = new Object[more.length + 1];
        all[0] = first;
        System.arraycopy(more, 0, all, 1, more.length);
        return all;
    }

    private static Object error(Interp in, Arguments args) {
        int level = args.small(2, 1);
        Object value = args.get(1);
        String text = Values.toText(value);
        throw in.raise(text != null && level > 0 ? in.where(level) + text : value);
    }

    private static @Nullable Object tonumber(Interp in, Arguments args) {
        int base = args.small(2, 10);
        if (base == 10) {
            return Values.toNumber(args.any(1));
        }
        String text = args.text(1);
        if (base < 2 || base > 36) {
            throw args.bad(2, "base out of range");
        }
        String digits = text.strip();
        boolean negative = digits.startsWith("-");
        digits = negative || digits.startsWith("+") ? digits.substring(1) : digits;
        if (base == 16 && (digits.startsWith("0x") || digits.startsWith("0X"))) {
            digits = digits.substring(2);
        }
        if (digits.isEmpty() || digits.length() > 64) {
            return null;
        }
        double value = 0;
        for (int i = 0; i < digits.length(); i++) {
            int digit = digits.charAt(i) < 128 ? Character.digit(digits.charAt(i), base) : -1;
            if (digit < 0) {
                return null;
            }
            value = value * base + digit;
        }
        return value >= 0x1p64 ? 0x1p64 : negative ? 0x1p64 - value : value;
    }

    private static Object setMetatable(Interp in, Arguments args) {
        LuaTable table = args.table(1);
        Object meta = args.get(2);
        if (args.count() < 2 || (meta != null && !(meta instanceof LuaTable))) {
            throw args.bad(2, "nil or table expected");
        }
        if (Meta.method(in, table, "__metatable") != null) {
            throw in.error("cannot change a protected metatable");
        }
        if (table.readOnly()) {
            // Redis' own check in lua_setmetatable names no place.
            throw in.raise("Attempt to modify a readonly table");
        }
        table.metatable((LuaTable) meta);
        return table;
    }

    private static Object select(Interp in, Arguments args) {
        if ("#".equals(args.get(1))) {
            return Values.number(args.count() - 1);
        }
        int n = args.small(1);
        int count = args.count();
        int from = n < 0 ? count + n : Math.min(n, count);
        if (from < 1) {
            throw args.bad(1, "index out of range");
        }
        return args.from(from + 1);
    }

    private static Object unpack(Interp in, Arguments args) {
        LuaTable table = args.table(1);
        int from = args.small(2, 1);
        int to = args.get(3) == null ? table.length() : args.small(3);
        if (from > to) {
            return Values.NOTHING;
        }
        long count = (long) to - from + 1;
        if (count >= MAX_UNPACKED) {
            throw in.error("too many results to unpack");
        }
        @Nullable Object[] values = new Object[(int) count];
        for (int i = 0; i < count; i++) {
            values[i] = table.get(from + i);
        }
        return values;
    }

    private static Object collect(Interp in, Arguments args) {
        String option = args.text(1, "collect");
        return switch (option) {
            case "count" -> BASE_KILOBYTES + in.charged() / 1024.0;
            case "collect", "stop", "restart", "setpause", "setstepmul" -> 0.0;
            case "step" -> true;
            default -> throw args.bad(1, "invalid option '" + option + "'");
        };
    }
}
