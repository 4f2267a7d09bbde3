package io.plinth.kvcache.lua.lib;

import io.plinth.kvcache.lua.Arguments;
import io.plinth.kvcache.lua.Builtin;
import io.plinth.kvcache.lua.Interp;
import io.plinth.kvcache.lua.LuaFunction;
import io.plinth.kvcache.lua.LuaTable;
import io.plinth.kvcache.lua.Meta;
import io.plinth.kvcache.lua.Values;
import org.jspecify.annotations.Nullable;

/** {@code string}. */
public final class StringLibrary {
    private static final int OVERHEAD = 56;
    private static final String SPECIAL = "^$*+?.([%-";

    private StringLibrary() {}

    /** Adds it, and makes it what texts are indexed in. */
    public static void open(Interp in) {
        LuaTable library = new LuaTable();
        in.globals().set("string", library);
        in.stringMeta().set("__index", library);
        Builtin.add(library, "len", (i, args) -> Values.number(args.text(1).length()));
        Builtin.add(library, "sub", (i, args) -> {
            String text = args.text(1);
            long from = position(args.integer(2), text.length());
            long to = position(args.integer(3, -1), text.length());
            from = Math.max(from, 1);
            to = Math.min(to, text.length());
            if (from > to) {
                return "";
            }
            i.charge(to - from + OVERHEAD);
            return text.substring((int) from - 1, (int) to);
        });
        Builtin.add(library, "lower", (i, args) -> {
            String text = args.text(1);
            i.charge(text.length() + OVERHEAD);
            return fold(text, 'A', 'Z', 32);
        });
        Builtin.add(library, "upper", (i, args) -> {
            String text = args.text(1);
            i.charge(text.length() + OVERHEAD);
            return fold(text, 'a', 'z', -32);
        });
        Builtin.add(library, "reverse", (i, args) -> {
            String text = args.text(1);
            i.charge(text.length() + OVERHEAD);
            char[] reversed = new char[text.length()];
            for (int k = 0; k < reversed.length; k++) {
                reversed[k] = text.charAt(reversed.length - 1 - k);
            }
            return new String(reversed);
        });
        Builtin.add(library, "rep", (i, args) -> {
            String text = args.text(1);
            long count = Math.max(0, args.small(2));
            long length = text.length() * count;
            i.charge(length + OVERHEAD);
            if (length > Integer.MAX_VALUE - 64) {
                throw i.raise("not enough memory");
            }
            i.steps(length / 1024);
            return text.repeat((int) count);
        });
        bytes(library);
        Builtin.add(library, "format", (i, args) -> new FormatText(i, args).format());
        Builtin.add(library, "dump", (i, args) -> {
            args.function(1);
            throw i.error("unable to dump given function");
        });
        patterns(library);
    }

    private static void bytes(LuaTable library) {
        Builtin.add(library, "byte", (i, args) -> {
            String text = args.text(1);
            long first = position(args.integer(2, 1), text.length());
            long last = position(args.integer(3, first), text.length());
            long from = Math.max(first, 1);
            long to = Math.min(last, text.length());
            if (from > to) {
                return Values.NOTHING;
            }
            if (to - from >= 8_000) {
                throw i.error("string slice too long");
            }
            @Nullable Object[] codes = new Object[(int) (to - from + 1)];
            for (int k = 0; k < codes.length; k++) {
                codes[k] = Values.number(text.charAt((int) from - 1 + k));
            }
            return codes;
        });
        Builtin.add(library, "char", (i, args) -> {
            StringBuilder text = new StringBuilder();
            for (int k = 1; k <= args.count(); k++) {
                int code = args.small(k);
                if (code < 0 || code > 255) {
                    throw args.bad(k, "invalid value");
                }
                text.append((char) code);
            }
            return text.toString();
        });
    }

    private static void patterns(LuaTable library) {
        Builtin.add(library, "find", (i, args) -> find(i, args, true));
        Builtin.add(library, "match", (i, args) -> find(i, args, false));
        Builtin.Body gmatch = (i, args) -> {
            String text = args.text(1);
            String pattern = args.text(2);
            int[] from = {0};
            return new Builtin((in, none) -> {
                Pattern matching = new Pattern(in, text, pattern);
                for (int s = from[0]; s <= text.length(); s++) {
                    int end = matching.match(s, 0);
                    if (end >= 0) {
                        from[0] = end == s ? end + 1 : end;
                        return matching.values(s, end, true);
                    }
                }
                from[0] = text.length() + 1;
                return null;
            });
        };
        Builtin.add(library, "gmatch", gmatch);
        Builtin.add(library, "gfind", gmatch);
        Builtin.add(library, "gsub", StringLibrary::gsub);
    }

