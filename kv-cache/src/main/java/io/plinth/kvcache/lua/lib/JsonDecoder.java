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
import org.jspecify.annotations.Nullable;

/** Owned by one call: JSON to values as cjson reads it, with its words for what is wrong. */
final class JsonDecoder {
    private static final int DEEP = 150;

    private enum Kind {
        T_OBJ_BEGIN,
        T_OBJ_END,
        T_ARR_BEGIN,
        T_ARR_END,
        T_STRING,
        T_NUMBER,
        T_BOOLEAN,
        T_NULL,
        T_COLON,
        T_COMMA,
        T_END,
        T_ERROR
    }

    private final Interp in;
    private final JsonSettings settings;
    private final String text;
    private int at;
    private Kind kind = Kind.T_END;
    private int start;
    private @Nullable Object value;
    private String problem = "";
    private int depth;

    JsonDecoder(Interp in, JsonSettings settings, String text) {
        this.in = in;
        this.settings = settings;
        this.text = text;
    }

    @Nullable
    Object decode() {
        if (text.length() >= 2 && (text.charAt(0) == 0 || text.charAt(1) == 0)) {
            throw in.error("JSON parser does not support UTF-16 or UTF-32");
        }
        next();
        Object result = value();
        next();
        if (kind != Kind.T_END) {
            throw expected("the end");
        }
        return result;
    }

    private LuaError expected(String what) {
        String found = kind == Kind.T_ERROR ? problem : kind.name();
        return in.error("Expected " + what + " but found " + found + " at character " + (start + 1));
    }

    private void next() {
        in.step();
        while (at < text.length() && " \t\n\r".indexOf(text.charAt(at)) >= 0) {
            at++;
        }
        start = at;
        if (at >= text.length()) {
            kind = Kind.T_END;
            return;
        }
        char c = text.charAt(at);
        switch (c) {
            case '{' -> sign(Kind.T_OBJ_BEGIN);
            case '}' -> sign(Kind.T_OBJ_END);
            case '[' -> sign(Kind.T_ARR_BEGIN);
            case ']' -> sign(Kind.T_ARR_END);
            case ',' -> sign(Kind.T_COMMA);
            case ':' -> sign(Kind.T_COLON);
            case '"' -> string();
            default -> word(c);
        }
    }

    private void sign(Kind which) {
        kind = which;
        at++;
    }

    private void error(int where, String what) {
        kind = Kind.T_ERROR;
        start = where;
        problem = what;
    }

    private void word(char c) {
        if (text.startsWith("true", at)) {
            constant(Kind.T_BOOLEAN, true, 4);
        } else if (text.startsWith("false", at)) {
            constant(Kind.T_BOOLEAN, false, 5);
        } else if (text.startsWith("null", at)) {
            constant(Kind.T_NULL, LuaNull.NULL, 4);
        } else if (c == '-'
                || (c == '+' && settings.decodeInvalid)
                || (c >= '0' && c <= '9')
                || (settings.decodeInvalid && "iInN".indexOf(c) >= 0)) {
            number();
        } else {
            error(at, "invalid token");
        }
    }

    private void constant(Kind which, Object what, int length) {
        kind = which;
        value = what;
        at += length;
    }

    private void number() {
        if (!settings.decodeInvalid && invalidNumber()) {
            error(at, "invalid number");
            return;
        }
        int end = at;
        while (end < text.length() && "+-.0123456789abcdefABCDEFxXpPnNiItTyY".indexOf(text.charAt(end)) >= 0) {
            end++;
        }
        // As strtod: the longest piece that is a number.
        for (; end > at; end--) {
            Double number = NumberText.parse(text.substring(at, end));
            if (number != null) {
                kind = Kind.T_NUMBER;
                value = number;
                at = end;
                return;
            }
        }
        error(at, "inN".indexOf(text.charAt(at)) >= 0 ? "invalid token" : "invalid number");
    }

    private boolean invalidNumber() {
        int i = text.charAt(at) == '-' ? at + 1 : at;
        char c = i < text.length() ? text.charAt(i) : 0;
        char d = i + 1 < text.length() ? text.charAt(i + 1) : 0;
        if (c == '0') {
            return (d | 0x20) == 'x' || (d >= '0' && d <= '9');
        }
        return c < '0' || c > '9';
    }

