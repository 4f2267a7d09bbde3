package io.plinth.geodns.gdnsd;

import org.jspecify.annotations.Nullable;

/** Owned by who reads: the tokens of one vscf file, one after another (gdnsd.config, LOW-LEVEL SYNTAX). */
final class VscfText {
    private static final String INCLUDE = "$include{";
    private static final String SPECIAL = "][}{;#,\"=\\";
    private static final int LARGEST_STRING = 64 << 10;

    private final String file;
    private final String text;
    private int at;
    private int line = 1;

    VscfText(String file, String text) {
        this.file = file;
        this.text = text;
    }

    Vscf.Mark mark() {
        return new Vscf.Mark(file, line);
    }

    /** The next character that is neither blank nor in a comment, without taking it; -1 at the end. */
    int peek() {
        while (at < text.length()) {
            char c = text.charAt(at);
            if (c == '#' || c == ';') {
                int end = text.indexOf('\n', at);
                at = end < 0 ? text.length() : end;
            } else if (c == '\n') {
                line++;
                at++;
            } else if (c == ' ' || c == '\t' || c == '\r') {
                at++;
            } else {
                return c;
            }
        }
        return -1;
    }

    /** Takes {@code c} if it comes next. */
    boolean take(char c) {
        if (peek() != c) {
            return false;
        }
        at++;
        return true;
    }

    /** Between a key and its value. */
    void arrow(String key) throws GdnsdException {
        if (!take('=')) {
            throw new GdnsdException(mark(), "key: " + key + " (expected: => and a value behind it)");
        }
        if (at < text.length() && text.charAt(at) == '>') {
            at++;
        }
    }

    /** The path of an include, if one comes next. */
    @Nullable
    String include() throws GdnsdException {
        if (peek() != '$' || !text.startsWith(INCLUDE, at)) {
            return null;
        }
        at += INCLUDE.length();
        String path = string();
        if (!take('}')) {
            throw new GdnsdException(mark(), "include: " + path + " (expected: } behind it)");
        }
        return path;
    }

    String string() throws GdnsdException {
        int first = peek();
        if (first < 0 || first == '$' || (first != '"' && first != '\\' && SPECIAL.indexOf(first) >= 0)) {
            throw new GdnsdException(
                    mark(), (first < 0 ? "end of file" : "character: " + (char) first) + " (expected: a string)");
        }
        StringBuilder string = new StringBuilder();
        boolean quoted = first == '"';
        if (quoted) {
            at++;
        }
        while (at < text.length()) {
            char c = text.charAt(at);
            if (c == '\\') {
                at++;
                string.append(escaped());
            } else if (quoted ? c == '"' : c <= ' ' || SPECIAL.indexOf(c) >= 0) {
                at += quoted ? 1 : 0;
                return string.toString();
            } else {
                line += c == '\n' ? 1 : 0;
                string.append(c);
                at++;
            }
            if (string.length() > LARGEST_STRING) {
                throw new GdnsdException(mark(), "string: longer than " + LARGEST_STRING + " (expected: shorter)");
            }
        }
        if (quoted) {
            throw new GdnsdException(mark(), "end of file (expected: a closing quote)");
        }
        return string.toString();
    }

    private char escaped() throws GdnsdException {
        if (at < text.length() && !Character.isDigit(text.charAt(at))) {
            return text.charAt(at++);
        }
        String digits = text.substring(at, Math.min(at + 3, text.length()));
        if (!digits.matches("[0-2]\\d\\d") || Integer.parseInt(digits) > 0xFF) {
            throw new GdnsdException(mark(), "escape: \\" + digits + " (expected: three digits up to 255)");
        }
        at += 3;
        return (char) Integer.parseInt(digits);
    }
}
