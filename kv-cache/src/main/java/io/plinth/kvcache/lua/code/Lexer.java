package io.plinth.kvcache.lua.code;

import io.plinth.kvcache.lua.NumberText;

/** Owned by one parse: the text as tokens, one ahead where asked. */
final class Lexer {
    private static final int END = -1;
    private static final int MAX_CHUNK_NAME = 60;

    private final String text;
    private final String chunk;
    private final StringBuilder buffer = new StringBuilder();
    private int at;
    private int line = 1;
    private int lastLine = 1;
    private Token token = Token.EOF;
    private int sign;
    private String word = "";
    private double number;
    private boolean peeked;
    private Token nextToken = Token.EOF;
    private int nextSign;
    private String nextWord = "";
    private double nextNumber;
    private int nextLine;

    Lexer(String text, String chunk) {
        this.text = text;
        this.chunk = chunk;
    }

    Token token() {
        return token;
    }

    /** Whether the token is this character. */
    boolean is(char c) {
        return token == Token.SIGN && sign == c;
    }

    char sign() {
        return (char) sign;
    }

    /** Whether the token after this one, which was {@link #peek peeked} at, is this character. */
    boolean peeksAt(char c) {
        return nextToken == Token.SIGN && nextSign == c;
    }

    /** The name or text of the token. */
    String word() {
        return word;
    }

    double number() {
        return number;
    }

    int line() {
        return line;
    }

    /** The line of the token before. */
    int lastLine() {
        return lastLine;
    }

    void next() throws SyntaxError {
        lastLine = line;
        if (peeked) {
            peeked = false;
            token = nextToken;
            sign = nextSign;
            word = nextWord;
            number = nextNumber;
            line = nextLine;
        } else {
            token = scan();
        }
    }

    /** The token after this one. */
    Token peek() throws SyntaxError {
        if (peeked) {
            return nextToken;
        }
        Token heldToken = token;
        int heldSign = sign;
        String heldWord = word;
        double heldNumber = number;
        int heldLine = line;
        nextToken = scan();
        nextSign = sign;
        nextWord = word;
        nextNumber = number;
        nextLine = line;
        peeked = true;
        token = heldToken;
        sign = heldSign;
        word = heldWord;
        number = heldNumber;
        line = heldLine;
        return nextToken;
    }

    /** What is wrong, near the token that is there. */
    SyntaxError error(String message) {
        String near = switch (token) {
            case NAME, STRING, NUMBER -> peeked ? word : buffer.toString();
            case SIGN -> show(sign);
            default -> token.text;
        };
        return plain(message + " near '" + near + "'");
    }

    /** What is wrong, without a token. */
    SyntaxError plain(String message) {
        return new SyntaxError(chunk + ":" + line + ": " + message);
    }

    private SyntaxError unfinished(String message, String near) {
        return plain(message + " near '" + near + "'");
    }

    private static String show(int c) {
        return c < ' ' || c == 127 ? "char(" + c + ")" : String.valueOf((char) c);
    }

    /** A chunk's name as messages show it. */
    static String display(String name) {
        if (name.startsWith("=") || name.startsWith("@")) {
            return name.substring(1, Math.min(name.length(), MAX_CHUNK_NAME));
        }
        int end = name.indexOf('\n');
        int room = MAX_CHUNK_NAME - " [string \"...\"] ".length() - 1;
        boolean cut = end >= 0 || name.length() > room;
        String first = end >= 0 ? name.substring(0, end) : name;
        if (cut) {
            first = first.substring(0, Math.min(first.length(), room)) + "...";
        }
        return "[string \"" + first + "\"]";
    }

    private int current() {
        return at < text.length() ? text.charAt(at) : END;
    }

    private int ahead() {
        return at + 1 < text.length() ? text.charAt(at + 1) : END;
    }

    private Token scan() throws SyntaxError {
        buffer.setLength(0);
        while (true) {
            int c = current();
            switch (c) {
                case END -> {
                    return Token.EOF;
                }
                case '\n', '\r' -> newline();
                case ' ', '\t', '\f', 0x0b -> at++;
                case '-' -> {
                    if (ahead() != '-') {
                        return sign('-');
                    }
                    comment();
                }
                case '[' -> {
                    int level = level();
                    if (level >= 0) {
                        word = longText(level, true);
                        return Token.STRING;
                    }
                    if (level == -2) {
                        throw unfinished("invalid long string delimiter", buffer.toString());
                    }
                    return sign('[');
                }
                case '=' -> {
                    return pair('=', Token.EQ);
                }
                case '<' -> {
                    return pair('<', Token.LE);
                }
                case '>' -> {
                    return pair('>', Token.GE);
                }
                case '~' -> {
                    return pair('~', Token.NE);
                }
                case '"', '\'' -> {
                    word = quoted(c);
                    return Token.STRING;
                }
                case '.' -> {
                    return dots();
                }
                default -> {
                    if (digit(c)) {
                        return numeral();
                    }
                    if (letter(c)) {
                        return name();
                    }
                    return sign(c);
                }
            }
        }
    }

