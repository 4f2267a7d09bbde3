package io.plinth.kvcache.lua.lib;

import io.plinth.kvcache.lua.Arguments;
import io.plinth.kvcache.lua.Builtin;
import io.plinth.kvcache.lua.Interp;
import io.plinth.kvcache.lua.LuaTable;
import io.plinth.kvcache.lua.Meta;
import io.plinth.kvcache.lua.Values;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** {@code cmsgpack}. */
public final class MessagePackLibrary {
    private static final int MAX_NESTING = 16;

    private MessagePackLibrary() {}

    /** Adds it. */
    public static void open(Interp in) {
        LuaTable library = new LuaTable();
        in.globals().set("cmsgpack", library);
        library.set("_NAME", "cmsgpack");
        library.set("_VERSION", "lua-cmsgpack 0.4.0");
        library.set("_COPYRIGHT", "Copyright (C) 2012, Redis Ltd.");
        library.set("_DESCRIPTION", "MessagePack C implementation for Lua");
        Builtin.add(library, "pack", (i, args) -> {
            if (args.count() == 0) {
                throw args.bad(0, "MessagePack pack needs input.");
            }
            Packer packer = new Packer(i);
            for (Object value : args.all()) {
                packer.pack(value, 0);
            }
            i.charge(56L);
            i.release(packer.held);
            return packer.out.toString();
        });
        Builtin.add(library, "unpack", (i, args) -> unpack(i, args, 0, 0));
        Builtin.add(library, "unpack_one", (i, args) -> unpack(i, args, 1, args.small(2, 0)));
        Builtin.add(library, "unpack_limit", (i, args) -> unpack(i, args, args.small(2), args.small(3, 0)));
    }

    private static Object unpack(Interp in, Arguments args, int limit, int offset) {
        String data = args.text(1);
        if (offset < 0 || limit < 0) {
            throw in.error(
                    "Invalid request to unpack with offset of " + offset + " and limit of " + data.length() + ".");
        }
        if (offset > data.length()) {
            throw in.error("Start offset " + offset + " greater than input length " + data.length() + ".");
        }
        boolean all = limit == 0;
        Unpacker unpacker = new Unpacker(in, data, offset);
        List<@Nullable Object> values = new ArrayList<>();
        while (unpacker.at < data.length() && (all || values.size() < limit)) {
            values.add(unpacker.unpack());
            if (values.size() >= 8_000) {
                throw in.error("Too many values to unpack.");
            }
        }
        if (!all) {
            values.addFirst(unpacker.at < data.length() ? (double) unpacker.at : -1.0);
        }
        return values.toArray();
    }

    private static final class Packer {
        private final Interp in;
        private final StringBuilder out = new StringBuilder();
        private long held;

        Packer(Interp in) {
            this.in = in;
        }

        private void head(int code, long value, int bytes) {
            out.append((char) code);
            big(value, bytes);
        }

        private void big(long value, int bytes) {
            for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) {
                out.append((char) (value >>> shift & 0xff));
            }
        }

        void pack(@Nullable Object value, int level) {
            in.step();
            switch (value) {
                case Boolean b -> out.append((char) (b ? 0xc3 : 0xc2));
                case Double d -> number(d);
                case String s -> text(s);
                case LuaTable t -> {
                    if (level == MAX_NESTING) {
                        out.append((char) 0xc0);
                    } else {
                        table(t, level);
                    }
                }
                case null, default -> out.append((char) 0xc0);
            }
        }

        private void number(double value) {
            if (value == Math.rint(value) && value >= -0x1p63 && value < 0x1p63) {
                integer((long) value);
            } else if (value == (float) value) {
                head(0xca, Float.floatToRawIntBits((float) value), 4);
            } else {
                head(0xcb, Double.doubleToRawLongBits(value), 8);
            }
        }

        private void integer(long n) {
            if (n >= 0) {
                if (n <= 127) {
                    out.append((char) n);
                } else if (n <= 0xff) {
                    head(0xcc, n, 1);
                } else if (n <= 0xffff) {
                    head(0xcd, n, 2);
                } else if (n <= 0xffffffffL) {
                    head(0xce, n, 4);
                } else {
                    head(0xcf, n, 8);
                }
            } else if (n >= -32) {
                out.append((char) (n & 0xff));
            } else if (n >= Byte.MIN_VALUE) {
                head(0xd0, n, 1);
            } else if (n >= Short.MIN_VALUE) {
                head(0xd1, n, 2);
            } else if (n >= Integer.MIN_VALUE) {
                head(0xd2, n, 4);
            } else {
                head(0xd3, n, 8);
            }
        }

