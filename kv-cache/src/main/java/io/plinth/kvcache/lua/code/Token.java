package io.plinth.kvcache.lua.code;

import java.util.HashMap;
import java.util.Map;

/** The words and signs of Lua 5.1. */
enum Token {
    AND("and"),
    BREAK("break"),
    DO("do"),
    ELSE("else"),
    ELSEIF("elseif"),
    END("end"),
    FALSE("false"),
    FOR("for"),
    FUNCTION("function"),
    IF("if"),
    IN("in"),
    LOCAL("local"),
    NIL("nil"),
    NOT("not"),
    OR("or"),
    REPEAT("repeat"),
    RETURN("return"),
    THEN("then"),
    TRUE("true"),
    UNTIL("until"),
    WHILE("while"),
    CONCAT(".."),
    DOTS("..."),
    EQ("=="),
    GE(">="),
    LE("<="),
    NE("~="),
    NUMBER("<number>"),
    NAME("<name>"),
    STRING("<string>"),
    EOF("<eof>"),
    /** Any other character. */
    SIGN("");

    private static final Map<String, Token> WORDS = words();

    final String text;

    Token(String text) {
        this.text = text;
    }

    private static Map<String, Token> words() {
        Map<String, Token> words = new HashMap<>();
        for (Token token : values()) {
            if (!token.text.isEmpty() && Character.isLetter(token.text.charAt(0))) {
                words.put(token.text, token);
            }
        }
        return words;
    }

    static Token word(String name) {
        return WORDS.getOrDefault(name, NAME);
    }
}