    private Token sign(int c) {
        at++;
        sign = c;
        return Token.SIGN;
    }

    private Token pair(int c, Token both) {
        if (ahead() == '=') {
            at += 2;
            return both;
        }
        return sign(c);
    }

    private Token dots() throws SyntaxError {
        if (digit(ahead())) {
            return numeral();
        }
        if (text.startsWith("...", at)) {
            at += 3;
            return Token.DOTS;
        }
        if (ahead() == '.') {
            at += 2;
            return Token.CONCAT;
        }
        return sign('.');
    }

    private void newline() {
        int first = current();
        at++;
        int second = current();
        if ((second == '\n' || second == '\r') && second != first) {
            at++;
        }
        line++;
    }

    private void comment() throws SyntaxError {
        at += 2;
        if (current() == '[') {
            int level = level();
            buffer.setLength(0);
            if (level >= 0) {
                longText(level, false);
                buffer.setLength(0);
                return;
            }
        }
        while (current() != END && current() != '\n' && current() != '\r') {
            at++;
        }
    }

    /** The level of a long bracket that starts here, -1 for none, -2 for one that is not finished; moves only to a whole one. */
    private int level() {
        int i = at + 1;
        while (i < text.length() && text.charAt(i) == '=') {
            i++;
        }
        int level = i - at - 1;
        if (i < text.length() && text.charAt(i) == '[') {
            buffer.append(text, at, i + 1);
            at = i + 1;
            return level;
        }
        if (level > 0) {
            buffer.append(text, at, i);
            return -2;
        }
        return -1;
    }

    private String longText(int level, boolean string) throws SyntaxError {
        if (current() == '\n' || current() == '\r') {
            newline();
        }
        String end = "]" + "=".repeat(level) + "]";
        StringBuilder value = new StringBuilder();
        while (!text.startsWith(end, at)) {
            int c = current();
            if (c == END) {
                throw unfinished(string ? "unfinished long string" : "unfinished long comment", "<eof>");
            }
            if (c == '\n' || c == '\r') {
                newline();
                value.append('\n');
            } else if (level == 0 && string && c == '[' && ahead() == '[') {
                throw unfinished("nesting of [[...]] is deprecated", "[");
            } else {
                value.append((char) c);
                at++;
            }
        }
        at += end.length();
        buffer.append(value).append(end);
        return value.toString();
    }

    private String quoted(int quote) throws SyntaxError {
        StringBuilder value = new StringBuilder();
        buffer.append((char) quote);
        at++;
        while (current() != quote) {
            int c = current();
            if (c == END) {
                throw unfinished("unfinished string", "<eof>");
            }
            if (c == '\n' || c == '\r') {
                throw unfinished("unfinished string", buffer.append(value).toString());
            }
            if (c == '\\') {
                at++;
                escape(value);
            } else {
                value.append((char) c);
                at++;
            }
        }
        at++;
        buffer.append(value).append((char) quote);
        return value.toString();
    }

    private void escape(StringBuilder value) throws SyntaxError {
        int c = current();
        int plain = "abfnrtv".indexOf(c);
        if (c == END) {
            return;
        }
        if (plain >= 0) {
            value.append("\u0007\b\f\n\r\t\u000b".charAt(plain));
            at++;
        } else if (c == '\n' || c == '\r') {
            value.append('\n');
            newline();
        } else if (digit(c)) {
            int code = 0;
            for (int i = 0; i < 3 && digit(current()); i++) {
                code = code * 10 + current() - '0';
                at++;
            }
            if (code > 255) {
                throw unfinished(
                        "escape sequence too large", buffer.append(value).toString());
            }
            value.append((char) code);
        } else {
            value.append((char) c);
            at++;
        }
    }

    private Token numeral() throws SyntaxError {
        int from = at;
        while (digit(current()) || current() == '.') {
            at++;
        }
        if (current() == 'e' || current() == 'E') {
            at++;
            if (current() == '+' || current() == '-') {
                at++;
            }
        }
        while (digit(current()) || letter(current())) {
            at++;
        }
        word = text.substring(from, at);
        buffer.append(word);
        Double value = NumberText.parse(word);
        if (value == null) {
            throw unfinished("malformed number", word);
        }
        number = value;
        return Token.NUMBER;
    }

    private Token name() {
        int from = at;
        while (digit(current()) || letter(current())) {
            at++;
        }
        word = text.substring(from, at);
        buffer.append(word);
        return Token.word(word);
    }

    private static boolean digit(int c) {
        return c >= '0' && c <= '9';
    }

    private static boolean letter(int c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
    }
}
