package io.plinth.kvcache.lua.code;

import io.plinth.kvcache.lua.Frame;
import io.plinth.kvcache.lua.Meta;
import io.plinth.kvcache.lua.Values;
import org.jspecify.annotations.Nullable;

/** An expression. Immutable once parsed, shared by all threads. */
abstract class Expr implements Meta.Named {
    /** Its one value. */
    abstract @Nullable Object eval(Frame f);

    /** All its values: one, or an {@code Object[]}. */
    @Nullable
    Object several(Frame f) {
        return eval(f);
    }

    boolean test(Frame f) {
        return Values.truth(eval(f));
    }

    /** Whether it may have other than one value. */
    boolean multiple() {
        return false;
    }

    @Override
    public @Nullable String name() {
        return null;
    }

    /** Values of a list of expressions, of which the last may have any number. */
    static @Nullable Object[] list(Frame f, Expr[] exprs, int reserved) {
        int count = exprs.length;
        if (count == 0) {
            return reserved == 0 ? Values.NOTHING : new Object[reserved];
        }
        Expr last = exprs[count - 1];
        if (!last.multiple()) {
            @Nullable Object[] values = new Object[reserved + count];
            fill(f, exprs, count, values, reserved);
            return values;
        }
        @Nullable Object[] head = new Object[reserved + count];
        fill(f, exprs, count - 1, head, reserved);
        Object tail = last.several(f);
        if (!(tail instanceof Object[] more)) {
            head[reserved + count - 1] = tail;
            return head;
        }
        @Nullable Object[] all = new Object[reserved + count - 1 + more.length];
        System.arraycopy(head, 0, all, 0, reserved + count - 1);
        System.arraycopy(more, 0, all, reserved + count - 1, more.length);
        return all;
    }

    /** One value of each. */
    static @Nullable Object[] each(Frame f, Expr[] exprs) {
        @Nullable Object[] values = new Object[exprs.length];
        fill(f, exprs, exprs.length, values, 0);
        return values;
    }

    private static void fill(Frame f, Expr[] exprs, int count, @Nullable Object[] values, int reserved) {
        if (count < 2) {
            if (count == 1) {
                values[reserved] = exprs[0].eval(f);
            }
            return;
        }
        // Values that wait for the others are in nobody's sight: large ones are pinned.
        int mark = -1;
        for (int i = 0; i < count; i++) {
            Object value = exprs[i].eval(f);
            values[reserved + i] = value;
            if (value instanceof String text && text.length() > Operators.PINNED && i < count - 1) {
                int pinned = f.in.pin(text);
                mark = mark < 0 ? pinned : mark;
            }
        }
        if (mark >= 0) {
            f.in.unpin(mark);
        }
    }
}
