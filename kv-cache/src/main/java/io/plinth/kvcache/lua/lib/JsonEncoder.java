package io.plinth.kvcache.lua.lib;

import io.plinth.kvcache.lua.Builtin;
import io.plinth.kvcache.lua.Coroutine;
import io.plinth.kvcache.lua.Interp;
import io.plinth.kvcache.lua.LuaError;
import io.plinth.kvcache.lua.LuaNull;
import io.plinth.kvcache.lua.LuaTable;
import io.plinth.kvcache.lua.NumberText;
import io.plinth.kvcache.lua.Values;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import org.jspecify.annotations.Nullable;

/** Owned by one call: values to JSON as cjson writes it. */
final class JsonEncoder {
    private static final HexFormat HEX = HexFormat.of();

    /** Nesting beyond this goes on with a larger stack. */
    private static final int DEEP = 150;

    private final Interp in;
    private final JsonSettings settings;
    private final StringBuilder out = new StringBuilder();
    private int charged;

    JsonEncoder(Interp in, JsonSettings settings) {
        this.in = in;
        this.settings = settings;
    }

    String encode(@Nullable Object value) {
        append(value, 0);
        in.charge(out.length() - charged + 56L);
        in.release(charged);
        return out.toString();
    }

    private LuaError cannot(String type, String why) {
        return in.error("Cannot serialise " + type + ": " + why);
    }

    private void append(@Nullable Object value, int depth) {
        in.step();
        if (out.length() - charged > 4096) {
            in.hold(out.length() - charged);
            charged = out.length();
        }
        switch (value) {
            case null -> out.append("null");
            case LuaNull n -> out.append("null");
            case Boolean b -> out.append(b);
            case Double d -> number(d);
            case String s -> text(s);
            case LuaTable t -> {
                if (depth == DEEP && in.mayGoDeeper()) {
                    Coroutine.deeper(
                            in,
                            new Builtin((i, args) -> {
                                table(t, depth + 1);
                                return null;
                            }),
                            Values.NOTHING);
                } else {
                    table(t, depth + 1);
                }
            }
            default -> throw cannot(Values.type(value), "type not supported");
        }
    }

    private void number(double value) {
        if (NumberText.special(value) != null) {
            if (settings.encodeInvalid == JsonSettings.OFF) {
                throw cannot("number", "must not be NaN or Inf");
            }
            if (settings.encodeInvalid == JsonSettings.NULL) {
                out.append("null");
                return;
            }
        }
        out.append(NumberText.general(value, settings.precision, false));
    }

    private void text(String text) {
        if (text.length() > 4096) {
            in.charge(2L * text.length());
        }
        out.append('"');
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            switch (c) {
                case '"' -> out.append("\\\"");
                case '\\' -> out.append("\\\\");
                case '/' -> out.append("\\/");
                case '\b' -> out.append("\\b");
                case '\t' -> out.append("\\t");
                case '\n' -> out.append("\\n");
                case '\f' -> out.append("\\f");
                case '\r' -> out.append("\\r");
                default -> {
                    if (c < 32 || c == 127) {
                        out.append("\\u00").append(HEX.toHexDigits((byte) c));
                    } else {
                        out.append(c);
                    }
                }
            }
        }
        out.append('"');
    }

    private void table(LuaTable table, int depth) {
        if (depth > settings.encodeDepth) {
            throw in.error("Cannot serialise, excessive nesting (" + depth + ")");
        }
        int length = arrayLength(table);
        if (length > 0) {
            out.append('[');
            for (int i = 1; i <= length; i++) {
                if (i > 1) {
                    out.append(',');
                }
                append(table.get(i), depth);
            }
            out.append(']');
        } else {
            object(table, depth);
        }
    }

    /** Length of what is a list, -1 for what is none. */
    private int arrayLength(LuaTable table) {
        int most = 0;
        int items = 0;
        for (int i = 0; i < table.places(); i++) {
            if (table.valueAt(i) == null) {
                continue;
            }
            if (!(table.keyAt(i) instanceof Double key) || key != Math.floor(key) || key < 1 || key > 1 << 30) {
                return -1;
            }
            most = Math.max(most, key.intValue());
            items++;
        }
        if (settings.sparseRatio > 0 && most > (long) items * settings.sparseRatio && most > settings.sparseSafe) {
            if (!settings.sparseConvert) {
                throw cannot("table", "excessively sparse array");
            }
            return -1;
        }
        return most;
    }

    private void object(LuaTable table, int depth) {
        out.append('{');
        boolean first = true;
        for (int i = 0; i < table.places(); i++) {
            Object value = table.valueAt(i);
            if (value == null) {
                continue;
            }
            if (!first) {
                out.append(',');
            }
            first = false;
            switch (table.keyAt(i)) {
                case Double number -> {
                    out.append('"');
                    number(number);
                    out.append("\":");
                }
                case String text -> {
                    text(text);
                    out.append(':');
                }
                case null, default -> throw cannot("table", "table key must be a number or string");
            }
            append(value, depth);
        }
        out.append('}');
    }

    static byte[] utf8(int codePoint) {
        return new String(Character.toChars(codePoint)).getBytes(StandardCharsets.UTF_8);
    }
}
