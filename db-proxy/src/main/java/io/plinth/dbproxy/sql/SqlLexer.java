package io.plinth.dbproxy.sql;

import org.jspecify.annotations.Nullable;

/**
 * PostgreSQL's lexical rules (parser/scan.l) over bytes, with standard_conforming_strings on: quoted names, E'' and U&amp;''
 * and B'' and dollar-quoted strings, nested comments, parameters, operators.
 */
public final class SqlLexer {
    private static final String OPERATOR_CHARACTERS = "+-*/<>=~!@#%^&|`?";
    private static final int NAME_START = 1;
    private static final int IN_NAME = 2;
    private static final int OF_OPERATOR = 4;
    /** What each byte may be. */
    private static final byte[] NATURES = natures();

    private final byte[] sql;
    private final SqlTokens tokens;
    private int at;

    private static byte[] natures() {
        byte[] natures = new byte[256];
        for (int i = 0; i < natures.length; i++) {
            boolean letter = (i >= 'a' && i <= 'z') || (i >= 'A' && i <= 'Z') || i == '_' || i > 127;
            boolean within = letter || (i >= '0' && i <= '9') || i == '$';
            natures[i] = (byte) ((letter ? NAME_START : 0)
                    | (within ? IN_NAME : 0)
                    | (OPERATOR_CHARACTERS.indexOf(i) >= 0 ? OF_OPERATOR : 0));
        }
        return natures;
    }

    private static boolean is(byte b, int nature) {
        return (NATURES[b & 0xff] & nature) != 0;
    }

    private SqlLexer(byte[] sql) {
        this.sql = sql;
        this.tokens = new SqlTokens(sql);
    }

    /** The tokens, or null when a string or comment does not end, or when there are more than {@code limit} tokens. */
    public static @Nullable SqlTokens lex(byte[] sql, int limit) {
        SqlLexer lexer = new SqlLexer(sql);
        while (lexer.skipBlank()) {
            if (lexer.at >= sql.length) {
                return lexer.tokens;
            }
            if (lexer.tokens.count() >= limit || !lexer.token()) {
                return null;
            }
        }
        return null;
    }

    /** Moves past white space and comments; false for a comment without its end. */
    private boolean skipBlank() {
        while (at < sql.length) {
            byte b = sql[at];
            if (b == ' ' || (b >= 9 && b <= 13)) {
                at++;
            } else if (b == '-' && peek(1) == '-') {
                while (at < sql.length && sql[at] != '\n' && sql[at] != '\r') {
                    at++;
                }
            } else if (b == '/' && peek(1) == '*') {
                if (!skipComment()) {
                    return false;
                }
            } else {
                return true;
            }
        }
        return true;
    }

    private boolean skipComment() {
        int depth = 0;
        int start = at + 2;
        while (at < sql.length) {
            if (sql[at] == '/' && peek(1) == '*') {
                depth++;
                at += 2;
            } else if (sql[at] == '*' && peek(1) == '/') {
                depth--;
                at += 2;
                if (depth == 0) {
                    tokens.comment(start, at - 2);
                    return true;
                }
            } else {
                at++;
            }
        }
        return false;
    }

    private boolean token() {
        int start = at;
        byte b = sql[at];
        if (b == '\'') {
            return quoted(SqlTokens.STRING, start, '\'', false);
        }
        if (b == '"') {
            return quoted(SqlTokens.QUOTED, start, '"', false);
        }
        if (isNameStart(b)) {
            return word(start);
        }
        if (isDigit(b) || (b == '.' && isDigit(peek(1)))) {
            return number(start);
        }
        if (b == '$') {
            return dollar(start);
        }
        return symbol(start, b);
    }

    private boolean word(int start) {
        byte next = peek(1);
        byte b = sql[start];
        if (next == '\'') {
            switch (b) {
                case 'e', 'E' -> {
                    at++;
                    return quoted(SqlTokens.ESCAPED_STRING, start, '\'', true);
                }
                case 'b', 'B', 'x', 'X', 'n', 'N' -> {
                    at++;
                    return quoted(SqlTokens.OPAQUE, start, '\'', false);
                }
                default -> {}
            }
        }
        if ((b == 'u' || b == 'U') && next == '&' && (peek(2) == '\'' || peek(2) == '"')) {
            byte quote = peek(2);
            at += 2;
            return quoted(SqlTokens.OPAQUE, start, (char) quote, false);
        }
        while (at < sql.length && is(sql[at], IN_NAME)) {
            at++;
        }
        tokens.add(SqlTokens.WORD, start, at);
        return true;
    }

