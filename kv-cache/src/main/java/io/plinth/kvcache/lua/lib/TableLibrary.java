package io.plinth.kvcache.lua.lib;

import io.plinth.kvcache.lua.Arguments;
import io.plinth.kvcache.lua.Builtin;
import io.plinth.kvcache.lua.Interp;
import io.plinth.kvcache.lua.LuaFunction;
import io.plinth.kvcache.lua.LuaTable;
import io.plinth.kvcache.lua.Meta;
import io.plinth.kvcache.lua.Values;
import org.jspecify.annotations.Nullable;

/** {@code table}. */
public final class TableLibrary {
    private TableLibrary() {}

    /** Adds it. */
    public static void open(Interp in) {
        LuaTable library = new LuaTable();
        in.globals().set("table", library);
        Builtin.add(library, "concat", TableLibrary::concat);
        Builtin.add(library, "insert", TableLibrary::insert);
        Builtin.add(library, "remove", TableLibrary::remove);
        Builtin.add(library, "sort", TableLibrary::sort);
        Builtin.add(library, "getn", (i, args) -> Values.number(args.table(1).length()));
        Builtin.add(library, "maxn", (i, args) -> args.table(1).largestIndex());
        Builtin.add(library, "setn", (i, args) -> {
            args.table(1);
            throw i.error("'setn' is obsolete");
        });
        Builtin.add(library, "foreach", (i, args) -> {
            LuaTable table = args.table(1);
            LuaFunction function = args.function(2);
            for (int place = table.placeAfter(null); place >= 0 && place < table.places(); ) {
                i.step();
                Object key = table.keyAt(place);
                Object result = Values.first(i.call(function, key, table.valueAt(place)));
                if (result != null) {
                    return result;
                }
                place = table.placeAfter(key);
            }
            return Values.NOTHING;
        });
        Builtin.add(library, "foreachi", (i, args) -> {
            LuaTable table = args.table(1);
            LuaFunction function = args.function(2);
            int length = table.length();
            for (int index = 1; index <= length; index++) {
                i.step();
                Object result = Values.first(i.call(function, Values.number(index), table.get(index)));
                if (result != null) {
                    return result;
                }
            }
            return Values.NOTHING;
        });
    }

    private static Object concat(Interp in, Arguments args) {
        LuaTable table = args.table(1);
        String separator = args.text(2, "");
        int from = args.small(3, 1);
        int to = args.get(4) == null ? table.length() : args.small(4);
        StringBuilder all = new StringBuilder();
        long held = 0;
        for (int i = from; i <= to; i++) {
            in.step();
            Object value = table.get(i);
            String text = Values.toText(value);
            if (text == null) {
                throw in.error("invalid value (" + Values.type(value) + ") at index " + i + " in table for 'concat'");
            }
            in.hold(text.length() + separator.length());
            held += text.length() + separator.length();
            all.append(text);
            if (i != to) {
                all.append(separator);
            } else {
                break;
            }
        }
        in.release(held);
        return all.toString();
    }

    private static Object insert(Interp in, Arguments args) {
        LuaTable table = args.table(1);
        int end = table.length() + 1;
        if (args.count() == 2) {
            Meta.store(in, table, Values.number(end), args.get(2));
        } else if (args.count() == 3) {
            int position = args.small(2);
            int top = Math.max(end, position);
            for (int i = top; i > position; i--) {
                in.step();
                Meta.store(in, table, Values.number(i), table.get(i - 1));
            }
            Meta.store(in, table, Values.number(position), args.get(3));
        } else {
            throw in.error("wrong number of arguments to 'insert'");
        }
        return Values.NOTHING;
    }

    private static @Nullable Object remove(Interp in, Arguments args) {
        LuaTable table = args.table(1);
        int end = table.length();
        int position = args.small(2, end);
        if (position < 1 || position > end) {
            return Values.NOTHING;
        }
        Object removed = table.get(position);
        for (int i = position; i < end; i++) {
            in.step();
            Meta.store(in, table, Values.number(i), table.get(i + 1));
        }
        Meta.store(in, table, Values.number(end), null);
        return removed;
    }

    private static Object sort(Interp in, Arguments args) {
        LuaTable table = args.table(1);
        LuaFunction order = args.get(2) == null ? null : args.function(2);
        int length = table.length();
        if (length > 1 && table.readOnly()) {
            throw in.raise("Attempt to modify a readonly table");
        }
        new Sorting(in, table, order).sort(1, length);
        return Values.NOTHING;
    }

    /** Lua's quicksort, so that an order that is none has the same outcome. */
    private record Sorting(
            Interp in, LuaTable table, @Nullable LuaFunction order) {
        boolean less(@Nullable Object a, @Nullable Object b) {
            in.step();
            return order == null ? compare(a, b) : Values.truth(Values.first(in.call(order, a, b)));
        }

        private boolean compare(@Nullable Object a, @Nullable Object b) {
            if (a instanceof Double x && b instanceof Double y) {
                return x < y;
            }
            return (a instanceof String x && b instanceof String y) ? x.compareTo(y) < 0 : unlike(a, b);
        }

        private boolean unlike(@Nullable Object a, @Nullable Object b) {
            return Values.truth(Values.first(
                    in.call(new Builtin((i, args) -> Meta.less(i, args.get(1), args.get(2))), a, b)));
        }

        private void swap(int i, int j, @Nullable Object atI, @Nullable Object atJ) {
            table.set(i, atJ);
            table.set(j, atI);
        }

        void sort(int from, int to) {
            int low = from;
            int high = to;
            while (low < high) {
                Object a = table.get(low);
                Object b = table.get(high);
                if (less(b, a)) {
                    swap(low, high, a, b);
                }
                if (high - low == 1) {
                    return;
                }
                int middle = (low + high) >>> 1;
                Object m = table.get(middle);
                a = table.get(low);
                if (less(m, a)) {
                    swap(middle, low, m, a);
                } else {
                    b = table.get(high);
                    if (less(b, m)) {
                        swap(middle, high, m, b);
                    }
                }
                if (high - low == 2) {
                    return;
                }
                int split = partition(low, high, middle);
                if (split - low < high - split) {
                    sort(low, split - 1);
                    low = split + 1;
                } else {
                    sort(split + 1, high);
                    high = split - 1;
                }
            }
        }

        private int partition(int low, int high, int middle) {
            Object pivot = table.get(middle);
            swap(middle, high - 1, pivot, table.get(high - 1));
            int i = low;
            int j = high - 1;
            while (true) {
                Object left = table.get(++i);
                while (less(left, pivot)) {
                    if (i > high) {
                        throw in.error("invalid order function for sorting");
                    }
                    left = table.get(++i);
                }
                Object right = table.get(--j);
                while (less(pivot, right)) {
                    if (j < low) {
                        throw in.error("invalid order function for sorting");
                    }
                    right = table.get(--j);
                }
                if (j < i) {
                    break;
                }
                swap(i, j, left, right);
            }
            swap(high - 1, i, table.get(high - 1), table.get(i));
            return i;
        }
    }
}
