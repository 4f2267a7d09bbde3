package io.plinth.geodns.zone;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Owned by one parser: cuts a zone file into entries (RFC 1035 section 5.1). Parentheses join lines, semicolons begin
 * comments, quotes keep blanks together; escapes stay as they are for whoever knows what the word means.
 */
final class ZoneLexer {
    /** A word of an entry. */
    record Token(String text, boolean quoted, int line) {}

    /**
     * One entry.
     *
     * @param line where it begins
     * @param continuesOwner whether it begins with a blank, so that the last owner holds
     * @param tokens at least one
     */
    record Entry(int line, boolean continuesOwner, List<Token> tokens) {}

    /** The file cannot be cut any further. */
    static final class LexerException extends Exception {
        private final int line;

        LexerException(int line, String message) {
            super(message);
            this.line = line;
        }

        int line() {
            return line;
        }
    }

    private static final int MAX_TOKENS = 4_096;

    private final String text;
    private int at;
    private int line = 1;
    private int depth;

    /** A lexer of octets read as ISO 8859-1, one character each. */
    ZoneLexer(String text) {
        this.text = text;
    }

    /** The next entry, or null at the end of the file. */
    @Nullable
    Entry next() throws LexerException {
        while (at < text.length()) {
            int first = line;
            boolean blank = isBlank(text.charAt(at));
            List<Token> tokens = new ArrayList<>();
            entry(tokens);
            if (!tokens.isEmpty()) {
                return new Entry(first, blank, tokens);
            }
        }
        return null;
    }

    private void entry(List<Token> tokens) throws LexerException {
        int opened = line;
        while (at < text.length()) {
            char c = text.charAt(at);
            if (c == '\n') {
                at++;
                line++;
                if (depth == 0) {
                    return;
                }
            } else if (isBlank(c) || c == '\r') {
                at++;
            } else if (c == ';') {
                skipComment();
            } else if (c == '(') {
                at++;
                opened = depth++ == 0 ? line : opened;
            } else if (c == ')') {
                at++;
                if (--depth < 0) {
                    throw new LexerException(line, "parenthesis: ) (expected: a ( before it)");
                }
            } else {
                if (tokens.size() == MAX_TOKENS) {
                    throw new LexerException(line, "entry: too long (expected: at most " + MAX_TOKENS + " words)");
                }
                tokens.add(c == '"' ? quoted() : word());
            }
        }
        if (depth > 0) {
            throw new LexerException(opened, "parenthesis: ( (expected: a ) that closes it)");
        }
    }

    private void skipComment() {
        while (at < text.length() && text.charAt(at) != '\n') {
            at++;
        }
    }

    private Token quoted() throws LexerException {
        int begin = ++at;
        while (at < text.length()) {
            char c = text.charAt(at);
            if (c == '"') {
                return new Token(text.substring(begin, at++), true, line);
            }
            if (c == '\n') {
                break;
            }
            at += c == '\\' ? 2 : 1;
        }
        throw new LexerException(line, "string: unfinished (expected: a \" on the same line)");
    }

    private Token word() {
        int begin = at;
        while (at < text.length()) {
            char c = text.charAt(at);
            if (isBlank(c) || c == '\n' || c == '\r' || c == ';' || c == '(' || c == ')' || c == '"') {
                break;
            }
            at += c == '\\' && at + 1 < text.length() && text.charAt(at + 1) != '\n' ? 2 : 1;
        }
        at = Math.min(at, text.length());
        return new Token(text.substring(begin, at), false, line);
    }

    private static boolean isBlank(char c) {
        return c == ' ' || c == '\t';
    }
}