    private void string() {
        StringBuilder out = new StringBuilder();
        int i = at + 1;
        while (true) {
            if (i >= text.length()) {
                error(i, "unexpected end of string");
                return;
            }
            char c = text.charAt(i);
            if (c == '"') {
                break;
            }
            if (c != '\\') {
                out.append(c);
                i++;
                continue;
            }
            char escaped = i + 1 < text.length() ? text.charAt(i + 1) : 0;
            int plain = "\"\\/bfnrt".indexOf(escaped);
            if (escaped == 'u') {
                int used = unicode(i, out);
                if (used == 0) {
                    error(i, "invalid unicode escape code");
                    return;
                }
                i += used;
            } else if (plain < 0 || escaped == 0) {
                error(i, "invalid escape code");
                return;
            } else {
                out.append("\"\\/\b\f\n\r\t".charAt(plain));
                i += 2;
            }
        }
        at = i + 1;
        kind = Kind.T_STRING;
        in.charge(out.length() + 56L);
        value = out.toString();
    }

    private int hex(int from) {
        if (from + 4 > text.length()) {
            return -1;
        }
        int code = 0;
        for (int i = from; i < from + 4; i++) {
            int digit = text.charAt(i) < 128 ? Character.digit(text.charAt(i), 16) : -1;
            if (digit < 0) {
                return -1;
            }
            code = code << 4 | digit;
        }
        return code;
    }

    /** Appends the UTF-8 of an escape; answers its length, 0 for a wrong one. */
    private int unicode(int from, StringBuilder out) {
        int code = hex(from + 2);
        if (code < 0) {
            return 0;
        }
        int used = 6;
        if ((code & 0xf800) == 0xd800) {
            int low = text.startsWith("\\u", from + 6) ? hex(from + 8) : -1;
            if ((code & 0x400) != 0 || low < 0 || (low & 0xfc00) != 0xdc00) {
                return 0;
            }
            code = 0x10000 + ((code & 0x3ff) << 10) + (low & 0x3ff);
            used = 12;
        }
        out.append(new String(JsonEncoder.utf8(code), StandardCharsets.ISO_8859_1));
        return used;
    }

    private @Nullable Object value() {
        return switch (kind) {
            case T_STRING, T_NUMBER, T_BOOLEAN, T_NULL -> value;
            case T_OBJ_BEGIN -> object();
            case T_ARR_BEGIN -> array();
            default -> throw expected("value");
        };
    }

    /** Deep nesting goes on with a larger stack. */
    private @Nullable Object descended() {
        if (depth == DEEP && in.mayGoDeeper()) {
            return Coroutine.deeper(in, new Builtin((i, args) -> value()), Values.NOTHING);
        }
        return value();
    }

    private void descend() {
        if (++depth > settings.decodeDepth) {
            throw in.error("Found too many nested data structures (" + depth + ") at character " + at);
        }
    }

    private LuaTable object() {
        descend();
        LuaTable table = new LuaTable();
        next();
        if (kind == Kind.T_OBJ_END) {
            depth--;
            return table;
        }
        while (true) {
            if (kind != Kind.T_STRING || !(value instanceof String key)) {
                throw expected("object key string");
            }
            next();
            if (kind != Kind.T_COLON) {
                throw expected("colon");
            }
            next();
            in.charge(table.set(key, descended()) + 16);
            next();
            if (kind == Kind.T_OBJ_END) {
                depth--;
                return table;
            }
            if (kind != Kind.T_COMMA) {
                throw expected("comma or object end");
            }
            next();
        }
    }

    private LuaTable array() {
        descend();
        LuaTable table = new LuaTable();
        next();
        if (kind == Kind.T_ARR_END) {
            depth--;
            return table;
        }
        for (int i = 1; ; i++) {
            in.charge(table.set(i, descended()) + 16);
            next();
            if (kind == Kind.T_ARR_END) {
                depth--;
                return table;
            }
            if (kind != Kind.T_COMMA) {
                throw expected("comma or array end");
            }
            next();
        }
    }
}
