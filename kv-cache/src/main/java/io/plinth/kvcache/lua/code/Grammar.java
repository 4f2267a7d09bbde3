package io.plinth.kvcache.lua.code;

/** Owned by one parse: how tokens are taken, with Lua's messages for those that are not there. */
abstract class Grammar {
    /** The priority of operators with one operand. */
    static final int UNARY = 8;

    private static final int MAX_NESTING = 200;

    final Lexer lexer;
    Scope scope = new Scope(null, true, 0);
    private int nesting;

    Grammar(Lexer lexer) {
        this.lexer = lexer;
    }

    final SyntaxError expected(String what) {
        return lexer.error("'" + what + "' expected");
    }

    final boolean accept(Token token) throws SyntaxError {
        if (lexer.token() != token) {
            return false;
        }
        lexer.next();
        return true;
    }

    final boolean accept(char sign) throws SyntaxError {
        if (!lexer.is(sign)) {
            return false;
        }
        lexer.next();
        return true;
    }

    final void expect(char sign) throws SyntaxError {
        if (!accept(sign)) {
            throw expected(String.valueOf(sign));
        }
    }

    final void expect(Token token) throws SyntaxError {
        if (!accept(token)) {
            throw expected(token.text);
        }
    }

    final SyntaxError unclosed(String closing, String opening, int line) {
        return line == lexer.line()
                ? expected(closing)
                : lexer.error("'" + closing + "' expected (to close '" + opening + "' at line " + line + ")");
    }

    final void close(Token closing, Token opening, int line) throws SyntaxError {
        if (!accept(closing)) {
            throw unclosed(closing.text, opening.text, line);
        }
    }

    final void close(char closing, char opening, int line) throws SyntaxError {
        if (!accept(closing)) {
            throw unclosed(String.valueOf(closing), String.valueOf(opening), line);
        }
    }

    final String name() throws SyntaxError {
        if (lexer.token() != Token.NAME) {
            throw expected(Token.NAME.text);
        }
        String name = lexer.word();
        lexer.next();
        return name;
    }

    final void enter() throws SyntaxError {
        if (++nesting > MAX_NESTING) {
            throw lexer.plain("chunk has too many syntax levels");
        }
        scope.deeper();
    }

    final void leave() {
        nesting--;
        scope.shallower();
    }

    /** Priority to the left above that to the right makes an operator left-associative; 0 for no operator. */
    final int left() {
        return switch (lexer.token()) {
            case OR -> 1;
            case AND -> 2;
            case EQ, NE, LE, GE -> 3;
            case CONCAT -> 5;
            case SIGN -> {
                if (lexer.is('<') || lexer.is('>')) {
                    yield 3;
                }
                if (lexer.is('+') || lexer.is('-')) {
                    yield 6;
                }
                if (lexer.is('*') || lexer.is('/') || lexer.is('%')) {
                    yield 7;
                }
                yield lexer.is('^') ? 10 : 0;
            }
            default -> 0;
        };
    }
}