        private void text(String text) {
            int length = text.length();
            if (length < 32) {
                out.append((char) (0xa0 | length));
            } else if (length <= 0xff) {
                head(0xd9, length, 1);
            } else if (length <= 0xffff) {
                head(0xda, length, 2);
            } else {
                head(0xdb, length, 4);
            }
            in.hold(length + 5L);
            held += length + 5;
            out.append(text);
        }

        /** Only keys from 1 to n, and all of them, make a list. */
        private static boolean list(LuaTable table) {
            long count = 0;
            double most = 0;
            for (int i = 0; i < table.places(); i++) {
                if (table.valueAt(i) != null) {
                    if (!(table.keyAt(i) instanceof Double key) || key <= 0 || key != Math.rint(key)) {
                        return false;
                    }
                    count++;
                    most = Math.max(most, key);
                }
            }
            return most == count;
        }

        private void table(LuaTable table, int level) {
            if (list(table)) {
                int length = table.length();
                size(length, 0x90, 0xdc);
                for (int i = 1; i <= length; i++) {
                    pack(table.get(i), level + 1);
                }
                return;
            }
            int count = 0;
            for (int i = 0; i < table.places(); i++) {
                count += table.valueAt(i) == null ? 0 : 1;
            }
            size(count, 0x80, 0xde);
            for (int i = 0; i < table.places(); i++) {
                if (table.valueAt(i) != null) {
                    pack(table.keyAt(i), level + 1);
                    pack(table.valueAt(i), level + 1);
                }
            }
        }

        private void size(int count, int small, int large) {
            if (count <= 15) {
                out.append((char) (small | count));
            } else if (count <= 0xffff) {
                head(large, count, 2);
            } else {
                head(large + 1, count, 4);
            }
        }
    }

    private static final class Unpacker {
        private static final int MAX_DEPTH = 190;

        private final Interp in;
        private final String data;
        private int at;
        private int depth;

        Unpacker(Interp in, String data, int at) {
            this.in = in;
            this.data = data;
            this.at = at;
        }

        private long take(int bytes) {
            need(bytes);
            long value = 0;
            for (int i = 0; i < bytes; i++) {
                value = value << 8 | data.charAt(at++);
            }
            return value;
        }

        private void need(long bytes) {
            if (data.length() - at < bytes) {
                throw in.error("Missing bytes in input.");
            }
        }

        private String text(long length) {
            need(length);
            in.charge(length + 56);
            at += (int) length;
            return data.substring(at - (int) length, at);
        }

        @Nullable
        Object unpack() {
            in.step();
            int code = (int) take(1);
            if (code < 0x80) {
                return Values.number(code);
            }
            if (code >= 0xe0) {
                return (double) (byte) code;
            }
            if (code < 0x90) {
                return map(code & 15);
            }
            if (code < 0xa0) {
                return list(code & 15);
            }
            if (code < 0xc0) {
                return text(code & 31);
            }
            return switch (code) {
                case 0xc0 -> null;
                case 0xc2 -> false;
                case 0xc3 -> true;
                case 0xca -> (double) Float.intBitsToFloat((int) take(4));
                case 0xcb -> Double.longBitsToDouble(take(8));
                case 0xcc -> (double) take(1);
                case 0xcd -> (double) take(2);
                case 0xce -> (double) take(4);
                case 0xcf -> unsigned(take(8));
                case 0xd0 -> (double) (byte) take(1);
                case 0xd1 -> (double) (short) take(2);
                case 0xd2 -> (double) (int) take(4);
                case 0xd3 -> (double) take(8);
                case 0xc4, 0xd9 -> text(take(1));
                case 0xc5, 0xda -> text(take(2));
                case 0xc6, 0xdb -> text(take(4));
                case 0xdc -> list(take(2));
                case 0xdd -> list(take(4));
                case 0xde -> map(take(2));
                case 0xdf -> map(take(4));
                default -> throw in.error("Bad data format in input.");
            };
        }

        private static double unsigned(long value) {
            return value >= 0 ? value : ((value >>> 1) | (value & 1)) * 2.0;
        }

        private void descend() {
            if (++depth > MAX_DEPTH) {
                throw in.error("Too deeply nested data.");
            }
        }

        private LuaTable list(long count) {
            descend();
            LuaTable table = new LuaTable();
            for (int i = 1; i <= count; i++) {
                in.charge(table.set(i, unpack()) + 16);
            }
            depth--;
            return table;
        }

        private LuaTable map(long count) {
            descend();
            LuaTable table = new LuaTable();
            for (long i = 0; i < count; i++) {
                Object key = unpack();
                Meta.rawSet(in, table, key, unpack());
                in.charge(16);
            }
            depth--;
            return table;
        }
    }
}
