package io.plinth.kvcache.lua.lib;

import io.plinth.kvcache.lua.Arguments;
import io.plinth.kvcache.lua.Builtin;
import io.plinth.kvcache.lua.Interp;
import io.plinth.kvcache.lua.LuaTable;
import java.util.function.IntBinaryOperator;

/** {@code bit}: operations on 32 bits. */
public final class BitLibrary {
    private static final double MAGIC = 6755399441055744.0;

    private BitLibrary() {}

    /** Adds it. */
    public static void open(Interp in) {
        LuaTable library = new LuaTable();
        in.globals().set("bit", library);
        Builtin.add(library, "tobit", (i, args) -> (double) bits(args, 1));
        Builtin.add(library, "bnot", (i, args) -> (double) ~bits(args, 1));
        fold(library, "band", (a, b) -> a & b);
        fold(library, "bor", (a, b) -> a | b);
        fold(library, "bxor", (a, b) -> a ^ b);
        shift(library, "lshift", (a, n) -> a << n);
        shift(library, "rshift", (a, n) -> a >>> n);
        shift(library, "arshift", (a, n) -> a >> n);
        shift(library, "rol", Integer::rotateLeft);
        shift(library, "ror", Integer::rotateRight);
        Builtin.add(library, "bswap", (i, args) -> (double) Integer.reverseBytes(bits(args, 1)));
        Builtin.add(library, "tohex", (i, args) -> {
            int value = bits(args, 1);
            int digits = args.get(2) == null ? 8 : bits(args, 2);
            String hex = String.format(digits < 0 ? "%08X" : "%08x", value);
            int shown = Math.min(8, Math.abs(digits));
            return digits == Integer.MIN_VALUE ? hex : hex.substring(8 - shown);
        });
    }

    /** The library's way to 32 bits: rounded to even, modulo 2^32. */
    private static int bits(Arguments args, int i) {
        return (int) Double.doubleToRawLongBits(args.number(i) + MAGIC);
    }

    private static void fold(LuaTable library, String name, IntBinaryOperator f) {
        Builtin.add(library, name, (in, args) -> {
            int result = bits(args, 1);
            for (int i = 2; i <= args.count(); i++) {
                result = f.applyAsInt(result, bits(args, i));
            }
            return (double) result;
        });
    }

    private static void shift(LuaTable library, String name, IntBinaryOperator f) {
        Builtin.add(library, name, (in, args) -> (double) f.applyAsInt(bits(args, 1), bits(args, 2) & 31));
    }
}
