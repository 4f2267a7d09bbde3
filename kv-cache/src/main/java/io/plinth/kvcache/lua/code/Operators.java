package io.plinth.kvcache.lua.code;

import io.plinth.kvcache.lua.Frame;
import io.plinth.kvcache.lua.Meta;
import io.plinth.kvcache.lua.NumberText;
import io.plinth.kvcache.lua.Values;
import org.jspecify.annotations.Nullable;

/** Operators. */
final class Operators {
    /** Texts longer than this are kept in sight of the memory count while they wait for others. */
    static final int PINNED = 16 * 1024;

    private static final int STRING_BYTES = 56;

    private Operators() {}

    private abstract static class Arithmetic extends Expr {
        private final String event;
        private final Expr left;
        private final Expr right;
        private final int line;

        Arithmetic(String event, Expr left, Expr right, int line) {
            this.event = event;
            this.left = left;
            this.right = right;
            this.line = line;
        }

        abstract double compute(double x, double y);

        @Override
        final @Nullable Object eval(Frame f) {
            Object a = left.eval(f);
            Object b = right.eval(f);
            if (a instanceof Double x && b instanceof Double y) {
                return compute(x, y);
            }
            f.line = line;
            return Meta.arithmetic(f.in, event, a, b, left, right);
        }
    }

    static Expr arithmetic(char operator, Expr left, Expr right, int line) {
        return switch (operator) {
            case '+' ->
                new Arithmetic("__add", left, right, line) {
                    @Override
                    double compute(double x, double y) {
                        return x + y;
                    }
                };
            case '-' ->
                new Arithmetic("__sub", left, right, line) {
                    @Override
                    double compute(double x, double y) {
                        return x - y;
                    }
                };
            case '*' ->
                new Arithmetic("__mul", left, right, line) {
                    @Override
                    double compute(double x, double y) {
                        return x * y;
                    }
                };
            case '/' ->
                new Arithmetic("__div", left, right, line) {
                    @Override
                    double compute(double x, double y) {
                        return x / y;
                    }
                };
            case '%' ->
                new Arithmetic("__mod", left, right, line) {
                    @Override
                    double compute(double x, double y) {
                        return Meta.modulo(x, y);
                    }
                };
            default ->
                new Arithmetic("__pow", left, right, line) {
                    @Override
                    double compute(double x, double y) {
                        return y == 2 ? x * x : Math.pow(x, y);
                    }
                };
        };
    }

    abstract static class Truth extends Expr {
        @Override
        final Object eval(Frame f) {
            return test(f) ? Boolean.TRUE : Boolean.FALSE;
        }
    }

    static final class Equal extends Truth {
        private final Expr left;
        private final Expr right;
        private final boolean wanted;
        private final int line;

        Equal(Expr left, Expr right, boolean wanted, int line) {
            this.left = left;
            this.right = right;
            this.wanted = wanted;
            this.line = line;
        }

        @Override
        boolean test(Frame f) {
            Object a = left.eval(f);
            Object b = right.eval(f);
            f.line = line;
            return Meta.equal(f.in, a, b) == wanted;
        }
    }

    /** {@code <} and {@code >}. */
    static final class Less extends Truth {
        private final Expr left;
        private final Expr right;
        private final boolean swapped;
        private final int line;

        Less(Expr left, Expr right, boolean swapped, int line) {
            this.left = left;
            this.right = right;
            this.swapped = swapped;
            this.line = line;
        }

        @Override
        boolean test(Frame f) {
            Object a = left.eval(f);
            Object b = right.eval(f);
            if (a instanceof Double x && b instanceof Double y) {
                return swapped ? y < x : x < y;
            }
            f.line = line;
            return swapped ? Meta.less(f.in, b, a) : Meta.less(f.in, a, b);
        }
    }

    /** {@code <=} and {@code >=}. */
    static final class LessOrEqual extends Truth {
        private final Expr left;
        private final Expr right;
        private final boolean swapped;
        private final int line;

