package io.plinth.kvcache.script;

import io.netty.buffer.ByteBuf;
import io.plinth.kvcache.lua.Interp;
import io.plinth.kvcache.lua.LuaTable;
import io.plinth.kvcache.wire.Doubles;
import io.plinth.kvcache.wire.ReplyWriter;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** Replies of commands as Lua values, and Lua values as replies, in both protocol versions. */
final class Replies {
    private static final int MAX_DEPTH = 1_000;

    private Replies() {}

    /** Text fit for one line of a reply. */
    static String line(@Nullable String text) {
        return text == null ? "" : text.replace('\r', ' ').replace('\n', ' ');
    }

    /** The value of the reply that starts here. */
    static @Nullable Object read(Interp in, ByteBuf from) {
        byte type = from.readByte();
        return switch (type) {
            case '$' -> {
                int length = (int) number(from);
                yield length < 0 ? (Object) false : text(in, from, length);
            }
            case ':' -> (double) number(from);
            case '*' -> list(in, from);
            case '+' -> field("ok", rest(from));
            case '-' -> {
                LuaTable error = field("err", rest(from));
                error.set("ignore_error_stats_update", true);
                yield error;
            }
            case '%' -> {
                LuaTable map = new LuaTable();
                for (long left = number(from); left > 0; left--) {
                    Object key = read(in, from);
                    put(in, map, key, read(in, from));
                }
                yield field("map", map);
            }
            case '~' -> {
                LuaTable set = new LuaTable();
                for (long left = number(from); left > 0; left--) {
                    put(in, set, read(in, from), true);
                }
                yield field("set", set);
            }
            default -> scalar(in, type, from);
        };
    }

    private static @Nullable Object scalar(Interp in, byte type, ByteBuf from) {
        if (type == '=') {
            String text = text(in, from, (int) number(from));
            LuaTable parts = new LuaTable();
            parts.set("format", text.substring(0, 3));
            parts.set("string", text.substring(4));
            return field("verbatim_string", parts);
        }
        String line = rest(from);
        return switch (type) {
            case '_' -> null;
            case '#' -> line.equals("t");
            case ',' -> field("double", real(line));
            case '(' -> field("big_number", line);
            default -> throw new IllegalStateException("reply: type " + (char) type + " (expected: one of RESP3)");
        };
    }

    private static Double real(String line) {
        return switch (line) {
            case "inf" -> Double.POSITIVE_INFINITY;
            case "-inf" -> Double.NEGATIVE_INFINITY;
            case "nan" -> Double.NaN;
            default -> Double.parseDouble(line);
        };
    }

    private static Object list(Interp in, ByteBuf from) {
        long count = number(from);
        if (count < 0) {
            return false;
        }
        LuaTable list = new LuaTable();
        for (int i = 1; i <= count; i++) {
            in.charge(list.set(i, read(in, from)) + 16);
        }
        return list;
    }

    private static void put(Interp in, LuaTable table, @Nullable Object key, @Nullable Object value) {
        if (key != null) {
            in.charge(table.set(key, value) + 16);
        }
    }

    private static LuaTable field(String name, Object value) {
        LuaTable table = new LuaTable();
        table.set(name, value);
        return table;
    }

    private static String text(Interp in, ByteBuf from, int length) {
        in.charge(length + 56L);
        String text = from.toString(from.readerIndex(), length, StandardCharsets.ISO_8859_1);
        from.skipBytes(length + 2);
        return text;
    }

    private static String rest(ByteBuf from) {
        int length = from.bytesBefore((byte) '\r');
        String line = from.toString(from.readerIndex(), length, StandardCharsets.ISO_8859_1);
        from.skipBytes(length + 2);
        return line;
    }

    private static long number(ByteBuf from) {
        long value = 0;
        boolean negative = false;
        for (byte b = from.readByte(); b != '\r'; b = from.readByte()) {
            if (b == '-') {
                negative = true;
            } else {
                value = value * 10 - (b - '0');
            }
        }
        from.skipBytes(1);
        return negative ? value : -value;
    }

    /** Writes a value; {@code version} is the protocol the script asked its replies in. */
    static void write(ReplyWriter out, @Nullable Object value, int version) {
        write(out, value, version, 0);
    }

    private static void write(ReplyWriter out, @Nullable Object value, int version, int depth) {
        if (depth > MAX_DEPTH) {
            out.error("ERR reached lua stack limit");
            return;
        }
        switch (value) {
            case String text -> out.bulk(text);
            case Double number -> out.integer(io.plinth.kvcache.lua.Arguments.cut(number));
            case Boolean truth -> {
                if (version == 3) {
                    out.truth(truth);
                } else if (truth) {
                    out.integer(1);
                } else {
                    out.nullBulk();
                }
            }
            case LuaTable table -> table(out, table, version, depth);
            case null, default -> out.nullBulk();
        }
    }

    private static void table(ReplyWriter out, LuaTable table, int version, int depth) {
        if (table.get("err") instanceof String error) {
            out.error(line(error));
        } else if (table.get("ok") instanceof String status) {
            out.simple(line(status));
        } else if (table.get("double") instanceof Double number) {
            out.number(Doubles.text(number));
        } else if (table.get("map") instanceof LuaTable map) {
            entries(out, map, version, depth, true);
        } else if (table.get("set") instanceof LuaTable set) {
            entries(out, set, version, depth, false);
        } else if (table.get("big_number") instanceof String number) {
            if (out.protocol() == 3) {
                out.raw(("(" + line(number) + "\r\n").getBytes(StandardCharsets.ISO_8859_1));
            } else {
                out.bulk(line(number));
            }
        } else if (table.get("verbatim_string") instanceof LuaTable parts
                && parts.get("string") instanceof String text
                && parts.get("format") instanceof String format) {
            verbatim(out, text, format);
        } else {
            int count = 0;
            while (table.get(count + 1) != null) {
                count++;
            }
            out.array(count);
            for (int i = 1; i <= count; i++) {
                write(out, table.get(i), version, depth + 1);
            }
        }
    }

    private static void verbatim(ReplyWriter out, String text, String format) {
        if (out.protocol() == 3) {
            String padded = (format + "   ").substring(0, 3);
            out.raw(("=" + (text.length() + 4) + "\r\n" + padded + ":" + text + "\r\n")
                    .getBytes(StandardCharsets.ISO_8859_1));
        } else {
            out.bulk(text);
        }
    }

    private static void entries(ReplyWriter out, LuaTable table, int version, int depth, boolean pairs) {
        int count = 0;
        for (int i = 0; i < table.places(); i++) {
            count += table.valueAt(i) == null ? 0 : 1;
        }
        if (pairs) {
            out.map(count);
        } else {
            out.set(count);
        }
        for (int i = 0; i < table.places(); i++) {
            if (table.valueAt(i) != null) {
                write(out, table.keyAt(i), version, depth + 1);
                if (pairs) {
                    write(out, table.valueAt(i), version, depth + 1);
                }
            }
        }
    }
}
