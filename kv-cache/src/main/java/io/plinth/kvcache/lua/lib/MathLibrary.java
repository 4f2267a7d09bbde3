package io.plinth.kvcache.lua.lib;

import io.plinth.kvcache.lua.Builtin;
import io.plinth.kvcache.lua.Interp;
import io.plinth.kvcache.lua.LuaTable;
import java.util.function.DoubleUnaryOperator;

/** {@code math}. */
public final class MathLibrary {
    private MathLibrary() {}

    private static void unary(LuaTable library, String name, DoubleUnaryOperator f) {
        Builtin.add(library, name, (i, args) -> f.applyAsDouble(args.number(1)));
    }

    /** Adds it. */
    public static void open(Interp in) {
        LuaTable library = new LuaTable();
        in.globals().set("math", library);
        library.set("pi", Math.PI);
        library.set("huge", Double.POSITIVE_INFINITY);
        unary(library, "abs", Math::abs);
        unary(library, "acos", Math::acos);
        unary(library, "asin", Math::asin);
        unary(library, "atan", Math::atan);
        unary(library, "ceil", Math::ceil);
        unary(library, "cos", Math::cos);
        unary(library, "cosh", Math::cosh);
        unary(library, "deg", x -> x / (Math.PI / 180.0));
        unary(library, "exp", Math::exp);
        unary(library, "floor", Math::floor);
        unary(library, "log", Math::log);
        unary(library, "log10", Math::log10);
        unary(library, "rad", x -> x * (Math.PI / 180.0));
        unary(library, "sin", Math::sin);
        unary(library, "sinh", Math::sinh);
        unary(library, "sqrt", Math::sqrt);
        unary(library, "tan", Math::tan);
        unary(library, "tanh", Math::tanh);
        Builtin.add(library, "atan2", (i, args) -> Math.atan2(args.number(1), args.number(2)));
        Builtin.add(library, "pow", (i, args) -> Math.pow(args.number(1), args.number(2)));
        Builtin.add(library, "fmod", (i, args) -> args.number(1) % args.number(2));
        Builtin.add(library, "mod", (i, args) -> args.number(1) % args.number(2));
        Builtin.add(library, "modf", (i, args) -> {
            double x = args.number(1);
            double whole = x > 0 ? Math.floor(x) : Math.ceil(x);
            return new Object[] {whole, Double.isInfinite(x) ? Math.copySign(0.0, x) : Math.copySign(x - whole, x)};
        });
        Builtin.add(library, "ldexp", (i, args) -> Math.scalb(args.number(1), args.small(2)));
        Builtin.add(library, "frexp", (i, args) -> frexp(args.number(1)));
        extremes(library);
        random(library);
    }

    private static Object frexp(double x) {
        if (x == 0 || Double.isNaN(x) || Double.isInfinite(x)) {
            return new Object[] {x, 0.0};
        }
        int exponent = Math.getExponent(x) + 1;
        if (Math.abs(x) < Double.MIN_NORMAL) {
            exponent = Math.getExponent(x * 0x1p54) + 1 - 54;
        }
        return new Object[] {Math.scalb(x, -exponent), (double) exponent};
    }

    private static void extremes(LuaTable library) {
        Builtin.add(library, "max", (i, args) -> {
            double most = args.number(1);
            for (int n = 2; n <= args.count(); n++) {
                most = args.number(n) > most ? args.number(n) : most;
            }
            return most;
        });
        Builtin.add(library, "min", (i, args) -> {
            double least = args.number(1);
            for (int n = 2; n <= args.count(); n++) {
                least = args.number(n) < least ? args.number(n) : least;
            }
            return least;
        });
    }

    private static void random(LuaTable library) {
        Builtin.add(library, "randomseed", (i, args) -> {
            i.random().seed(args.small(1));
            return io.plinth.kvcache.lua.Values.NOTHING;
        });
        Builtin.add(library, "random", (i, args) -> {
            double drawn = i.random().next();
            return switch (args.count()) {
                case 0 -> drawn;
                case 1 -> {
                    int upper = args.small(1);
                    if (upper < 1) {
                        throw args.bad(1, "interval is empty");
                    }
                    yield Math.floor(drawn * upper) + 1;
                }
                case 2 -> {
                    int lower = args.small(1);
                    int upper = args.small(2);
                    if (lower > upper) {
                        throw args.bad(2, "interval is empty");
                    }
                    yield Math.floor(drawn * ((double) upper - lower + 1)) + lower;
                }
                default -> throw i.error("wrong number of arguments");
            };
        });
    }
}