        LessOrEqual(Expr left, Expr right, boolean swapped, int line) {
            this.left = left;
            this.right = right;
            this.swapped = swapped;
            this.line = line;
        }

        @Override
        boolean test(Frame f) {
            Object a = left.eval(f);
            Object b = right.eval(f);
            if (a instanceof Double x && b instanceof Double y) {
                return swapped ? y <= x : x <= y;
            }
            f.line = line;
            return swapped ? Meta.lessOrEqual(f.in, b, a) : Meta.lessOrEqual(f.in, a, b);
        }
    }

    static final class Not extends Truth {
        private final Expr operand;

        Not(Expr operand) {
            this.operand = operand;
        }

        @Override
        boolean test(Frame f) {
            return !operand.test(f);
        }
    }

    static final class And extends Expr {
        private final Expr left;
        private final Expr right;

        And(Expr left, Expr right) {
            this.left = left;
            this.right = right;
        }

        @Override
        @Nullable
        Object eval(Frame f) {
            Object value = left.eval(f);
            return Values.truth(value) ? right.eval(f) : value;
        }

        @Override
        boolean test(Frame f) {
            return left.test(f) && right.test(f);
        }
    }

    static final class Or extends Expr {
        private final Expr left;
        private final Expr right;

        Or(Expr left, Expr right) {
            this.left = left;
            this.right = right;
        }

        @Override
        @Nullable
        Object eval(Frame f) {
            Object value = left.eval(f);
            return Values.truth(value) ? value : right.eval(f);
        }

        @Override
        boolean test(Frame f) {
            return left.test(f) || right.test(f);
        }
    }

    static final class Minus extends Expr {
        private final Expr operand;
        private final int line;

        Minus(Expr operand, int line) {
            this.operand = operand;
            this.line = line;
        }

        @Override
        @Nullable
        Object eval(Frame f) {
            Object value = operand.eval(f);
            if (value instanceof Double number) {
                return -number;
            }
            f.line = line;
            return Meta.arithmetic(f.in, "__unm", value, value, operand, operand);
        }
    }

    static final class Length extends Expr {
        private final Expr operand;
        private final int line;

        Length(Expr operand, int line) {
            this.operand = operand;
            this.line = line;
        }

        @Override
        Object eval(Frame f) {
            Object value = operand.eval(f);
            f.line = line;
            return Meta.length(f.in, value, operand);
        }
    }

    /** {@code a .. b .. c}, all operands at once as Lua does it. */
    static final class Concat extends Expr {
        private final Expr[] operands;
        private final int line;

        Concat(Expr[] operands, int line) {
            this.operands = operands;
            this.line = line;
        }

        Expr[] operands() {
            return operands;
        }

        @Override
        @Nullable
        Object eval(Frame f) {
            @Nullable Object[] values = Expr.each(f, operands);
            f.line = line;
            long length = 0;
            for (int i = 0; i < values.length; i++) {
                Object value = values[i];
                if (value instanceof Double number) {
                    String text = NumberText.format(number);
                    values[i] = text;
                    length += text.length();
                } else if (value instanceof String text) {
                    length += text.length();
                } else {
                    return pairwise(f, values);
                }
            }
            f.in.charge(length + STRING_BYTES);
            if (values.length == 2 && values[0] instanceof String a && values[1] instanceof String b) {
                return a.concat(b);
            }
            StringBuilder all = new StringBuilder((int) length);
            for (Object value : values) {
                all.append((String) value);
            }
            return all.toString();
        }

        private @Nullable Object pairwise(Frame f, @Nullable Object[] values) {
            int last = values.length - 1;
            Object result = values[last];
            for (int i = last - 1; i >= 0; i--) {
                String a = Values.toText(values[i]);
                String b = Values.toText(result);
                if (a != null && b != null) {
                    f.in.charge(a.length() + b.length() + STRING_BYTES);
                    result = a.concat(b);
                } else {
                    result = Meta.concat(f.in, values[i], result, operands[i], i + 1 == last ? operands[last] : null);
                }
            }
            return result;
        }
    }
}
