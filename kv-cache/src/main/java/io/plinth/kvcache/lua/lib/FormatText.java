package io.plinth.kvcache.lua.lib;

import io.plinth.kvcache.lua.Arguments;
import io.plinth.kvcache.lua.Interp;
import io.plinth.kvcache.lua.NumberText;
import java.util.Locale;

/** Owned by one call: {@code string.format}, which is C's printf with {@code %q}. */
final class FormatText {
    private static final int OVERHEAD = 56;

    private final Interp in;
    private final Arguments args;
    private final StringBuilder out = new StringBuilder();
    private String flags = "";
    private int width;
    private int precision;

    FormatText(Interp in, Arguments args) {
        this.in = in;
        this.args = args;
    }

    String format() {
        String format = args.text(1);
        int arg = 1;
        int i = 0;
        while (i < format.length()) {
            char c = format.charAt(i++);
            if (c != '%') {
                out.append(c);
                continue;
            }
            if (i < format.length() && format.charAt(i) == '%') {
                out.append('%');
                i++;
                continue;
            }
            arg++;
            int end = specification(format, i);
            convert(format, end, arg);
            i = end + 1;
        }
        in.charge(out.length() + OVERHEAD);
        return out.toString();
    }

    private int specification(String format, int from) {
        int i = from;
        while (i < format.length() && "-+ #0".indexOf(format.charAt(i)) >= 0) {
            i++;
        }
        if (i - from >= 6) {
            throw in.error("invalid format (repeated flags)");
        }
        flags = format.substring(from, i);
        int digits = i;
        while (i < format.length() && i - digits < 2 && Character.isDigit(format.charAt(i))) {
            i++;
        }
        width = i > digits ? Integer.parseInt(format.substring(digits, i)) : 0;
        precision = -1;
        if (i < format.length() && format.charAt(i) == '.') {
            int point = ++i;
            while (i < format.length() && i - point < 2 && Character.isDigit(format.charAt(i))) {
                i++;
            }
            precision = i > point ? Integer.parseInt(format.substring(point, i)) : 0;
        }
        if (i < format.length() && Character.isDigit(format.charAt(i))) {
            throw in.error("invalid format (width or precision too long)");
        }
        return i;
    }

    private boolean has(char flag) {
        return flags.indexOf(flag) >= 0;
    }

    private void convert(String format, int end, int arg) {
        char kind = end < format.length() ? format.charAt(end) : 0;
        switch (kind) {
            case 'c' -> pad(String.valueOf((char) (args.integer(arg) & 0xff)), false);
            case 'd', 'i' -> integer(args.integer(arg));
            case 'u' -> unsigned(Long.toUnsignedString(args.integer(arg)));
            case 'o' -> unsigned(prefix("0", Long.toOctalString(args.integer(arg))));
            case 'x' -> unsigned(prefix("0x", Long.toHexString(args.integer(arg))));
            case 'X' ->
                unsigned(prefix("0X", Long.toHexString(args.integer(arg)).toUpperCase(Locale.ROOT)));
            case 'e', 'E', 'f', 'g', 'G' -> floating(kind, args.number(arg));
            case 'q' -> quote(args.text(arg));
            case 's' -> text(arg);
            default -> throw in.error("invalid option '%" + (kind == 0 ? "" : String.valueOf(kind)) + "' to 'format'");
        }
    }

    private String prefix(String prefix, String digits) {
        return has('#') && !digits.equals("0") ? prefix + digits : digits;
    }

    private void text(int arg) {
        if (arg > args.count()) {
            throw args.bad(arg, "no value");
        }
        String text = args.text(arg);
        pad(precision >= 0 && precision < text.length() ? text.substring(0, precision) : text, false);
    }

    private void integer(long value) {
        String digits = Long.toString(value);
        String sign = value < 0 ? "-" : has('+') ? "+" : has(' ') ? " " : "";
        number(sign, value < 0 ? digits.substring(1) : digits);
    }

    private void unsigned(String digits) {
        number("", digits);
    }

    private void number(String sign, String digits) {
        String body = digits;
        if (precision >= 0) {
            body = precision == 0 && digits.equals("0")
                    ? ""
                    : "0".repeat(Math.max(0, precision - digits.length())) + digits;
        } else if (has('0') && !has('-')) {
            body = "0".repeat(Math.max(0, width - digits.length() - sign.length())) + digits;
        }
        pad(sign + body, false);
    }

    private void floating(char kind, double value) {
        int digits = precision < 0 ? 6 : precision;
        String text = switch (kind) {
            case 'e', 'E' -> NumberText.scientific(value, digits);
            case 'f' -> NumberText.fixed(value, digits);
            default -> NumberText.general(value, digits, has('#'));
        };
        boolean finite = NumberText.special(value) == null;
        boolean negative = text.startsWith("-");
        String sign = negative ? "-" : has('+') ? "+" : has(' ') ? " " : "";
        String body = negative ? text.substring(1) : text;
        if (has('#') && finite && body.indexOf('.') < 0) {
            int e = body.indexOf('e');
            body = e < 0 ? body + "." : body.substring(0, e) + "." + body.substring(e);
        }
        if (has('0') && !has('-') && finite) {
            body = "0".repeat(Math.max(0, width - body.length() - sign.length())) + body;
        }
        String all = sign + body;
        pad(kind == 'E' || kind == 'G' ? all.toUpperCase(Locale.ROOT) : all, false);
    }

    private void pad(String text, boolean zeros) {
        in.charge(text.length());
        String fill = (zeros ? "0" : " ").repeat(Math.max(0, width - text.length()));
        if (has('-')) {
            out.append(text).append(fill);
        } else {
            out.append(fill).append(text);
        }
    }

    private void quote(String text) {
        in.charge(text.length() + 2L);
        out.append('"');
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            switch (c) {
                case '"', '\\', '\n' -> out.append('\\').append(c);
                case '\r' -> out.append("\\r");
                case 0 -> out.append("\\000");
                default -> out.append(c);
            }
        }
        out.append('"');
    }
}
