package io.plinth.kvcache.lua.lib;

import io.plinth.kvcache.lua.Arguments;
import io.plinth.kvcache.lua.Builtin;
import io.plinth.kvcache.lua.Interp;
import io.plinth.kvcache.lua.LuaTable;
import io.plinth.kvcache.lua.Values;
import java.util.ArrayList;
import java.util.List;

/** {@code struct}: C structures to texts and back. */
public final class StructLibrary {
    private static final int MAX_INTEGER = 32;
    private static final int MAX_ALIGN = 8;

    private StructLibrary() {}

    /** Adds it. */
    public static void open(Interp in) {
        LuaTable library = new LuaTable();
        in.globals().set("struct", library);
        Builtin.add(library, "pack", (i, args) -> new Format(i, args).pack());
        Builtin.add(library, "unpack", (i, args) -> new Format(i, args).unpack());
        Builtin.add(library, "size", (i, args) -> new Format(i, args).size());
    }

    private static final class Format {
        private final Interp in;
        private final Arguments args;
        private final String format;
        private boolean little = true;
        private int align = 1;
        private int at;

        Format(Interp in, Arguments args) {
            this.in = in;
            this.args = args;
            this.format = args.text(1);
        }

        private int digits(int otherwise) {
            if (at >= format.length() || !Character.isDigit(format.charAt(at))) {
                return otherwise;
            }
            long value = 0;
            while (at < format.length() && Character.isDigit(format.charAt(at))) {
                value = value * 10 + format.charAt(at++) - '0';
                if (value > Integer.MAX_VALUE) {
                    throw in.error("integral size overflow");
                }
            }
            return (int) value;
        }

        private int size(char option) {
            return switch (option) {
                case 'B', 'b', 'x' -> 1;
                case 'H', 'h' -> 2;
                case 'L', 'l', 'T', 'd' -> 8;
                case 'f' -> 4;
                case 'c' -> digits(1);
                case 'i', 'I' -> {
                    int size = digits(4);
                    if (size > MAX_INTEGER) {
                        throw in.error("integral size " + size + " is larger than limit of " + MAX_INTEGER);
                    }
                    yield size;
                }
                default -> 0;
            };
        }

        private int padding(int length, char option, int size) {
            if (size == 0 || option == 'c') {
                return 0;
            }
            int to = Math.min(size, align);
            return to > 1 ? to - (length & to - 1) & to - 1 : 0;
        }

        private boolean control(char option) {
            switch (option) {
                case ' ' -> {
                    return true;
                }
                case '>' -> little = false;
                case '<' -> little = true;
                case '!' -> {
                    int wanted = digits(MAX_ALIGN);
                    if (wanted == 0 || (wanted & wanted - 1) != 0) {
                        throw in.error("alignment is not a power of 2");
                    }
                    align = wanted;
                }
                default -> throw args.bad(1, "invalid format option '" + option + "'");
            }
            return true;
        }

        String pack() {
            StringBuilder out = new StringBuilder();
            int arg = 2;
            while (at < format.length()) {
                char option = format.charAt(at++);
                int size = size(option);
                out.repeat(0, padding(out.length(), option, size));
                switch (option) {
                    case 'b', 'B', 'h', 'H', 'l', 'L', 'T', 'i', 'I' -> integer(out, args.number(arg++), size);
                    case 'x' -> out.append('\0');
                    case 'f' -> bytes(out, Float.floatToRawIntBits((float) args.number(arg++)) & 0xffffffffL, 4);
                    case 'd' -> bytes(out, Double.doubleToRawLongBits(args.number(arg++)), 8);
                    case 'c', 's' -> {
                        String text = args.text(arg++);
                        int length = size == 0 ? text.length() : size;
                        if (length > text.length()) {
                            throw args.bad(arg, "string too short");
                        }
                        in.charge(length);
                        out.append(text, 0, length);
                        if (option == 's') {
                            out.append('\0');
                        }
                    }
                    default -> control(option);
                }
            }
            return out.toString();
        }

        private void integer(StringBuilder out, double value, int size) {
            bytes(out, value < 0 ? Arguments.cut(value) : unsigned(value), size);
        }

        private static long unsigned(double value) {
            return value >= 0x1p63 ? (long) (value - 0x1p63) ^ Long.MIN_VALUE : (long) value;
        }

        private void bytes(StringBuilder out, long value, int size) {
            for (int i = 0; i < size; i++) {
                int shift = 8 * (little ? i : size - 1 - i);
                out.append((char) (shift >= Long.SIZE ? 0 : value >>> shift & 0xff));
            }
        }

        Object unpack() {
            String data = args.text(2);
            int start = args.small(3, 1);
            if (start < 1) {
                throw args.bad(3, "offset must be 1 or greater");
            }
            int position = start - 1;
            List<Object> values = new ArrayList<>();
            while (at < format.length()) {
                char option = format.charAt(at++);
                int size = size(option);
                position += padding(position, option, size);
                need((long) position + size <= data.length());
                if (values.size() >= 8_000) {
                    throw in.error("too many results");
                }
                switch (option) {
                    case 'b', 'h', 'l', 'i' -> values.add((double) signed(read(data, position, size), size));
                    case 'B', 'H', 'L', 'T', 'I' -> values.add(positive(read(data, position, size)));
                    case 'x' -> {}
                    case 'f' -> values.add((double) Float.intBitsToFloat((int) read(data, position, 4)));
                    case 'd' -> values.add(Double.longBitsToDouble(read(data, position, 8)));
                    case 'c' -> {
                        if (size == 0) {
                            Object last = values.isEmpty() ? null : values.removeLast();
                            if (!(last instanceof Double length)) {
                                throw in.error("format 'c0' needs a previous size");
                            }
                            size = (int) Arguments.cut(length);
                            need(size >= 0 && (long) position + size <= data.length());
                        }
                        values.add(data.substring(position, position + size));
                    }
                    case 's' -> {
                        int end = data.indexOf(0, position);
                        if (end < 0) {
                            throw in.error("unfinished string in data");
                        }
                        values.add(data.substring(position, end));
                        size = end - position + 1;
                    }
                    default -> control(option);
                }
                position += size;
            }
            values.add(Values.number(position + 1));
            return values.toArray();
        }

        private void need(boolean enough) {
            if (!enough) {
                throw args.bad(2, "data string too short");
            }
        }

        private long read(String data, int from, int size) {
            long value = 0;
            for (int i = 0; i < size; i++) {
                int index = little ? size - 1 - i : i;
                value = value << 8 | data.charAt(from + index);
            }
            return value;
        }

        private static long signed(long value, int size) {
            int shift = Long.SIZE - 8 * Math.min(8, size);
            return size == 0 ? 0 : value << shift >> shift;
        }

        private static double positive(long value) {
            return value >= 0 ? value : ((value >>> 1) | (value & 1)) * 2.0;
        }

        Object size() {
            int length = 0;
            while (at < format.length()) {
                char option = format.charAt(at++);
                int size = size(option);
                length += padding(length, option, size);
                if (option == 's') {
                    throw args.bad(1, "option 's' has no fixed size");
                }
                if (option == 'c' && size == 0) {
                    throw args.bad(1, "option 'c0' has no fixed size");
                }
                if (size == 0) {
                    control(option);
                }
                length += size;
            }
            return Values.number(length);
        }
    }
}