    private static long position(long given, int length) {
        long from = given < 0 ? given + length + 1 : given;
        return Math.max(from, 0);
    }

    private static String fold(String text, char from, char to, int shift) {
        char[] folded = text.toCharArray();
        for (int i = 0; i < folded.length; i++) {
            if (folded[i] >= from && folded[i] <= to) {
                folded[i] += (char) shift;
            }
        }
        return new String(folded);
    }

    private static boolean plain(String pattern) {
        for (int i = 0; i < pattern.length(); i++) {
            if (SPECIAL.indexOf(pattern.charAt(i)) >= 0) {
                return false;
            }
        }
        return true;
    }

    private static @Nullable Object find(Interp in, Arguments args, boolean places) {
        String text = args.text(1);
        String pattern = args.text(2);
        long start = Math.clamp(position(args.integer(3, 1), text.length()) - 1, 0, text.length());
        if (places && (Values.truth(args.get(4)) || plain(pattern))) {
            in.steps(text.length() / 256);
            int found = text.indexOf(pattern, (int) start);
            return found < 0 ? null : new Object[] {found + 1.0, (double) found + pattern.length()};
        }
        boolean anchored = pattern.startsWith("^");
        Pattern matching = new Pattern(in, text, pattern);
        for (int s = (int) start; s <= text.length(); s++) {
            int end = matching.match(s, anchored ? 1 : 0);
            if (end >= 0) {
                if (!places) {
                    return matching.values(s, end, true);
                }
                @Nullable Object[] captures = matching.values(s, end, false);
                @Nullable Object[] all = new Object[captures.length + 2];
                all[0] = s + 1.0;
                all[1] = (double) end;
                System.arraycopy(captures, 0, all, 2, captures.length);
                return all;
            }
            if (anchored) {
                break;
            }
        }
        return null;
    }

    private static Object gsub(Interp in, Arguments args) {
        String text = args.text(1);
        String pattern = args.text(2);
        Object by = args.get(3);
        String template = Values.toText(by);
        if (template == null && !(by instanceof LuaTable) && !(by instanceof LuaFunction)) {
            throw args.bad(3, "string/function/table expected");
        }
        long most = args.get(4) == null ? text.length() + 1L : args.small(4);
        boolean anchored = pattern.startsWith("^");
        Pattern matching = new Pattern(in, text, pattern);
        StringBuilder result = new StringBuilder();
        int s = 0;
        int count = 0;
        long held = 0;
        while (count < most) {
            int end = matching.match(s, anchored ? 1 : 0);
            if (end >= 0) {
                count++;
                int before = result.length();
                if (template != null) {
                    in.hold(template.length());
                    held += template.length();
                    substitute(matching, template, s, end, result);
                } else {
                    replace(in, matching, by, text, s, end, result);
                }
                long more = Math.max(0, result.length() - before - (template == null ? 0 : template.length()));
                in.hold(more);
                held += more;
            }
            if (end >= 0 && end > s) {
                s = end;
            } else if (s < text.length()) {
                result.append(text.charAt(s++));
            } else {
                break;
            }
            if (anchored) {
                break;
            }
        }
        in.hold(text.length() - s + OVERHEAD);
        result.append(text, s, text.length());
        in.release(held + text.length() - s + OVERHEAD);
        return new Object[] {result.toString(), (double) count};
    }

    private static void substitute(Pattern matching, String template, int from, int to, StringBuilder result) {
        for (int i = 0; i < template.length(); i++) {
            char c = template.charAt(i);
            if (c != '%') {
                result.append(c);
                continue;
            }
            char next = ++i < template.length() ? template.charAt(i) : 0;
            if (next < '0' || next > '9') {
                result.append(next);
            } else if (next == '0') {
                result.append(matching.whole(from, to));
            } else {
                result.append(Values.toText(matching.value(next - '1', from, to)));
            }
        }
    }

    private static void replace(
            Interp in, Pattern matching, @Nullable Object by, String text, int from, int to, StringBuilder result) {
        Object value = by instanceof LuaTable table
                ? Meta.index(in, table, matching.value(0, from, to), null)
                : Values.first(in.call(by, matching.values(from, to, true)));
        String replacement = Values.toText(value);
        if (!Values.truth(value)) {
            result.append(text, from, to);
        } else if (replacement == null) {
            throw in.error("invalid replacement value (a " + Values.type(value) + ")");
        } else {
            result.append(replacement);
        }
    }
}