    /** From the opening quote at {@code at} to the closing one; a doubled quote stands for itself. */
    private boolean quoted(byte first, int start, char quote, boolean backslash) {
        byte kind = first;
        at++;
        while (at < sql.length) {
            if (backslash && sql[at] == '\\') {
                at += 2;
            } else if (sql[at] != quote) {
                at++;
            } else if (peek(1) == quote) {
                at += 2;
            } else if (quote == '\'' && continuation() > 0) {
                // 'a' and, on a later line, 'b' are one literal with the first one's rules.
                at = continuation();
                kind = kind == SqlTokens.STRING ? SqlTokens.OPAQUE : kind;
            } else {
                at++;
                tokens.add(kind, start, at);
                return true;
            }
        }
        return false;
    }

    /** With {@code at} on a closing quote: the position after the quote that opens the literal again, or -1. */
    private int continuation() {
        boolean newline = false;
        int next = at + 1;
        while (next < sql.length) {
            byte b = sql[next];
            if (b == '-' && next + 1 < sql.length && sql[next + 1] == '-') {
                while (next < sql.length && sql[next] != '\n' && sql[next] != '\r') {
                    next++;
                }
            } else if (b == ' ' || (b >= 9 && b <= 13)) {
                newline |= b == '\n' || b == '\r';
                next++;
            } else {
                return newline && b == '\'' ? next + 1 : -1;
            }
        }
        return -1;
    }

    private boolean number(int start) {
        boolean plain = true;
        while (at < sql.length) {
            byte b = sql[at];
            if (isDigit(b)) {
                at++;
            } else if ((b == '.' && peek(1) != '.') || isNameStart(b)) {
                // 1.5, 1e9, 0xff, 1_000: numbers too, but none that a key is compared with here.
                plain = false;
                at++;
                if ((b == 'e' || b == 'E') && at < sql.length && (sql[at] == '+' || sql[at] == '-')) {
                    at++;
                }
            } else {
                break;
            }
        }
        tokens.add(plain ? SqlTokens.INTEGER : SqlTokens.DECIMAL, start, at);
        return true;
    }

    private boolean dollar(int start) {
        int tag = start + 1;
        if (isDigit(peek(1))) {
            at++;
            while (at < sql.length && isDigit(sql[at])) {
                at++;
            }
            tokens.add(SqlTokens.PARAMETER, start, at);
            return true;
        }
        while (tag < sql.length && (isNameStart(sql[tag]) || (tag > start + 1 && isDigit(sql[tag])))) {
            tag++;
        }
        if (tag >= sql.length || sql[tag] != '$') {
            at++;
            tokens.add(SqlTokens.OTHER, start, at);
            return true;
        }
        int length = tag + 1 - start;
        for (int end = tag + 1; end + length <= sql.length; end++) {
            if (matches(start, end, length)) {
                at = end + length;
                tokens.add(SqlTokens.DOLLAR, start, at);
                return true;
            }
        }
        return false;
    }

    private boolean matches(int a, int b, int length) {
        for (int i = 0; i < length; i++) {
            if (sql[a + i] != sql[b + i]) {
                return false;
            }
        }
        return true;
    }

    private boolean symbol(int start, byte b) {
        at++;
        byte kind = switch (b) {
            case '(' -> SqlTokens.OPEN;
            case ')' -> SqlTokens.SHUT;
            case ',' -> SqlTokens.COMMA;
            case ';' -> SqlTokens.SEMICOLON;
            case '.' -> SqlTokens.DOT;
            default -> SqlTokens.OTHER;
        };
        if (b == ':' && at < sql.length && sql[at] == ':') {
            at++;
            kind = SqlTokens.CAST;
        } else if (is(b, OF_OPERATOR)) {
            kind = SqlTokens.OPERATOR;
            operator(start);
        }
        tokens.add(kind, start, at);
        return true;
    }

    /** The longest run of operator characters without a comment's start; a trailing sign is left off as scan.l does. */
    private void operator(int start) {
        at = start;
        boolean mayEndInSign = false;
        while (at < sql.length && is(sql[at], OF_OPERATOR)) {
            if (at > start && ((sql[at] == '-' && peek(1) == '-') || (sql[at] == '/' && peek(1) == '*'))) {
                break;
            }
            mayEndInSign |= "~!@#%^&|`?".indexOf(sql[at]) >= 0;
            at++;
        }
        while (!mayEndInSign && at - start > 1 && (sql[at - 1] == '+' || sql[at - 1] == '-')) {
            at--;
        }
    }

    private byte peek(int offset) {
        return at + offset < sql.length ? sql[at + offset] : 0;
    }

    private static boolean isDigit(byte b) {
        return b >= '0' && b <= '9';
    }

    private static boolean isNameStart(byte b) {
        return is(b, NAME_START);
    }
}
